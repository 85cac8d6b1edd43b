"""Events are arranged by their causes: each once, whatever ids clients have chosen."""

from __future__ import annotations

from hypothesis import given, strategies as st

from ringleader.actors.events.base import Envelope
from ringleader.actors.history import Handling
from ringleader.causes import Happening, Step, lineage, tree

IDS = [f"e{number}" for number in range(8)]


def event(
    event_id: str,
    cause: str | None = None,
    *,
    time: float = 0.0,
    source: str = "/a",
    by: tuple[str, ...] = (),
) -> Happening:
    envelope = Envelope(id=event_id, source=source, type="t", time=time, causationid=cause)
    return Happening(envelope, tuple(Handling(path, "handled", 0.1) for path in by))


def drawn(steps: list[Step]) -> list[str]:
    return [f"{'  ' * step.level}{step.id}" for step in steps]


def test_effects_are_below_their_causes_in_order_of_time() -> None:
    steps = tree(
        [
            event("later", "first", time=3.0),
            event("first", time=1.0),
            event("sooner", "first", time=2.0),
            event("last", "sooner", time=9.0),
            event("other", time=5.0),
        ]
    )
    assert drawn(steps) == ["first", "  sooner", "    last", "  later", "other"]
    assert [steps[step.cause].id if step.cause >= 0 else "" for step in steps] == [
        "",
        "first",
        "sooner",
        "first",
        "",
    ]


def test_an_effect_is_below_the_handler_that_published_it() -> None:
    steps = tree(
        [
            event("first", by=("/x", "/y")),
            event("by-y", "first", source="/y", time=1.0),
            event("by-stranger", "first", source="/z", time=2.0),
        ]
    )
    assert [step.handler for step in steps] == ["", "/y", ""]
    unknown = Happening(event("first").envelope, None)
    assert tree([unknown, event("effect", "first", source="/y")])[1].handler == ""


def test_a_cause_that_is_not_known_any_more_has_its_place() -> None:
    steps = tree([event("a", "gone", time=2.0), event("b", "gone", time=3.0), event("c", time=1.0)])
    assert drawn(steps) == ["c", "gone", "  a", "  b"]
    assert steps[1].happening is None


def test_events_that_cause_each_other_in_a_circle_come_once() -> None:
    circle = [event("a", "b", time=1.0), event("b", "a", time=2.0), event("c", "b", time=3.0)]
    assert drawn(tree(circle)) == ["a", "  b", "    c"]
    assert drawn(tree([event("own", "own")])) == ["own"]


@given(
    st.dictionaries(
        st.sampled_from(IDS),
        st.tuples(st.none() | st.sampled_from([*IDS, "gone"]), st.floats(0, 9)),
    )
)
def test_each_event_comes_once_behind_its_cause(
    causes: dict[str, tuple[str | None, float]],
) -> None:
    steps = tree(event(one, cause, time=time) for one, (cause, time) in causes.items())
    known = [step.id for step in steps if step.happening is not None]
    assert sorted(known) == sorted(causes)
    assert len({step.id for step in steps}) == len(steps)
    for index, step in enumerate(steps):
        assert step.cause < index
        above = steps[step.cause] if step.cause >= 0 else None
        assert step.level == (0 if above is None else above.level + 1)
        if above is not None:
            assert causes[step.id][0] == above.id


def test_a_lineage_has_what_led_to_an_event_and_what_it_led_to() -> None:
    steps = tree(
        [
            event("root"),
            event("beside", "root", time=1.0),
            event("above", "root", time=2.0),
            event("asked", "above", time=3.0),
            event("below", "asked", time=4.0),
            event("nephew", "above", time=5.0),
        ]
    )
    mine = lineage(steps, "asked")
    assert drawn(mine) == ["root", "  above", "    asked", "      below"]
    assert [step.cause for step in mine] == [-1, 0, 1, 2]
    assert lineage(steps, "nobody") == []


def test_a_very_long_chain_is_no_trouble() -> None:
    chain = [event("0")] + [event(str(n), str(n - 1), time=float(n)) for n in range(1, 5_000)]
    steps = tree(chain)
    assert steps[-1].level == 4_999
    assert len(lineage(steps, "2500")) == 5_000
