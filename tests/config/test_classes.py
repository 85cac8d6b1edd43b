from collections.abc import Callable

import pykka
import pytest

from ringleader.config.classes import ClassError, resolve

WriteModule = Callable[[str, str], None]

ACTORS = """
    import pykka

    class Watcher(pykka.ThreadingActor):
        class Inner(pykka.ThreadingActor): ...

    class Options: ...
"""


def test_a_dotted_name_leads_to_its_class(write_module: WriteModule) -> None:
    write_module("shop_actors", ACTORS)

    found = resolve("shop_actors:Watcher")

    assert issubclass(found, pykka.Actor)
    assert found.__name__ == "Watcher"
    assert resolve("shop_actors:Watcher.Inner").__qualname__ == "Watcher.Inner"


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        (
            "shop_actors:Wacher",
            "shop_actors has no class Wacher",
            "did you mean Watcher?",
        ),
        (
            "shop_actors:Options",
            "shop_actors:Options is not an actor class",
            "expected a subclass of Actor",
        ),
        (
            "json:Decoder",
            "json has no class Decoder",
            "there is no actor class in it",
        ),
        (
            "shop_actorz:Watcher",
            "there is no module shop_actorz",
            "is it installed, or in a directory of PYTHONPATH?",
        ),
        (
            "ringleader.config.classez:X",
            "there is no module ringleader.config.classez",
            "did you mean ringleader.config.classes?",
        ),
        (
            "ringleader.confg.tree:X",
            "there is no module ringleader.confg",
            "did you mean ringleader.config?",
        ),
    ],
)
def test_names_that_lead_nowhere_are_answered(
    write_module: WriteModule, name: str, wrong: str, right: str
) -> None:
    write_module("shop_actors", ACTORS)

    with pytest.raises(ClassError) as caught:
        resolve(name)

    assert (caught.value.wrong, caught.value.right) == (wrong, right)


def test_a_package_that_is_missing_is_named_with_its_extra(
    write_module: WriteModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyspiel", None)
    write_module("shop_games", "import pyspiel.games")
    write_module("shop_other", "import shop_missing_package")

    with pytest.raises(ClassError) as games:
        resolve("shop_games:X")
    with pytest.raises(ClassError) as other:
        resolve("shop_other:X")

    assert games.value.right == "pip install 'ringleader[selfplay]'"
    assert other.value.wrong == "shop_other needs shop_missing_package, which is not installed"
    assert other.value.right == "pip install shop_missing_package"


def test_a_module_that_fails_is_quoted(write_module: WriteModule) -> None:
    write_module("shop_broken", "1 / 0")

    with pytest.raises(ClassError) as caught:
        resolve("shop_broken:X")

    assert caught.value.wrong == (
        "module shop_broken can't be imported: ZeroDivisionError: division by zero"
    )
