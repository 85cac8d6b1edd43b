"""Loading: defaults < file < profile < environment < command line, each value with its origin."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from .bridge import check_bridge
from .document import Document, parse, read
from .environment import CONFIG, FromText, from_arguments, from_environment
from .errors import ConfigError, Problem, did_you_mean
from .faults import check_supervision, check_tree
from .layers import Leaf, Leaves, Origin, check, nested, overlay
from .settings import Settings
from .stages import check_stages
from .toml import inline, is_table
from .tree import plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .layers import LayerName
    from .schema import KeyPath
    from .tree import Planned

FILE = "ringleader.toml"
PACKAGED = ("tree.toml", "demo.toml")
"""What the defaults have besides the structs' own: the tree, and the demo profile."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and how they came about.

    Attributes:
        settings: what holds.
        leaves: every value with its origin, by key path.
        ignored: variables of the old system that are set and mean nothing here.
    """

    settings: Settings
    leaves: Leaves
    ignored: tuple[str, ...] = ()

    def where(self, path: KeyPath) -> str:
        """Name the place of a key; of a table, that of its first key; empty for a default.

        Of a key within a value that counts as a whole, that of the value.
        """
        around = (self.leaves.get(path[:end]) for end in range(len(path), 0, -1))
        within = (leaf for key, leaf in self.leaves.items() if key[: len(path)] == path)
        leaf = next(filter(None, around), None) or next(within, None)
        return leaf.origin.where if leaf else ""

    def plan(self) -> tuple[Planned, ...]:
        """Return the declared tree in the order in which it starts."""
        return plan(self.settings.tree, self.settings.supervision, self.where)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What one document says: for everybody, and in its profiles."""

    leaves: Leaves
    profiles: Mapping[str, Leaves]
    problems: tuple[Problem, ...]


def load(
    *,
    environment: Mapping[str, str],
    config: Path | None = None,
    directory: Path = Path(),
    profile: str | None = None,
    overrides: Sequence[str] = (),
) -> Loaded:
    """Load all layers.

    Args:
        environment: the process's variables.
        config: the file; by default the one that RINGLEADER_CONFIG names, or `ringleader.toml`
            in `directory` if there is one.
        directory: the working directory.
        profile: the profile to lay over the file, whatever the layers choose.
        overrides: `section.key=value`, as given to `--set`.

    Raises:
        ConfigError: with everything that is wrong in any layer.
    """
    problems: list[Problem] = []
    built_in = [_parts(parse(packaged(name), name), "default") for name in PACKAGED]
    own = _own(config, environment, directory, problems)
    variables = from_environment(Settings, environment)
    arguments = _with_profile(from_arguments(Settings, overrides), profile)
    for parts in (*built_in, own):
        problems.extend(parts.problems)
    problems.extend((*variables.problems, *arguments.problems))
    below = [defaults(), *(parts.leaves for parts in built_in), own.leaves]
    chosen = _chosen(
        [*built_in, own], overlay(*below, variables.leaves, arguments.leaves), problems
    )
    merged = overlay(*below, *chosen, variables.leaves, arguments.leaves)
    return _checked(merged, variables.ignored, problems)


def packaged(name: str) -> str:
    """Return the text of a TOML file that comes with the package."""
    return files("ringleader.config").joinpath(name).read_text(encoding="utf-8")


def defaults() -> Leaves:
    """Return the option structs' own values."""
    leaves, _ = check(Settings, msgspec.to_builtins(Settings()), lambda _path: Origin("default"))
    return leaves


def _checked(merged: Leaves, ignored: tuple[str, ...], problems: Sequence[Problem]) -> Loaded:
    loaded = Loaded(msgspec.convert(nested(merged), Settings), merged, ignored)
    found = list(problems)
    if not any(problem.key.startswith("tree") for problem in found):  # else it would only echo
        found += check_tree(
            loaded.settings.tree, loaded.where, loaded.settings.supervision.cascade.categories
        )
    found += check_supervision(loaded.settings.supervision, loaded.where)
    found += check_stages(loaded.settings.stages, loaded.where)
    found += check_bridge(loaded.settings, loaded.where)
    if found:
        raise ConfigError(found)
    return loaded


def _own(
    config: Path | None,
    environment: Mapping[str, str],
    directory: Path,
    problems: list[Problem],
) -> _Parts:
    """Read the user's file, if there is one."""
    named = config or (Path(environment[CONFIG]) if environment.get(CONFIG) else None)
    path = directory / (named or FILE)
    if named is None and not path.exists():
        return _Parts({}, {}, ())
    try:
        return _parts(read(path), "file")
    except ConfigError as error:
        problems.extend(error.problems)
        return _Parts({}, {}, ())


def _parts(document: Document, layer: LayerName) -> _Parts:
    values = dict(document.values)
    profiles = values.pop("profiles", {})
    leaves, problems = check(Settings, values, lambda path: Origin(layer, document.where(path)))
    found: dict[str, Leaves] = {}
    if not is_table(profiles):
        where, got = document.where(("profiles",)), f"got {inline(profiles)}"
        wrong = Problem(where, "profiles", got, "expected a table of profiles")
        return _Parts(leaves, {}, (*problems, wrong))
    for name, overlaid in profiles.items():
        found[name] = _profile(document, name, overlaid, problems)
    return _Parts(leaves, found, tuple(problems))


def _profile(document: Document, name: str, values: object, problems: list[Problem]) -> Leaves:
    prefix = ("profiles", name)
    leaves, wrong = check(
        Settings,
        values,
        lambda path: Origin("profile", document.where(path)),
        prefix=prefix,
    )
    problems.extend(wrong)
    if (*prefix, "profile") in leaves:
        where = document.where((*prefix, "profile"))
        problems.append(Problem(where, "", f"profile {name} chooses a profile", "remove it"))
    return {path[len(prefix) :]: leaf for path, leaf in leaves.items()}


def _with_profile(arguments: FromText, profile: str | None) -> FromText:
    if profile is None:
        return arguments
    leaf = Leaf(profile, Origin("command line", f"--profile {profile}"))
    return FromText(overlay(arguments.leaves, {("profile",): leaf}), arguments.problems)


def _chosen(documents: Sequence[_Parts], merged: Leaves, problems: list[Problem]) -> list[Leaves]:
    """Return what the documents have for the chosen profile."""
    choice = merged["profile",]
    names = {name for parts in documents for name in parts.profiles}
    if choice.value and choice.value not in names:
        wrong = f"there is no profile {choice.value!r}"
        right = did_you_mean(choice.value, names)
        problems.append(Problem(choice.origin.where, "profile", wrong, right))
    return [parts.profiles[choice.value] for parts in documents if choice.value in parts.profiles]
