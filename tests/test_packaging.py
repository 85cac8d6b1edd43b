"""What is installed is what is needed, and what the README shows works."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.architecture import PACKAGE, Source, imports, sources

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[1]
EXTRAS = {  # the only ones that may need more than the dependencies, and what brings it
    "actors/workloads/": "selfplay",
    "src/ringleader/status_http/": "status",
}


def declared(project: dict[str, list[str]] | list[str]) -> set[str]:
    """Name the distributions of requirements like `pykka>=4.4,<5`."""
    listed = (
        project if isinstance(project, list) else [r for group in project.values() for r in group]
    )
    return {_normal(re.split(r"[<>=!~\[; ]", requirement)[0]) for requirement in listed}


def undeclared(modules: Iterable[Source], allowed: set[str]) -> set[str]:
    """Name what modules import and nothing in `allowed` brings along."""
    owners = packages_distributions()
    tops = {
        found.target.split(".")[0]
        for module in modules
        for found in imports(module)
        if not found.level
    }
    others = tops - sys.stdlib_module_names - {PACKAGE, "__future__"}
    return {top for top in others if not allowed & {_normal(name) for name in owners.get(top, [])}}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def required() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return declared(project["dependencies"])


@pytest.fixture(scope="module")
def extras() -> dict[str, set[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    return {users: declared(optional[extra]) for users, extra in EXTRAS.items()}


def test_every_import_is_declared_as_a_dependency(required: set[str]) -> None:
    usual = [s for s in sources(ROOT) if not str(s.path).startswith(tuple(EXTRAS))]
    assert undeclared(usual, required) == set()


def test_only_workloads_and_the_status_need_extras(
    required: set[str], extras: dict[str, set[str]]
) -> None:
    for users, extra in extras.items():
        theirs = [s for s in sources(ROOT) if str(s.path).startswith(users)]
        assert undeclared(theirs, required | extra) == set()
        assert undeclared(theirs, required) != set()
    assert extras["actors/workloads/"] == {"numpy", "open-spiel"}


def test_an_import_that_nothing_brings_along_is_noticed() -> None:
    source = Source.parse("actors/base.py", "import pytest, os, pykka\nfrom ringleader import x")
    assert undeclared([source], {"pykka"}) == {"pytest"}


def test_requirements_are_told_from_their_versions() -> None:
    assert declared(["pykka>=4.4,<5", "open_spiel", "uvicorn[standard]>=1; os_name=='posix'"]) == {
        "pykka",
        "open-spiel",
        "uvicorn",
    }


def first_actor(readme: str) -> str:
    """Take the python block after the marker, as .ci/run does."""
    block = re.search(
        r"^<!-- first-actor -->$.*?^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL
    )
    assert block is not None
    return block[1]


def test_the_first_actor_of_the_readme_has_ten_lines_and_runs(tmp_path: Path) -> None:
    script = tmp_path / "first_actor.py"
    script.write_text(first_actor((ROOT / "README.md").read_text("utf-8")), "utf-8")
    assert len([line for line in script.read_text("utf-8").splitlines() if line.strip()]) <= 10
    run = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, "-W", "error", script.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout
