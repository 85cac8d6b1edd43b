"""`ringleader up` as its users meet it: as a process."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Place

MANY = ["--set", "supervision.intensity=1000", "--set", "supervision.backoff=0"]
STOPS = [signal.SIGINT, signal.SIGTERM]


def test_a_run_ends_by_itself_after_its_iterations(place: Place) -> None:
    code, out, err = place.run("up", "--iterations", "2", "--summary", "s.json")
    assert code == 0, err
    assert "tiny iteration 1: training done: loss 1.500" in err
    assert "tiny iteration 2 complete" in err
    assert "90% against random, 60% against generation 1, Elo 900, promoted" in err
    assert "Elo" in out
    assert "0 deaths, 0 restarts" in out
    assert place.leftovers() == []
    summary = json.loads((place.path / "s.json").read_text())
    assert list(summary) == ["iterations", "deaths", "restarts", "events", "wall_seconds"]
    assert (
        summary["iterations"]
        == [
            {
                "games": 10,
                "samples": 70,
                "loss": 1.5,
                "win_rate_random": 0.9,
                "win_rate_first": 0.6,
                "elo": 900.0,
                "promoted": True,
            }
        ]
        * 2
    )
    events = summary["events"]
    assert events["deliveries"] == sum(events["outcomes"].values())
    assert set(events["outcomes"]) >= {"handled", "failed", "interrupted", "timed_out"}
    assert list(place.path.glob("*.part")) == []


def test_with_json_standard_output_is_the_summary_alone(place: Place) -> None:
    code, out, _ = place.run("up", "--iterations", "1", "--json")
    assert code == 0
    assert json.loads(out)["iterations"][0]["games"] == 10


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_stops_the_node_in_order(place: Place, number: signal.Signals) -> None:
    up = place.start("up")
    up.wait_for("actors are up")
    up.signal(number)
    code, _, err = up.finish()
    assert code == 0, err
    assert f"the node stops: {number.name}" in err
    assert "run 1 can be gone on with: ringleader up --resume" in err
    assert place.leftovers() == []


def test_a_client_stops_the_node_in_order(place: Place) -> None:
    up = place.start("up")
    up.wait_for("actors are up")
    with place.client() as client:
        assert any(cell.path == "/top/pipeline" for cell in client.tree().cells)
        client.stop()
    code, _, err = up.finish()
    assert code == 0, err
    assert place.leftovers() == []


def test_a_second_signal_stops_it_now(place: Place) -> None:
    place.configure('[tree.top.children.slow]\nactor = "tiny_actors:SlowStop"\nshutdown = 20\n')
    up = place.start("up", "--set", "node.shutdown_timeout=60")
    up.wait_for("actors are up")
    up.signal(signal.SIGTERM)
    up.wait_for("stopping slowly")
    up.signal(signal.SIGTERM)
    code, _, err = up.finish()
    assert code == 128 + signal.SIGTERM, err
    assert "SIGTERM again" in err
    assert place.leftovers() == []


def test_what_never_returns_delays_the_end_by_the_node_s_time_at_most(place: Place) -> None:
    place.configure('[tree.top.children.hung]\nactor = "tiny_actors:Hung"\nshutdown = "infinity"\n')
    up = place.start("up", "--set", "node.shutdown_timeout=0.2")
    up.wait_for("hanging", "actors are up")
    up.signal(signal.SIGTERM)
    code, _, err = up.finish()
    assert code == 0, err
    assert "did not end in time" in err
    assert "ringleader /top/hung" in err
    assert place.leftovers() == []


def test_a_tree_that_does_not_start_is_a_permanent_failure(place: Place) -> None:
    place.configure('[tree.top.children.no]\nactor = "tiny_actors:Stillborn"\n')
    code, _, err = place.run("up")
    assert code == 70, err
    assert "did not start" in err
    assert "nothing here" in err
    assert "Traceback" not in err
    assert place.leftovers() == []


def test_a_tree_that_gives_up_is_a_permanent_failure(place: Place) -> None:
    place.configure('[tree.doomed]\nactor = "tiny_actors:Doomed"\n')
    code, _, err = place.run("up", "--set", "supervision.intensity=2")
    assert code == 70, err
    assert "ringleader: the tree gave up: /doomed failed too often" in err
    deaths = [line for line in err.splitlines() if "/doomed died" in line]
    assert len(deaths) == 3, err
    assert "ValueError: no way … → restarted" in deaths[0]
    assert "gave up: intensity 2 in 60 s exceeded" in deaths[2]
    assert "Traceback" not in err
    assert "Traceback" in (place.data / "ringleader.log").read_text()
    assert place.leftovers() == []


def test_an_iteration_that_failed_is_a_permanent_failure(place: Place) -> None:
    place.configure('options = {fails = "training"}\n')
    code, _, err = place.run("up", "--iterations", "1")
    assert code == 70, err
    assert "tiny iteration 1: training failed: no luck" in err
    assert "ringleader: training of iteration 1 failed: no luck; more in" in err


def test_a_stopped_run_goes_on_from_its_last_finished_stage(place: Place) -> None:
    hold = place.path / "hold"
    hold.write_text("2 training")
    up = place.start("up", "--iterations", "2", "--seed", "5")
    up.wait_for("iteration 2: training begins")
    up.signal(signal.SIGINT)
    code, _, err = up.finish()
    assert code == 0, err
    hold.unlink()
    code, _, err = place.run("up", "--resume")
    assert code == 0, err
    assert "run 1 goes on" in err
    assert "iteration 1" not in err
    assert "iteration 2: training done" in err
    assert "selfplay" not in err
    assert "iteration 2 complete" in err
    assert "iteration 3" not in err


def test_a_new_run_leaves_an_unfinished_one_alone_and_says_so(place: Place) -> None:
    (place.path / "hold").write_text("1 training")
    up = place.start("up", "--iterations", "1")
    up.wait_for("training begins")
    up.process.kill()
    up.finish()
    before = (place.data / "runs" / "0001" / "run.json").read_text()
    (place.path / "hold").unlink()
    code, _, err = place.run("up", "--iterations", "1")
    assert code == 0, err
    assert "run 1 is not finished and stays as it is; run 2 begins" in err
    assert "iteration 1: selfplay done" in err
    assert (place.data / "runs" / "0001" / "run.json").read_text() == before


def test_to_resume_where_there_is_nothing_begins_a_run(place: Place) -> None:
    code, _, err = place.run("up", "--resume", "--iterations", "1")
    assert code == 0, err
    assert "no run to go on with" in err
    assert "iteration 1 complete" in err


def test_to_resume_a_finished_run_ends_at_once_and_more_iterations_extend_it(place: Place) -> None:
    assert place.run("up", "--iterations", "1")[0] == 0
    code, _, err = place.run("up", "--resume")
    assert code == 0, err
    assert "selfplay" not in err
    code, _, err = place.run("up", "--resume", "--iterations", "2")
    assert code == 0, err
    assert "iteration 2 complete" in err
    assert "iteration 1" not in err


def test_a_second_node_is_refused_and_told_who_has_the_directory(place: Place) -> None:
    up = place.start("up")
    up.wait_for("actors are up")
    code, out, err = place.run("up")
    assert code == 75
    assert f"is in use by process {up.process.pid}" in err
    assert "Traceback" not in err
    code, out, _ = place.run("up", "--json")
    assert code == 75
    assert "in use by process" in json.loads(out)["error"]
    up.signal(signal.SIGTERM)
    assert up.finish()[0] == 0


def test_a_node_takes_over_after_a_kill(place: Place) -> None:
    up = place.start("up")
    up.wait_for("actors are up")
    up.process.kill()
    up.finish()
    assert place.leftovers() == ["lock", "control.sock"]
    code, _, err = place.run("up", "--resume", "--iterations", "1")
    assert code == 0, err
    assert place.leftovers() == []


def test_a_long_path_is_no_obstacle(place: Place) -> None:
    deep = "/".join(["a-directory-with-a-long-name"] * 6)
    up = place.start("up", "--data-dir", deep)
    up.wait_for("actors are up")
    code, out, _ = place.run("tree", "--data-dir", deep)
    assert code == 0
    assert out.startswith("The tree of the running node")
    up.signal(signal.SIGTERM)
    assert up.finish()[0] == 0


def test_the_tree_of_a_running_node_is_shown(place: Place) -> None:
    up = place.start("up")
    up.wait_for("actors are up")
    code, out, _ = place.run("tree")
    assert code == 0
    assert out.startswith("The tree of the running node")
    assert "pipeline running" in out
    code, out, _ = place.run("tree", "--json")
    found = json.loads(out)
    assert found["source"] == "node"
    assert found["pid"] == up.process.pid
    assert "/top/pipeline" in [cell["path"] for cell in found["tree"]]
    code, out, _ = place.run("tree", "--declared")
    assert out.startswith("The declared tree")
    up.signal(signal.SIGTERM)
    assert up.finish()[0] == 0


def test_a_start_that_never_ends_can_be_stopped(place: Place) -> None:
    place.configure('[tree.top.children.never]\nactor = "tiny_actors:Unready"\n')
    up = place.start("up", "--set", "node.shutdown_timeout=0.2")
    up.wait_for("starting for ever")
    up.signal(signal.SIGTERM)
    code, _, err = up.finish()
    assert code == 0, err
    assert "Traceback" not in err
    assert place.leftovers() == []


def test_under_chaos_every_death_is_listed_with_its_cause_and_what_was_done(place: Place) -> None:
    code, out, err = place.run(
        "up", "--iterations", "12", "--chaos", "0.05", "--seed", "3", *MANY, "--summary", "s.json"
    )
    assert code == 0, err
    summary = json.loads((place.path / "s.json").read_text())
    assert len(summary["iterations"]) == 12
    assert all(row["promoted"] for row in summary["iterations"])
    assert summary["deaths"], err
    for death in summary["deaths"]:
        assert death["cause"] in ("ChaosError: chaos struck", "killed")
        assert death["decision"].startswith(("restarted", "ended with its supervisor"))
    assert summary["restarts"] > 0
    assert f"{len(summary['deaths'])} deaths" in out
    lines = [line for line in err.splitlines() if " died: " in line]
    assert 0 < len(lines) <= len(summary["deaths"])
    assert all(line[2] == line[5] == ":" for line in err.splitlines()), err
    assert "chaos struck the" not in err.replace("ChaosError: chaos struck", "")
    assert "chaos struck the" in (place.data / "ringleader.log").read_text()
