"""The command that measures events; how fast they are is measured elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from benchmarks.events import effort_of, main, parse
from benchmarks.events_cases import CASES, Peer
from benchmarks.events_facts import Fact, batch
from benchmarks.events_measure import OURS, load
from benchmarks.events_plain import InvalidError, Message, Seen, payload_of, validate
from benchmarks.events_report import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.events_cases import Case, Run

TINY = ["--quick", "--rounds", "1", "--scale", "0.04"]
FACT = Fact("hex8_2p", "m.npz", 0.5, 0.7, 64, 1)


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_every_side_of_every_case_ends_and_says_how_long_it_took(case: Case) -> None:
    runs, missing = load(case)
    assert not missing
    assert list(runs) == [OURS, *(peer.name for peer in case.peers)]
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
    def absent() -> Run:
        raise ImportError("No module named 'absent'")

    route = CASES["route"]
    case = type(route)(
        name="x", what="", size=1, ours=route.ours, peers=(Peer(name="absent", load=absent),)
    )
    _, missing = load(case)
    assert "'.[bench]'" in missing["absent"]


def test_the_targets_are_those_of_the_promise() -> None:
    targets = {
        (case.name, peer.name): (peer.target, peer.aim)
        for case in CASES.values()
        for peer in case.peers
        if peer.target is not None
    }
    assert targets["route", "stock Pykka"] == (4, 8)
    assert targets["route", "blinker, same work"] == (1.2, 2)


def test_one_event_in_a_hundred_says_what_the_one_before_it_said() -> None:
    given = batch(1_000)
    assert given.distinct == len(set(given.facts)) == 990
    assert not set(given.facts) & set(batch(1_000).facts)


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
        (["rout"], "no case is named 'rout'; there are route"),
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
