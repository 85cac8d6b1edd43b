"""A node takes what it needs, or nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.daemons.data_pipeline import FINISHED
from ringleader.actors.errors import StoppedError
from ringleader.client import NodeClient
from ringleader.config import ConfigError, load
from ringleader.datadir import DataDir, DataDirError
from ringleader.lockfile import LockTaken
from ringleader.node import Node, NodeFailed, SocketTaken, try_specs
from ringleader.questions import Tree
from ringleader.record import look_into
from ringleader.runs import Arguments
from ringleader.transport.supervision import SupervisionError
from tests.probe import holds

if TYPE_CHECKING:
    from pathlib import Path

    from ringleader.config import Loaded

TREE = (
    "tree.coordination.enabled=false",
    "tree.jobs.enabled=false",
    'workload.config_keys=["tiny"]',
    "tree.a.actor=tests.cli.tiny_actors:Idle",
)


def settings(*overrides: str) -> Loaded:
    return load(environment={}, overrides=(*TREE, *overrides))


class Bench:
    """Makes nodes on one data directory."""

    def __init__(self, path: Path) -> None:
        self.data = DataDir(path / "data")
        self.lines: list[str] = []
        self.stops = 0

    def node(self, *overrides: str, resume: bool = False, chaos: float | None = None) -> Node:
        return Node(
            settings(*overrides),
            self.data,
            arguments=Arguments(seed=7),
            resume=resume,
            chaos=chaos,
            write=self.lines.append,
            on_stop=self.count,
        )

    def count(self) -> None:
        self.stops += 1

    def left(self) -> list[str]:
        names = ("lock", "control.sock")
        return [name for name in names if (self.data.path / name).exists()]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_node_runs_its_tree_and_leaves_nothing(bench: Bench) -> None:
    node = bench.node()
    node.open()
    node.start()
    with NodeClient(bench.data.socket) as client:
        assert [cell.path for cell in client.tree().cells][-1] == "/a"
        assert client.statistics().actors == len(client.tree().cells) + 1  # and the root
        assert client.deaths() == []
        client.stop()
    assert bench.stops == 1
    assert node.stop()
    node.close()
    node.close()
    assert bench.left() == []


def test_a_second_node_on_the_same_data_is_refused_and_disturbs_nothing(bench: Bench) -> None:
    first, second = bench.node(), bench.node()
    first.open()
    with pytest.raises(LockTaken):
        second.open()
    assert bench.left() == ["lock", "control.sock"]
    with NodeClient(bench.data.socket) as client:
        client.stop()
    first.close()
    second.open()
    second.close()


def test_a_socket_that_can_t_be_made_is_named_and_the_lock_is_let_go(bench: Bench) -> None:
    bench.data.make()
    bench.data.socket.mkdir()
    with pytest.raises(SocketTaken, match=r"control\.sock can't be made") as caught:
        bench.node().open()
    assert caught.value.exit_code == 75
    bench.data.socket.rmdir()
    assert bench.left() == []


def test_a_directory_that_can_t_be_used_is_named(bench: Bench) -> None:
    bench.data.path.touch()
    with pytest.raises(DataDirError):
        bench.node().open()


def test_files_that_can_t_be_written_are_named_and_the_lock_is_let_go(bench: Bench) -> None:
    bench.data.make()
    bench.data.runs.touch()
    with pytest.raises(DataDirError, match=r"runs.*: (Not a directory|File exists)"):
        bench.node().open()
    assert bench.left() == []


def test_a_tree_that_can_t_be_built_begins_no_run(bench: Bench) -> None:
    with pytest.raises(ConfigError, match="has no class Nobody"):
        bench.node("tree.a.actor=tests.cli.tiny_actors:Nobody").open()
    assert not bench.data.path.exists()


def test_a_tree_that_does_not_start_is_a_failure(bench: Bench) -> None:
    node = bench.node("tree.b.actor=tests.cli.tiny_actors:Stillborn")
    node.open()
    with pytest.raises(NodeFailed, match=r"did not start: .*nothing here"):
        node.start()
    assert node.stop()
    node.close()
    assert bench.left() == []


def test_a_node_that_gives_up_for_a_reason_of_its_own_tells_it(bench: Bench) -> None:
    node = bench.node()
    node.open()
    node.start()
    node.system._give_up(StoppedError("too many threads hang"))
    assert node.system.wait(30)
    assert node.system.gave_up
    assert node.why_it_gave_up() == "the node gave up: too many threads hang"
    assert node.stop()
    node.close()


def test_a_node_that_was_opened_and_not_started_can_be_closed(bench: Bench) -> None:
    node = bench.node()
    node.open()
    assert node.stop()
    node.close()
    assert bench.left() == []


def test_a_damaged_record_of_supervision_is_named_and_the_lock_is_let_go(bench: Bench) -> None:
    bench.data.make()
    bench.data.supervision.write_bytes(b"no database" * 100)
    with pytest.raises(SupervisionError, match=r"supervision\.db is damaged") as caught:
        bench.node().open()
    assert caught.value.exit_code == 1
    assert bench.left() == []


def test_a_hold_keeps_an_actor_down_when_the_node_starts_again(bench: Bench) -> None:
    for expected in ("running", "held"):
        node = bench.node()
        node.open()
        node.start()
        with NodeClient(bench.data.socket) as client:
            assert client.tree().cells[-1].state == expected
            assert client.operate("stop", "/a", by="ada").state == "held"
        assert node.stop()
        node.close()


def test_deaths_of_earlier_runs_are_told(bench: Bench) -> None:
    for number in (1, 2):
        node = bench.node("tree.a.actor=tests.cli.tiny_actors:Mortal")
        node.open()
        node.start()
        node.system.ref("/a").tell(f"run {number}")
        assert holds(lambda node=node: node.system.deaths.restarts)  # type: ignore[misc]  # no inference for defaults
        with NodeClient(bench.data.socket) as client:
            causes = [death.cause for death in client.deaths("/a")]
            assert causes == [f"ValueError: run {n}" for n in range(1, number + 1)]
            found = client.why("/a")
            assert found.last_hour.deaths == number
            assert found.death is not None
            assert found.death.cause == f"ValueError: run {number}"
        assert node.stop()
        node.close()


def test_what_dies_while_the_node_stops_is_kept(bench: Bench) -> None:
    node = bench.node()
    node.open()
    node.start()
    cell = node.system.ref("/a").cell
    assert cell.current is not None
    cell.kill(cell.current, ValueError("at the last moment"))
    assert node.stop()
    node.close()
    with look_into(bench.data.supervision) as (archive, _):
        assert [death.cause for death in archive.find()] == ["ValueError: at the last moment"]


def test_chaos_is_a_part_of_the_tree_that_spares_itself(bench: Bench) -> None:
    node = bench.node(chaos=1000.0)
    node.open()
    node.start()
    assert node.answer(Tree()).cells[-1].path == "/chaos"
    assert node.stop()
    node.close()


def test_a_run_is_finished_when_every_key_has_its_iterations(bench: Bench) -> None:
    node = bench.node("workload.iterations=1", 'workload.config_keys=["tiny", "other"]')
    node.open()
    assert not node.is_finished
    for key in ("tiny", "other"):
        node.journal.finish_stage(key, 1, "complete", now=1.0)
    assert node.is_finished
    node.close()


def test_a_run_without_a_number_is_finished_when_the_pipeline_says_so(bench: Bench) -> None:
    node = bench.node()
    node.open()
    node.journal.finish_stage("tiny", 1, "complete", now=1.0)
    assert not node.is_finished
    node.journal.note(FINISHED, {"tiny": 1})
    assert node.is_finished
    node.close()


def test_which_run_it_is_is_said(bench: Bench) -> None:
    for resume, number in ((True, 1), (True, 1), (False, 2), (True, 2)):
        node = bench.node(resume=resume)
        node.open()
        assert node.run.number == number
        node.close()
    said = " | ".join(line[9:] for line in bench.lines)
    assert "there is no run to go on with" in said
    assert "run 1 is not finished and stays as it is; run 2 begins" in said
    assert "run 2 goes on" in said


def test_trying_a_tree_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    try_specs(settings())
    with pytest.raises(ConfigError):
        try_specs(settings("tree.a.options.x=1"))
    assert list(tmp_path.iterdir()) == []
