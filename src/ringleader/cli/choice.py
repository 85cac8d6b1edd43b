"""The options that choose the configuration, which most commands share, and what they lead to."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from ringleader.config import Loaded, load
from ringleader.config.environment import CONFIG
from ringleader.config.layers import Leaf, Origin
from ringleader.config.load import FILE

from ..datadir import DataDir

DEMO: Final = "demo"

Config: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "--node-config",
        "-c",
        metavar="FILE",
        help=f"Read this file \\[default: what {CONFIG} names, or ./{FILE} if there is one].",
    ),
]
Profile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="Lay this profile over the file; '' for none. Without any file it is 'demo', a small "
        "board in volumes that a laptop finishes in minutes.",
    ),
]
Set: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set one key: section.key=value. Repeatable."),
]


def _directory(text: str) -> Path:
    """Read a path; an empty one is a variable that was not set, and not the working directory."""
    if not text.strip():
        raise typer.BadParameter("it is empty; give a path, or leave the option out")
    return Path(text)


Data: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        parser=_directory,
        help="Keep the node's data here \\[default: ./.ringleader].",
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the command line says about the configuration."""

    config: Path | None = None
    profile: str | None = None
    overrides: tuple[str, ...] = ()
    data_dir: Path | None = None
    iterations: int | None = None
    seed: int | None = None

    def load(self, environment: Mapping[str, str] | None = None) -> Loaded:
        """Load the settings.

        Without a file, and if nothing else chooses a profile, the profile is `demo`: the defaults
        are volumes for a fleet, and who has a fleet has a file.

        Raises:
            ConfigError: with everything that is wrong.
        """
        environment = os.environ if environment is None else environment
        loaded = self._load(environment, self.profile)
        is_chosen = loaded.leaves["profile",].origin.layer != "default"
        if is_chosen or file_of(self, environment) is not None:
            return loaded
        demo = self._load(environment, DEMO)
        why = Leaf(DEMO, Origin("default", "there is no configuration file"))
        return replace(demo, leaves={**demo.leaves, ("profile",): why})

    def _load(self, environment: Mapping[str, str], profile: str | None) -> Loaded:
        return load(
            environment=environment,
            config=self.config,
            profile=profile,
            overrides=self._overrides(),
        )

    def _overrides(self) -> tuple[str, ...]:
        special = {
            "node.data_dir": self.data_dir,
            "workload.iterations": self.iterations,
            "node.seed": self.seed,
        }
        given = [f"{key}={value}" for key, value in special.items() if value is not None]
        return (*self.overrides, *given)


def data_dir_named(config: Path | None, data_dir: Path | None) -> DataDir:
    """Return the data directory of a node that runs or ran.

    Where it is named, the configuration is not read: it may be wrong by now, and the node runs.

    Raises:
        ConfigError: it is not named, and the configuration can't be read.
    """
    if data_dir is not None:
        return DataDir(data_dir.expanduser())
    return data_dir_of(Choice(config=config).load())


def data_dir_of(loaded: Loaded) -> DataDir:
    """Return the data directory that the settings name."""
    return DataDir(Path(loaded.settings.node.data_dir).expanduser())


def file_of(choice: Choice, environment: Mapping[str, str] | None = None) -> Path | None:
    """Return the configuration file that is read, if one is."""
    named = choice.config or (os.environ if environment is None else environment).get(CONFIG)
    if named:
        return Path(named)
    return Path(FILE) if Path(FILE).exists() else None
