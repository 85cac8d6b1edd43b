import pytest
from hypothesis import given, strategies as st

from ringleader.config.order import faults, ordered


@st.composite
def acyclic(draw: st.DrawFn) -> dict[str, list[str]]:
    """Draw names in file order, each after some that a hidden order puts before it."""
    names = draw(st.lists(st.text("abcdef", min_size=1, max_size=3), unique=True, max_size=8))
    hidden = draw(st.permutations(names))
    return {
        name: draw(st.lists(st.sampled_from(hidden[: hidden.index(name)]), unique=True))
        if hidden.index(name)
        else []
        for name in names
    }


@given(acyclic())
def test_everything_stands_after_what_it_names(after: dict[str, list[str]]) -> None:
    order = ordered(after)

    assert sorted(order) == sorted(after)
    assert all(order.index(need) < order.index(name) for name in after for need in after[name])
    assert not list(faults(after))


@given(acyclic())
def test_the_first_of_the_file_that_can_go_goes(after: dict[str, list[str]]) -> None:
    order = ordered(after)

    for place, name in enumerate(order):
        ready = [
            other
            for other in after
            if other not in order[:place] and set(after[other]) <= set(order[:place])
        ]
        assert name == ready[0]


@given(st.lists(st.text("abc", min_size=1), unique=True))
def test_without_dependencies_the_order_of_the_file_stays(names: list[str]) -> None:
    assert ordered(dict.fromkeys(names, ())) == tuple(names)


def test_a_cycle_is_printed_as_it_waits() -> None:
    after = {"x": (), "a": ("b",), "b": ("c", "x"), "c": ("a",)}

    ((name, wrong, right),) = faults(after)

    assert name in {"a", "b", "c"}
    assert wrong.removeprefix("waits for itself: ") in {
        "a → b → c → a",
        "b → c → a → b",
        "c → a → b → c",
    }
    assert right == "remove one `after` of these"
    with pytest.raises(ValueError, match="no order for a, b, c"):
        ordered(after)


def test_itself_and_missing_ones_are_named_with_the_nearest() -> None:
    after = {"scheduler": ("scheduler", "orchestrater"), "orchestrator": ()}

    assert list(faults(after)) == [
        ("scheduler", "can't start after itself", "remove it from `after`"),
        ("scheduler", "has no sibling 'orchestrater'", "did you mean orchestrator?"),
    ]
