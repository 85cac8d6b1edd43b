"""The rules of the house hold, and each rule notices when it is broken."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import architecture, clock_rule
from tests.architecture import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Rule = Callable[[Source], Iterable[architecture.Finding]]

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    return architecture.sources(ROOT)


def broken(rule: Rule, sources: Iterable[Source]) -> list[str]:
    return [str(finding) for source in sources for finding in rule(source)]


def assert_kept(rule: Rule, sources: Iterable[Source]) -> None:
    found = broken(rule, sources)
    assert not found, "\n" + "\n".join(found)


def notices(rule: Rule, path: str, text: str) -> bool:
    return bool(broken(rule, [Source.parse(path, text)]))


def test_every_folder_is_looked_at_once(sources: list[Source]) -> None:
    assert {source.layer for source in sources} == {*architecture.FOLDERS, architecture.FACADE}
    files = [source.path for source in sources]
    assert len(files) == len({(ROOT / file).resolve() for file in files})


def test_imports_follow_the_arrows(sources: list[Source]) -> None:
    assert_kept(architecture.against_the_arrows, sources)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("actors/base.py", "from ringleader.supervisors.spec import ChildSpec"),
        ("actors/base.py", "import ringleader.config"),
        ("actors/base.py", "from ringleader import System"),
        ("actors/base.py", "from ringleader.system import System"),
        ("actors/base.py", "from ..supervisors import spec"),
        ("actors/daemons/health.py", "from ... import System"),
        ("actors/base.py", "def late():\n    from ringleader.transport import codec"),
        ("actors/base.py", "importlib.import_module('ringleader.transport')"),
        ("supervisors/spec.py", "from ringleader.transport import codec"),
        ("transport/codec.py", "from ringleader import supervisors"),
        ("config/load.py", "from ringleader.cli.up import up"),
    ],
)
def test_an_import_against_the_arrows_is_noticed(path: str, text: str) -> None:
    assert notices(architecture.against_the_arrows, path, text)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("supervisors/spec.py", "from ringleader.actors.base import Actor"),
        ("config/load.py", "import ringleader.transport.codec"),
        (
            "src/ringleader/system.py",
            "from ringleader.config import Settings\nfrom .client import Client",
        ),
        ("actors/daemons/health.py", "from ..base import Actor\nimport msgspec"),
    ],
)
def test_an_import_along_the_arrows_is_fine(path: str, text: str) -> None:
    assert not notices(architecture.against_the_arrows, path, text)
    assert not notices(architecture.misspelt_imports, path, text)


def test_imports_are_relative_inside_a_folder_and_absolute_across(sources: list[Source]) -> None:
    assert_kept(architecture.misspelt_imports, sources)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("actors/base.py", "from ringleader.actors.ref import Ref"),
        ("actors/base.py", "import ringleader.actors.ref"),
        ("actors/base.py", "import actors"),
        ("config/load.py", "from actors.base import Actor"),
        ("config/load.py", "from ..actors.base import Actor"),
        ("src/ringleader/system.py", "from .actors import Actor"),
        ("src/ringleader/cli/up.py", "from ..actors.base import Actor"),
        ("src/ringleader/cli/up.py", "from ringleader.system import System"),
        ("src/ringleader/system.py", "from config import Settings"),
    ],
)
def test_an_import_spelt_wrongly_is_noticed(path: str, text: str) -> None:
    assert notices(architecture.misspelt_imports, path, text)


def test_nothing_is_imported_by_wildcard(sources: list[Source]) -> None:
    assert_kept(architecture.wildcards, sources)


@pytest.mark.parametrize("text", ["from os import *", "from .ref import *", "from . import *"])
def test_a_wildcard_is_noticed(text: str) -> None:
    assert notices(architecture.wildcards, "actors/base.py", text)


def test_nothing_pickles_forks_or_evaluates_text(sources: list[Source]) -> None:
    assert_kept(architecture.unsafe, sources)


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from multiprocessing import shared_memory",
        "import multiprocessing.connection as c",
        "importlib.import_module('pickle')",
        "eval('1')",
        "exec(text)",
        "os.fork()",
        "numpy.load(path, allow_pickle=True)",
    ],
)
def test_unsafe_code_is_noticed(text: str) -> None:
    assert notices(architecture.unsafe, "actors/workloads/train.py", text)


def test_numpy_without_pickle_is_fine() -> None:
    assert not notices(
        architecture.unsafe, "actors/workloads/train.py", "numpy.load(path, allow_pickle=False)"
    )


def test_time_threads_and_chance_have_one_source(sources: list[Source]) -> None:
    others = [source for source in sources if not clock_rule.exempt(source)]
    assert_kept(clock_rule.against_the_clock, others)


def test_only_clock_dispatchers_and_workloads_are_exempt(sources: list[Source]) -> None:
    exempt = {str(source.path) for source in sources if clock_rule.exempt(source)}
    assert "actors/clock.py" in exempt
    assert all(
        path.startswith(("actors/clock.py", "actors/dispatch", "actors/workloads/"))
        for path in exempt
    )


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "from time import monotonic as now",
        "def late():\n    import time",
        "import datetime as dt\ndt.datetime.now(dt.UTC)",
        "from datetime import datetime\nstamp = datetime.now",
        "from datetime import date\ndate.today()",
        "gevent.sleep(1)",
        "import asyncio\nasync def turn():\n    await asyncio.sleep(1)",
        "from asyncio import sleep\nwait = sleep",
        "import threading\nthreading.Thread(target=print)",
        "import threading as t\nclass Reader(t.Thread): ...",
        "from threading import Timer\nTimer(1, print)",
        "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor()",
        "import concurrent.futures\nconcurrent.futures.ThreadPoolExecutor()",
        "import asyncio\nasyncio.get_running_loop().time()",
        "self._loop.call_later(1, print)",
        "loop.run_in_executor(None, print)",
        "import random\nrandom.random()",
        "import random\njitter = random.uniform",
        "from random import choice\nchoice([1])",
        "import random\nrandom.seed(1)",
        "import random\nrandom.Random()",
        "from random import Random\nRandom(None)",
        "from random import Random\nfield(default_factory=Random)",
    ],
)
def test_a_second_source_of_time_threads_or_chance_is_noticed(text: str) -> None:
    assert notices(clock_rule.against_the_clock, "supervisors/backoff.py", text)


@pytest.mark.parametrize(
    "text",
    [
        "clock.time()",
        "clock.call_later(1, print)",
        "import random\nrandom.Random(7).uniform(0, 1)",
        "from random import Random\ndef draw(random: Random) -> float:\n    return random.random()",
        "import threading\ndef spawn() -> threading.Thread: ...\nthread: threading.Thread",
        "import threading\nlock = threading.Lock()",
        "from datetime import UTC, datetime\ndatetime.fromtimestamp(clock.time(), UTC)",
    ],
)
def test_what_the_clock_gives_is_fine(text: str) -> None:
    assert not notices(clock_rule.against_the_clock, "supervisors/backoff.py", text)


def test_every_folder_with_modules_is_a_package() -> None:
    assert architecture.missing_inits(ROOT) == []


def test_the_links_of_the_package_are_right() -> None:
    assert architecture.wrong_links(ROOT) == []


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with nothing wrong."""
    package = tmp_path / "src" / "ringleader"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    for folder in architecture.FOLDERS:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
        (package / folder).symlink_to(Path("../..") / folder)
    return tmp_path


def test_a_checkout_with_nothing_wrong_is_accepted(checkout: Path) -> None:
    assert architecture.wrong_links(checkout) == []
    assert architecture.missing_inits(checkout) == []


def test_a_folder_instead_of_a_link_is_noticed(checkout: Path) -> None:
    link = checkout / "src" / "ringleader" / "actors"
    link.unlink()
    link.mkdir()
    (link / "__init__.py").touch()
    assert architecture.wrong_links(checkout) == ["actors must be a link to ../../actors"]


def test_a_link_elsewhere_and_one_too_many_are_noticed(checkout: Path) -> None:
    package = checkout / "src" / "ringleader"
    (package / "config").unlink()
    (package / "config").symlink_to("../../actors")
    (package / "tests").symlink_to("../../tests")
    assert architecture.wrong_links(checkout) == [
        "config must be a link to ../../config",
        "tests is a link",
    ]


def test_a_link_that_leads_nowhere_is_noticed(checkout: Path) -> None:
    (checkout / "transport" / "__init__.py").unlink()
    assert architecture.wrong_links(checkout) == ["transport leads nowhere"]


def test_a_folder_that_is_no_package_is_noticed(checkout: Path) -> None:
    (checkout / "actors" / "events").mkdir()
    (checkout / "actors" / "events" / "base.py").touch()
    assert architecture.missing_inits(checkout) == ["actors/events"]


def missing_exports(sources: Iterable[Source]) -> list[str]:
    """Name what packages export without having it; asking loads what is loaded lazily."""
    return [
        f"{source.module}.{name}"
        for source in sources
        for name in architecture.exported(source)
        if not hasattr(importlib.import_module(source.module), name)
    ]


def test_everything_exported_exists(sources: list[Source]) -> None:
    packages = [source for source in sources if source.path.name == "__init__.py"]
    facade = next(source for source in packages if source.module == architecture.PACKAGE)
    assert architecture.exported(facade)
    assert missing_exports(packages) == []


def test_an_export_that_does_not_exist_is_noticed() -> None:
    source = Source.parse(
        "actors/__init__.py", "__all__ = ['Nobody', '__doc__']\nfrom os import path as pathless"
    )
    assert missing_exports([source]) == ["ringleader.actors.Nobody"]


def test_exports_are_found_in_both_spellings() -> None:
    text = "from .a import A as A, B as C, D\nimport x as x\n__all__ = ['D']\n__all__ += ['E']"
    assert architecture.exported(Source.parse("actors/__init__.py", text)) == ["A", "x", "D", "E"]
