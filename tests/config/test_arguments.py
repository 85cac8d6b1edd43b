from typing import TYPE_CHECKING, Annotated, Any

import pytest
from msgspec import Meta, Struct

from ringleader.actors.options import EventOptions, StageOptions
from ringleader.config.arguments import Provider
from ringleader.config.errors import ConfigError
from ringleader.config.schema import KeyPath
from ringleader.config.settings import NodeOptions, Settings
from ringleader.config.tree import PlannedChild

if TYPE_CHECKING:
    from pathlib import PurePath


class Pace(Struct, frozen=True, kw_only=True):
    pace: Annotated[float, Meta(gt=0, description="between two looks (seconds)")]
    names: tuple[str, ...] = ()


def where(path: KeyPath) -> str:
    return f"x:{len(path)}"


def child(**options: Any) -> PlannedChild:
    return PlannedChild("/a", ("tree", "a"), "a", "m:C", options=options)


def provider(settings: Settings | None = None, **provide: object) -> Provider:
    return Provider(settings or Settings(), provide, where)


def messages(caught: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [str(problem) for problem in caught.value.problems]


def test_parameters_are_provided_by_name() -> None:
    class Sample:
        def __init__(self, journal: object, *rest: object, clock: object, **more: object) -> None:
            """Take everything."""

    found = provider(journal=1, clock=2, other=3).arguments(child(), Sample)

    assert found == {"journal": 1, "clock": 2}


def test_a_parameter_with_the_type_of_a_section_gets_the_section() -> None:
    class Sample:
        def __init__(self, options: EventOptions, place: NodeOptions) -> None:
            """Take two sections."""

    settings = Settings(node=NodeOptions(id="a"))

    assert provider(settings).arguments(child(), Sample) == {
        "options": EventOptions(),
        "place": NodeOptions(id="a"),
    }


def test_of_several_sections_of_a_type_the_name_chooses() -> None:
    class Sample:
        def __init__(self, train: StageOptions) -> None:
            """Take one stage."""

    assert provider().arguments(child(), Sample) == {"train": Settings().stages.train}


def test_an_entrys_options_go_over_the_section() -> None:
    class Sample:
        def __init__(self, options: EventOptions) -> None:
            """Take a section."""

    settings = Settings(events=EventOptions(max_depth=3, dedup_window=4))

    found = provider(settings).arguments(child(dedup_window=5), Sample)

    assert found == {"options": EventOptions(max_depth=3, dedup_window=5)}


def test_options_are_converted_to_a_struct_of_ones_own() -> None:
    class Sample:
        def __init__(self, options: Pace) -> None:
            """Take a struct of its own."""

    found = provider().arguments(child(pace=3, names=["a"]), Sample)

    assert found == {"options": Pace(pace=3, names=("a",))}


def test_options_without_a_struct_are_the_table() -> None:
    class Sample:
        def __init__(self, options) -> None:  # type: ignore[no-untyped-def]  # what is tested  # noqa: ANN001  # the same
            """Take whatever it is."""

    assert provider().arguments(child(a=1), Sample) == {"options": {"a": 1}}


def test_wrong_options_name_their_key() -> None:
    class Sample:
        def __init__(self, options: Pace) -> None:
            """Take a struct of its own."""

    with pytest.raises(ConfigError) as caught:
        provider().arguments(child(pase=3, pace=0), Sample)
    with pytest.raises(ConfigError) as missing:
        provider().arguments(child(), Sample)

    assert messages(caught) == [
        "x:4: tree.a.options.pase: unknown key; did you mean tree.a.options.pace?",
        "x:4: tree.a.options.pace: got 0; expected a number above 0 (seconds)",
    ]
    assert messages(missing) == [
        "x:3: tree.a.options: Object missing required field `pace`; set it"
    ]


def test_defaults_are_left_to_the_class() -> None:
    class Sample:
        def __init__(self, journal: object = None) -> None:
            """Do without."""

    assert provider().arguments(child(), Sample) == {}


def test_what_cannot_be_provided_is_named_with_what_can() -> None:
    class Sample:
        def __init__(self, jornal: object, more: int) -> None:
            """Ask for too much."""

    with pytest.raises(ConfigError) as caught:
        provider(journal=1, clock=2).arguments(child(), Sample)

    assert messages(caught) == [
        f"x:2: tree.a: parameter {name} of m:C can't be provided; "
        "available: clock, journal, options, and every section of the settings by its type"
        for name in ("jornal", "more")
    ]


def test_options_nobody_takes_are_an_error() -> None:
    class Sample:
        """Has no constructor of its own."""

    with pytest.raises(ConfigError, match=r"tree\.a\.options: m:C takes no options; remove them"):
        provider().arguments(child(a=1), Sample)


def test_an_annotation_for_type_checkers_only_is_named() -> None:
    class Sample:
        def __init__(self, path: "PurePath", journal: "PurePath") -> None:
            """Ask for something with a name that only type checkers know."""

    with pytest.raises(ConfigError) as caught:
        provider(journal=1).arguments(child(), Sample)

    assert messages(caught) == [
        (
            "x:2: tree.a: parameter path of m:C can't be provided: its annotation 'PurePath' names "
            "nothing at run time; import it outside `if TYPE_CHECKING:`"
        )
    ]


def test_annotations_as_strings_are_understood() -> None:
    class Sample:
        def __init__(self, options: "EventOptions") -> None:
            """Take a section."""

    assert provider().arguments(child(), Sample) == {"options": EventOptions()}
