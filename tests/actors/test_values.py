"""Values go to another process and come back the same, or are refused where they are sent."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, strategies as st

from ringleader.actors.class_names import find_class
from ringleader.actors.errors import ActorDied, BadValue, CannotCross, MailboxFull, RemoteError
from ringleader.actors.events.base import Event, EventType
from ringleader.actors.events.errors import EventValidationError
from ringleader.actors.events.health import HandlerFailed
from ringleader.actors.events.training import TrainingCompleted
from ringleader.actors.lifecycle import Exit
from ringleader.actors.message import Call
from ringleader.actors.value_errors import frames_of
from ringleader.actors.values import Codec

CODEC = Codec()


class Colour(Enum):
    RED = "r"
    BLUE = ("b", 1)


class Level(IntEnum):
    LOW = 1


class Word(StrEnum):
    YES = "yes"


class Rights(Flag):
    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Point:
    x: int
    y: float = 0.0
    more: tuple[Any, ...] = ()


@dataclass
class Derived:
    base: int
    twice: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.twice = 2 * self.base


@dataclass
class Needy:
    hint: InitVar[int]


@dataclass(init=False)
class Own:
    text: str

    def __init__(self, *parts: str) -> None:
        self.text = "".join(parts)


class Record(msgspec.Struct, frozen=True):
    name: str
    when: datetime | None = None


class Pair(NamedTuple):
    left: int
    right: Any


class Told(Event, frozen=True, kw_only=True):
    EVENT = EventType.custom("TOLD_IN_TEST")

    what: str


class Odd(Exception):  # noqa: N818  # as short as can be
    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code
        self.lock = threading.Lock()


class Unlike(Exception):  # noqa: N818  # as above
    """It says something else each time it is made."""

    made = 0

    def __init__(self) -> None:
        Unlike.made += 1
        super().__init__()
        self.text = f"made {Unlike.made} times"

    def __str__(self) -> str:
        return f"{self.text}{id(self)}"


def back(value: Any) -> Any:
    return CODEC.decode(CODEC.encode(value, "it"))


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC))
    | st.times()
    | st.timedeltas()
    | st.complex_numbers(allow_nan=False)
    | st.sampled_from([*Colour, *Level, *Word, Rights.READ | Rights.WRITE])
)
hashables = st.recursive(
    scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(hashables, inner, max_size=4)
        | st.sets(hashables, max_size=4)
        | st.builds(Point, st.integers(), st.floats(allow_nan=False), st.tuples(inner))
        | st.builds(Pair, st.integers(), inner)
    ),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    """Compare types too, all the way down."""
    if one.__class__ is not other.__class__ or one != other:
        return False
    if one.__class__ in (list, tuple):
        return all(map(same, one, other))
    if one.__class__ is dict:
        return all(same(value, other[key]) for key, value in one.items())
    return True


@given(values)
def test_what_crosses_comes_out_the_same(value: Any) -> None:
    assert same(back(value), value)


@given(st.binary())
def test_bytes_from_elsewhere_are_a_value_or_refused(data: bytes) -> None:
    with suppress(BadValue):
        CODEC.decode(data)


@pytest.mark.parametrize(
    "value",
    [
        2**64 - 1,
        2**64,
        -(2**63) - 1,
        "\ud800 half a pair",
        Path("/a/b"),
        PurePosixPath("c"),
        datetime(2026, 1, 2, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2), "there")),
        time(1, 2, tzinfo=UTC),
        date(2026, 1, 2),
        UUID(int=5),
        Decimal("1.50"),
        Record("a", datetime(2026, 1, 1, tzinfo=UTC)),
        Own("a", "b"),
        Derived(4),
        Told(what="x"),
        TrainingCompleted(config_key="hex", model_path="m"),
    ],
)
def test_these_cross_too(value: Any) -> None:
    assert same(back(value), value)


def test_an_event_comes_out_checked_and_read_only() -> None:
    event = HandlerFailed(event_type="x", handler_name="y", error="e")
    assert back(event) == event
    with pytest.raises(EventValidationError, match="config_key"):
        back(TrainingCompleted(config_key=5, model_path="m"))  # type: ignore[arg-type]  # on purpose


def test_a_call_crosses() -> None:
    call = back(Call("add", (1, (2,)), {"x": {3}}))
    assert (call.name, call.args, call.kwargs) == ("add", (1, (2,)), {"x": {3}})


# ------------------------------------------------------------------- exceptions


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bad"),
        KeyError("k"),
        SystemExit(3),
        StopIteration(4),
        FileNotFoundError(2, "none", "f"),
        ModuleNotFoundError("none", name="m"),
        UnicodeDecodeError("utf-8", b"x", 0, 1, "why"),
        Exit(("done", 1)),
        ActorDied("normal"),
        MailboxFull("/a", (1,), 5),
        Odd(4),
    ],
)
def test_an_exception_is_of_the_same_class_and_says_the_same(error: BaseException) -> None:
    copy = back(error)
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert copy.args == error.args
    for name in (
        "code",
        "value",
        "errno",
        "filename",
        "start",
        "reason",
        "path",
        "capacity",
        "name",
    ):
        assert getattr(copy, name, None) == getattr(error, name, None)


def test_a_group_of_exceptions_crosses() -> None:
    copy = back(ExceptionGroup("two", [ValueError("a"), ExceptionGroup("in", [Odd(1)])]))
    assert [type(e) for e in copy.exceptions] == [ValueError, ExceptionGroup]


def test_an_exception_that_cant_be_rebuilt_is_a_remote_error() -> None:
    class Local(Exception):  # noqa: N818  # as above
        pass

    for error in (Local("here"), Unlike(), ValueError(threading.Lock())):
        copy = back(error)
        assert isinstance(copy, RemoteError)
        assert type(error).__qualname__ in copy.type_name
        assert str(error) in str(copy)


def test_an_exception_brings_its_traceback_notes_and_frames() -> None:
    def fail() -> None:
        raise ValueError("deep")

    with pytest.raises(ValueError, match="deep") as caught:
        fail()
    caught.value.add_note("a hint")
    copy = back(caught.value)
    assert copy.__notes__[0] == "a hint"
    assert copy.__notes__[1].startswith("in another process:\nTraceback")
    assert "fail" in copy.__notes__[1]
    assert frames_of(copy) == frames_of(caught.value)
    assert frames_of(back(copy))[0].startswith("test_an_exception_brings")


# ------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (lambda: 1, "let the other side choose the function"),
        (threading.Lock(), "plain data, dataclasses and structs can"),
        (Counter("a"), r"send dict\(\.\.\.\)"),
        (Point, "send its name"),
        (Needy(1), "its 'hint' is an InitVar"),
        (object(), "builtins.object"),
    ],
)
def test_what_cant_cross_is_refused_where_it_is_sent(value: Any, hint: str) -> None:
    with pytest.raises(CannotCross, match=hint) as caught:
        CODEC.encode({"deep": [value]}, "argument 'x' of Worker")
    assert str(caught.value).startswith("argument 'x' of Worker: ")
    assert not CODEC.crosses(value)


def test_a_class_that_can_not_be_found_by_name_is_refused() -> None:
    @dataclass
    class Local:
        x: int

    with pytest.raises(CannotCross, match="define it at the top level of a module"):
        CODEC.encode(Local(1), "it")
    other = type("Pair", (Pair,), {})  # the name is taken
    with pytest.raises(CannotCross, match="give the class a name of its own"):
        CODEC.encode(other(1, 2), "it")


def test_size_and_depth_are_limited_on_both_sides() -> None:
    small = Codec(max_bytes=100, max_depth=3)
    with pytest.raises(CannotCross, match=r"it has 103 bytes; at most 100 can cross"):
        small.encode(b"x" * 101, "it")
    with pytest.raises(BadValue, match="at most 100"):
        small.decode(b"x" * 101)
    with pytest.raises(CannotCross, match="nested deeper than 3 objects"):
        small.encode((((((),),),),), "it")
    with pytest.raises(BadValue, match="nested deeper than 3 objects"):
        small.decode(CODEC.encode((((((),),),),), "it"))
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(CannotCross, match="can't cross"):
        CODEC.encode(endless, "it")
    circle: list[Any] = [()]
    circle[0] = (circle,)
    with pytest.raises(CannotCross, match="nested deeper"):
        CODEC.encode(circle, "it")


def test_only_allowed_classes_are_found() -> None:
    def find(name: str) -> type[Any]:
        if not name.startswith("tests."):
            raise ValueError(f"{name} is not allowed")
        return find_class(name)

    careful = Codec(find=find)
    data = CODEC.encode(Path("/x"), "it")
    with pytest.raises(BadValue, match="is not allowed"):
        careful.decode(data)
    assert isinstance(careful.decode(CODEC.encode(SystemExit(1), "it")), RemoteError)


@pytest.mark.parametrize("value", [Colour.RED, Point(1), Record("a"), Pair(1, 2), Path("x")])
def test_a_name_must_be_of_a_class_of_that_kind(value: Any) -> None:
    data = CODEC.encode(value, "it")
    with pytest.raises(BadValue):
        Codec(find=lambda _: threading.Thread).decode(data)


def test_a_ref_crosses_only_where_somebody_can_find_it() -> None:
    from tests.supervisors.process_actors import Later  # noqa: PLC0415  # any actor will do

    class Plain(Later):
        dispatcher = "pool"

    ref = Plain.start()
    with pytest.raises(CannotCross, match="it means nothing there"):
        CODEC.encode(ref, "it")
