"""`ringleader up`: run the declared tree."""

import os
import secrets
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ringleader.config import ConfigError, Loaded

from .. import runs
from ..live import results
from ..node import Node
from ..preflight import missing_extras, missing_programs, unplayable_keys
from ..runs import Arguments
from ..status_http.access import problems as status_problems
from ..subscriptions import unknown_subscriptions
from ..summary import Summary
from .choice import Choice, Config, Data, Json, Profile, Set, data_dir_of
from .output import BadArgument, answers_errors, note, print_json
from .screen import open_screen
from .session import Ending, Session

Iterations = Annotated[
    int | None,
    typer.Option(
        "--iterations", metavar="N", min=0, help="End after so many iterations; 0 goes on for good."
    ),
]
Chaos = Annotated[
    float | None,
    typer.Option(
        "--chaos",
        metavar="S",
        min=0.01,
        help="Kill an actor, a job's process or a supervisor, drawn at random, every S seconds.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", min=0, help="Draw everything from this; 0 draws a seed."),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with the latest run from its last finished stage, with the arguments that it "
        "was begun with; what you give here goes over them. If there is none, begin one.",
    ),
]
SummaryFile = Annotated[
    Path | None, typer.Option("--summary", metavar="FILE", help="Write what came of it as JSON.")
]
Plain = Annotated[
    bool, typer.Option("--plain", help="Print lines, and no live view, on a terminal too.")
]


@answers_errors
def up(
    *,
    config: Config = None,
    profile: Profile = None,
    set_: Set = None,
    iterations: Iterations = None,
    chaos: Chaos = None,
    seed: Seed = None,
    data_dir: Data = None,
    resume: Resume = False,
    summary: SummaryFile = None,
    json: Json = False,
    plain: Plain = False,
) -> int:
    """Run the declared tree until it has done its iterations, or somebody stops it.

    Each `up` begins a run of its own in the data directory, and leaves earlier ones alone. SIGINT
    (Ctrl-C) and SIGTERM stop the node in order; a second one stops it now.

    Without a configuration file this is the demo: a small board, in minutes.
    """
    choice = Choice(
        config=config,
        profile=profile,
        overrides=tuple(set_ or ()),
        data_dir=data_dir,
        iterations=iterations,
        seed=seed,
    )
    _check_summary(summary)
    loaded, arguments = _settings(choice, resume=resume)
    problems = [
        *missing_programs(loaded),
        *unplayable_keys(loaded),
        *missing_extras(loaded),
        *unknown_subscriptions(loaded),
        *status_problems(loaded),
    ]
    if problems:
        raise ConfigError(problems)
    screen = open_screen(plain=plain, json=json)
    try:
        session = Session(screen)
        node = Node(
            loaded,
            data_dir_of(loaded),
            arguments=arguments,
            resume=resume,
            chaos=chaos,
            write=screen.line,
            on_stop=session.order_stop,
        )
        ending = session.run(node)
        screen.close(results(ending.rows, ending.summary))
    finally:
        screen.close()
    return _report(ending, summary, node.data.log, json=json)


def _settings(choice: Choice, *, resume: bool) -> tuple[Loaded, Arguments]:
    loaded = choice.load()
    last = runs.latest(data_dir_of(loaded).runs) if resume else None
    if last is not None:
        choice = over(choice, last.record.arguments)
        loaded = choice.load()
    return loaded, Arguments(
        config=None if choice.config is None else str(choice.config.absolute()),
        profile=loaded.settings.profile,
        overrides=choice.overrides,
        iterations=choice.iterations,
        seed=loaded.settings.node.seed or secrets.randbelow(2**31 - 1) + 1,
    )


def over(choice: Choice, begun: Arguments) -> Choice:
    """Lay a choice over what a run was begun with."""
    return replace(
        choice,
        config=choice.config or (None if begun.config is None else Path(begun.config)),
        profile=begun.profile if choice.profile is None else choice.profile,
        overrides=(*begun.overrides, *choice.overrides),
        iterations=begun.iterations if choice.iterations is None else choice.iterations,
        seed=choice.seed or begun.seed,
    )


def _check_summary(path: Path | None) -> None:
    """Refuse a summary that could not be written, before hours of work and not after."""
    if path is None:
        return
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "Is a directory")
        with tempfile.TemporaryFile(dir=path.absolute().parent):
            pass
    except OSError as error:
        raise BadArgument(f"--summary {path} can't be written: {error.strerror}") from error


def _report(ending: Ending, path: Path | None, log: Path, *, json: bool) -> int:
    if path is not None:
        write_summary(path, ending.summary)
    if json:
        print_json(ending.summary)
    if ending.error:
        note(f"ringleader: {ending.error}; more in {log}")
    return ending.exit_code


def write_summary(path: Path, summary: Summary) -> None:
    """Write a summary so that the file is there with all its content or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n")
    part.replace(path)
