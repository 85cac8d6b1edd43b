"""The command that measures the bridge; how fast that is is measured elsewhere."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from io import StringIO
from typing import TYPE_CHECKING

import msgspec
import pytest
from rich.console import Console

from benchmarks.arguments import effort_of
from benchmarks.bridge import main, parse
from benchmarks.bridge_cases import (
    CASES,
    DELAYS,
    KEPT,
    LIGHT,
    RAW,
    SECRET,
    STREAM,
    Case,
    Side,
    Versus,
)
from benchmarks.bridge_far import main as far_main
from benchmarks.bridge_measure import load, measure
from benchmarks.bridge_node import settings_of
from benchmarks.bridge_ours import rest_of
from benchmarks.bridge_peers import STEPS, Step, conclude
from benchmarks.bridge_process import Crossing, far
from benchmarks.bridge_report import Report, as_tables, environment
from benchmarks.bridge_tally import Tally
from ringleader import System
from ringleader.bridging import exported
from ringleader.events import TrainingCompleted

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from benchmarks.bridge_cases import Load

TINY = ["--quick", "--rounds", "1", "--scale", "0.01"]


class Fake(Crossing):
    """A way on which each event takes as long as it is told."""

    seconds: float

    def __init__(self, seconds: float) -> None:
        object.__setattr__(self, "seconds", seconds)

    def burst(self, number: int) -> float:
        return self.seconds * number

    def paced(self, number: int) -> list[float]:
        return [self.seconds] * number


def taking(seconds: float) -> Load:
    @contextmanager
    def side() -> Generator[Crossing]:
        yield Fake(seconds)

    return side


@contextmanager
def absent() -> Generator[Crossing]:
    raise ImportError("No module named 'absent'")
    yield Fake(1.0)


def fake_case(*, is_paced: bool, target: float) -> Case:
    return Case(
        name="x",
        what="",
        size=100,
        sides=(
            Side("one", taking(0.001)),
            Side("other", taking(0.004)),
            Side("absent", absent),
        ),
        versus=(Versus("one", "other", target, 5), Versus("one", "absent", 2)),
        is_paced=is_paced,
    )


def silently(_: str) -> None:
    pass


def test_every_way_of_a_case_brings_all_events_to_the_other_end() -> None:
    with ExitStack() as stack:
        ways, missing = load(CASES["100B"], stack)
        assert not missing
        assert list(ways) == [side.name for side in CASES["100B"].sides]
        for way in ways.values():
            assert way.burst(20) > 0
            delays = way.paced(5)
            assert len(delays) == 5
            assert min(delays) > 0


def test_json_holds_every_side_with_its_ratios_and_where_it_was_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*TINY, "--json", "curve-1KB"])
    report = msgspec.json.decode(capsys.readouterr().out, type=Report, strict=True)
    (outcome,) = report.outcomes
    assert [side.side for side in outcome.sides] == [SECRET, LIGHT]
    assert all(side.figures is not None and side.figures.median > 0 for side in outcome.sides)
    (ratio,) = outcome.ratios
    assert (ratio.mine, ratio.other, ratio.target) == (SECRET, LIGHT, 0.5)
    assert ratio.ratio.min <= ratio.ratio.median <= ratio.ratio.max
    assert {"ringleader", "pyzmq", "apsw"} <= set(report.environment.versions)
    assert report.crowd is None


def test_idle_peers_are_counted_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    main([*TINY, "peers"])
    shown = capsys.readouterr().out
    assert "250 topics each" in shown
    assert "KB/peer" in shown


@pytest.mark.parametrize(("target", "word"), [(3.0, "ok"), (5.0, "low")])
def test_a_rate_is_to_reach_its_target(target: float, word: str) -> None:
    outcome = measure(fake_case(is_paced=False, target=target), effort_of(parse(TINY)), silently)
    one, other, gone = outcome.sides
    assert one.figures is not None
    assert other.figures is not None
    assert (one.figures.median, other.figures.median) == pytest.approx((1000, 250))
    assert gone.figures is None
    assert "'.[bench]'" in gone.missing
    (ratio,) = outcome.ratios
    assert ratio.ratio.median == pytest.approx(4)
    assert ratio.reached is (word == "ok")
    shown = shown_of(
        Report(environment=environment(), effort=effort_of(parse(TINY)), outcomes=[outcome])
    )
    assert f"at least {target:g} (aim 5) {word}" in shown


@pytest.mark.parametrize(("target", "word"), [(0.3, "ok"), (0.2, "high")])
def test_a_delay_is_not_to_exceed_its_target(target: float, word: str) -> None:
    outcome = measure(fake_case(is_paced=True, target=target), effort_of(parse(TINY)), silently)
    one = outcome.sides[0]
    assert one.figures is not None
    assert one.p99 is not None
    assert (outcome.unit, one.figures.median, one.p99.median) == ("ms", 1, 1)
    (ratio,) = outcome.ratios
    assert ratio.reached is (word == "ok")
    shown = shown_of(
        Report(environment=environment(), effort=effort_of(parse(TINY)), outcomes=[outcome])
    )
    assert f"at most {target:g} (aim 5) {word}" in shown


def shown_of(report: Report) -> str:
    shown = StringIO()
    Console(file=shown, width=160).print(as_tables(report))
    return shown.getvalue()


def test_the_targets_are_those_of_the_promise() -> None:
    targets = {
        (case.name, versus.mine, versus.other): (versus.target, versus.aim)
        for case in CASES.values()
        for versus in case.versus
    }
    assert [targets[name, LIGHT, RAW] for name in ("100B", "1KB", "10KB")] == [
        (2, 5),
        (1.5, 3),
        (1, 1.4),
    ]
    for name in ("100B", "1KB", "10KB"):
        assert targets[name, KEPT, LIGHT] == (0.15, 0.4)
        assert targets[name, KEPT, STREAM] == (2, 6)
    assert targets[DELAYS.name, LIGHT, RAW] == (3, 2)
    assert targets["curve-1KB", SECRET, LIGHT] == (0.5, None)
    assert STEPS == (10, 50, 100)


@pytest.mark.parametrize("size", [100, 1_000, 10_000])
def test_an_event_has_about_as_many_bytes_as_its_peers_send(size: int) -> None:
    system = System("x")
    event = TrainingCompleted(
        config_key="hex8_2p",
        model_path=rest_of(system, size),
        final_loss=0.5,
        iteration=1 << 20,
    )
    assert abs(len(system.catalogue.encode(event)) - size) < 0.05 * size


def test_a_node_that_is_measured_has_the_settings_of_any_other() -> None:
    settings = settings_of("x", bind="tcp://127.0.0.1:0")
    assert settings.bridge == settings_of("y").bridge
    assert exported(settings, System("x")) is not None


def test_memory_that_grows_with_the_number_of_peers_is_linear() -> None:
    def step(peers: int, size: float, cpu: float) -> Step:
        return Step(peers=peers, hub_bytes=size, hub_cpu=cpu, peer_bytes=0, peer_cpu=0)

    assert conclude([step(10, 1e6, 0.02), step(100, 1.1e7, 0.22)]).is_linear
    assert not conclude([step(10, 1e6, 0.02), step(100, 2e7, 0.22)]).is_linear
    assert not conclude([step(10, 1e6, 0.02), step(100, 1e7, 2.0)]).is_linear


def test_a_tally_says_when_all_has_come(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    tally.expect(2, timed=False)
    tally.take(0.0)
    assert not capsys.readouterr().out
    tally.take(0.0)
    assert capsys.readouterr().out == "[]\n"
    tally.expect(1, timed=True)
    tally.take(0.0)
    assert len(msgspec.json.decode(capsys.readouterr().out, type=list[float])) == 1


def test_an_end_that_stops_is_noticed() -> None:
    with far("raw", "1") as other:
        other._process.kill()
        with pytest.raises(RuntimeError, match="has ended"):
            other.done()


def test_a_way_that_there_is_not_is_named() -> None:
    with pytest.raises(ValueError, match="there is no way 'pigeon'"):
        far_main("pigeon")


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["curve"], "no case is named 'curve': did you mean 'curve-1KB'"),
        (["--rounds", "0"], "--rounds must be at least 1, not 0"),
    ],
)
def test_bad_arguments_are_answered_with_what_would_be_right(
    arguments: Sequence[str], answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse(arguments)
    assert answer in capsys.readouterr().err
