"""The command that measures events; how fast they are is measured elsewhere."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from io import StringIO
from typing import TYPE_CHECKING

import msgspec
import psutil
import pytest
from rich.console import Console

from benchmarks.arguments import effort_of
from benchmarks.events import main, parse
from benchmarks.events_cases import CASES, OURS, Case, Peer
from benchmarks.events_crossing import WAYS, Delays, Way
from benchmarks.events_delays import conclude
from benchmarks.events_disk import BUILD, directory
from benchmarks.events_facts import PRODUCERS, Fact, batch, parts
from benchmarks.events_jetstream import CONFIGURATION, server
from benchmarks.events_measure import load, measure
from benchmarks.events_plain import InvalidError, Message, Seen, payload_of, validate
from benchmarks.events_report import Report, as_tables, environment

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from benchmarks.events_cases import Load, Run

TINY = ["--quick", "--rounds", "1", "--scale", "0.04"]
FACT = Fact("hex8_2p", "m.npz", 0.5, 0.7, 64, 1)


def fixed(seconds: float) -> Load:
    """Make a side that always takes so long."""

    @contextmanager
    def side() -> Generator[Run]:
        yield lambda _: seconds

    return side


def silently(_: str) -> None:
    pass


@contextmanager
def absent() -> Generator[Run]:
    raise ImportError("No module named 'absent'")
    yield lambda _: 1.0


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_every_side_of_every_case_ends_and_says_how_long_it_took(case: Case) -> None:
    with ExitStack() as stack:
        runs, missing = load(case, stack)
        assert not missing
        assert list(runs) == [*case.ours, *(peer.name for peer in case.peers)]
        for run in runs.values():
            assert run(100) > 0


def test_json_holds_every_side_and_where_it_was_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*TINY, "--json", "route"])
    report = msgspec.json.decode(capsys.readouterr().out, type=Report, strict=True)
    (rate,) = report.rates
    assert rate.ringleader.median > 0
    assert [peer.peer for peer in rate.peers] == [
        "stock Pykka",
        "blinker, same work",
        "blinker, bare",
    ]
    for peer in rate.peers:
        assert peer.figures is not None
        assert peer.ratio is not None
        assert peer.ratio.min <= peer.ratio.median <= peer.ratio.max
    assert {"ringleader", "pykka", "blinker"} <= set(report.environment.versions)
    assert "13 to 23 thousand" in report.reference


def test_the_table_shows_targets_and_what_is_information_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*TINY, "route"])
    shown = capsys.readouterr().out
    assert "4 (aim 8) ok" in shown or "4 (aim 8) low" in shown
    assert "information" in shown


def test_a_peer_that_is_not_installed_is_named_with_the_extra_that_brings_it() -> None:
    case = Case(
        name="x",
        what="",
        size=1,
        ours={OURS: fixed(1.0)},
        peers=(Peer(name="absent", load=absent),),
    )
    rate = measure(case, effort_of(parse(TINY)), silently)
    assert rate.peers[0].figures is None
    assert "'.[bench]'" in rate.peers[0].missing


def test_our_best_form_is_compared_and_all_are_shown() -> None:
    case = Case(
        name="x",
        what="",
        size=25,
        ours={"slow": fixed(1.0), "quick": fixed(0.5)},
        peers=(Peer(name="peer", load=fixed(2.0), target=2.5, aim=5),),
    )
    rate = measure(case, effort_of(parse(TINY)), silently)
    assert rate.form == "quick"
    assert (rate.forms["slow"].median, rate.ringleader.median) == (1.0, 2.0)
    assert rate.peers[0].ratio is not None
    assert (rate.peers[0].ratio.median, rate.peers[0].reached) == (4.0, True)
    shown = StringIO()
    effort = effort_of(parse(TINY))
    report = Report(environment=environment(), effort=effort, rates=[rate], delays=[])
    Console(file=shown, width=160).print(as_tables(report))
    assert all(side in shown.getvalue() for side in ("quick", "slow", "2.5 (aim 5) ok"))


def test_the_targets_are_those_of_the_promise() -> None:
    targets = {
        (case.name, peer.name): (peer.target, peer.aim)
        for case in CASES.values()
        for peer in case.peers
        if peer.target is not None
    }
    assert targets["route", "stock Pykka"] == (4, 8)
    assert targets["route", "blinker, same work"] == (1.2, 2)
    assert targets["durable", "JetStream, 64 tasks"] == (2.5, 4)
    assert {way.target for way in WAYS if not way.name.startswith("bare")} == {1.0}


def test_one_event_in_a_hundred_says_what_the_one_before_it_said() -> None:
    given = batch(1_000)
    assert given.distinct == len(set(given.facts)) == 990
    assert not set(given.facts) & set(batch(1_000).facts)


def test_producers_share_different_facts_out() -> None:
    given = parts(130)
    assert len(given) == PRODUCERS
    assert sorted(map(len, given)) == [2] * (PRODUCERS - 2) + [3] * 2
    assert len({fact for part in given for fact in part}) == 130


def test_the_server_syncs_each_event_and_is_gone_afterwards() -> None:
    assert "sync_interval: always" in CONFIGURATION
    before = set(psutil.Process().children())
    with server() as url:
        assert url.startswith("nats://127.0.0.1:")
        (child,) = set(psutil.Process().children()) - before
    assert not child.is_running()


def test_files_lie_on_the_disk_of_the_checkout_and_are_removed() -> None:
    with directory() as made:
        assert made.stat().st_dev == BUILD.parent.stat().st_dev
        (made / "file").touch()
    assert not made.exists()


def test_events_reach_every_other_process_and_the_delays_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([*TINY, "--json", "cross-process"])
    report = msgspec.json.decode(capsys.readouterr().out, type=Report, strict=True)
    assert [delay.way for delay in report.delays] == [way.name for way in WAYS]
    for delay in report.delays:
        assert 0 < delay.p50.median <= delay.p99.median
        assert (delay.decided is None) == delay.way.startswith("bare")
    shown = StringIO()
    Console(file=shown, width=160).print(as_tables(report))
    assert all(way.name in shown.getvalue() for way in WAYS)


def test_a_delay_is_held_against_its_target() -> None:
    def unused(*_: object) -> Delays:
        raise AssertionError

    rounds = [Delays([0.001, 0.002, 0.003], [0.001, 0.001]), Delays([0.004] * 3, [0.001, 0.003])]
    found = conclude(Way("x", unused, target=3.0), rounds)
    assert (found.p50.min, found.p50.median, found.p50.max) == pytest.approx((2, 3, 4))
    assert found.decided is not None
    assert found.decided.median == pytest.approx(1.5)
    assert found.reached
    assert conclude(Way("x", unused, target=2.9), rounds).reached is False
    assert conclude(Way("x", unused, target=None), rounds).reached is None


@pytest.mark.parametrize("wrong", [{"config_key": 5}, {"iteration": "1"}])
def test_the_plain_registry_checks_types(wrong: dict[str, object]) -> None:
    validate(Message("TRAINING_COMPLETED", payload_of(FACT)))
    with pytest.raises(InvalidError):
        validate(Message("TRAINING_COMPLETED", payload_of(FACT) | wrong))


def test_the_plain_registry_knows_duplicates() -> None:
    seen = Seen()
    message = Message("TRAINING_COMPLETED", payload_of(FACT))
    assert [seen.has(message), seen.has(message)] == [False, True]


def test_quick_is_shorter_than_the_full_measurement() -> None:
    quick, full = effort_of(parse(["--quick"])), effort_of(parse([]))
    assert quick.rounds * quick.seconds < full.rounds * full.seconds


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["rout"], "no case is named 'rout': did you mean 'route'"),
        (["--rounds", "0"], "--rounds must be at least 1, not 0"),
        (["--scale", "0"], "--scale must be greater than 0, not 0.0"),
    ],
)
def test_bad_arguments_are_answered_with_what_would_be_right(
    arguments: Sequence[str], answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse(arguments)
    assert answer in capsys.readouterr().err
