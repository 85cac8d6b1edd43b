"""`ringleader check`: would `ringleader up` start, and what would it say."""

from typing import Annotated, Literal

import msgspec
import typer

from ringleader.actors.errors import RingleaderError
from ringleader.config import ConfigError, Loaded, PlannedSupervisor, Problem, flatten, rows

from ..datadir import DataDir
from ..lockfile import holder_of
from ..node import try_specs
from ..preflight import missing_extras, missing_programs, unplayable_keys
from ..status_http.access import problems as status_problems
from ..subscriptions import expected, undeclared, unknown_subscriptions
from .choice import Choice, Config, Data, Json, Profile, Set, data_dir_of, file_of
from .output import BAD_CONFIG, CLEAN, answers_errors, print_json

Verdict = Literal["ok", "note", "wrong"]
_MARKS: dict[Verdict, str] = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}

Strict = Annotated[
    bool, typer.Option("--strict", help="A missing package is wrong, too: exit code 1.")
]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at.

    Attributes:
        what: the thing.
        verdict: `note` is worth knowing, and stops nothing that is configured right.
        details: what was seen, or each thing that is wrong with it.
    """

    what: str
    verdict: Verdict
    details: tuple[str, ...]


@answers_errors
def check(
    *,
    config: Config = None,
    profile: Profile = None,
    set_: Set = None,
    data_dir: Data = None,
    strict: Strict = False,
    json: Json = False,
) -> int:
    """Check configuration, tree, classes, programs, packages and data directory.

    Nothing is started, and nothing is written but a file that is gone again. Exit code 1 if
    something is wrong.
    """
    choice = Choice(config=config, profile=profile, overrides=tuple(set_ or ()), data_dir=data_dir)
    findings = _look(choice, strict=strict)
    is_right = all(finding.verdict != "wrong" for finding in findings)
    if json:
        print_json({"ok": is_right, "checks": findings})
    else:
        for finding in findings:
            first, *rest = finding.details
            typer.echo(f"{_MARKS[finding.verdict]} {finding.what}: {first}")
            for line in rest:
                typer.echo(f"      {line}")
    return CLEAN if is_right else BAD_CONFIG


def _look(choice: Choice, *, strict: bool) -> list[Finding]:
    try:
        loaded = choice.load()
        planned = loaded.plan()
    except ConfigError as error:
        return [_wrong("configuration", error.problems)]
    nodes = list(flatten(planned))
    supervisors = sum(isinstance(node, PlannedSupervisor) for node in nodes)
    tree = f"{supervisors} supervisors and {len(nodes) - supervisors} actors, in order"
    return [
        Finding("configuration", "ok", _configuration(choice, loaded)),
        Finding("tree", "ok", (tree,)),
        _classes(loaded, len(nodes) - supervisors),
        _found("programs", missing_programs(loaded), "every stage has one"),
        _found("games", unplayable_keys(loaded), "the programs know them all"),
        _found(
            "packages",
            missing_extras(loaded),
            "all that the stages need are there",
            otherwise="wrong" if strict else "note",
        ),
        _subscriptions(loaded),
        _status(loaded, strict=strict),
        _data(data_dir_of(loaded)),
    ]


def _configuration(choice: Choice, loaded: Loaded) -> tuple[str, ...]:
    changed = sum(not row.default for row in rows(loaded))
    profile = loaded.settings.profile
    said = (
        f"{file_of(choice) or 'no file'}, profile {profile or 'none'}, {changed} settings changed"
    )
    unused = (f"{name} is set, and sets nothing here" for name in loaded.ignored)
    return (said, *unused)


def _classes(loaded: Loaded, actors: int) -> Finding:
    try:
        try_specs(loaded)
    except ConfigError as error:
        return _wrong("classes", error.problems)
    return Finding("classes", "ok", (f"{actors} found, with all that they ask for",))


def _subscriptions(loaded: Loaded) -> Finding:
    if problems := unknown_subscriptions(loaded):
        return _wrong("subscriptions", tuple(problems))
    wanted = expected(loaded)
    missing = undeclared(loaded)
    if missing:
        follows = {
            "fail": "`ringleader up` fails if nobody has subscribed to them within "
            f"{loaded.settings.events.subscription_grace:g} s",
            "warn": "`ringleader up` tells of them",
            "ignore": "nothing follows from that",
        }
        nobody = f"no class of the tree handles {', '.join(missing)}"
        return Finding("subscriptions", "note", (nobody, follows[wanted.on_missing]))
    said = f"{len(wanted.critical)} critical event types, each handled by a class of the tree"
    return Finding("subscriptions", "ok", (said if wanted.critical else "none is critical",))


def _status(loaded: Loaded, *, strict: bool) -> Finding:
    options, problems = loaded.settings.status, status_problems(loaded)
    if any(problem.key == "status.host" for problem in problems):
        return _wrong("status over HTTP", tuple(problems))
    right = f"port {options.port} of {options.host}" if options.enabled else "off"
    return _found("status over HTTP", problems, right, otherwise="wrong" if strict else "note")


def _data(data: DataDir) -> Finding:
    try:
        data.check()
    except RingleaderError as error:
        return Finding("data directory", "wrong", (str(error),))
    holder = holder_of(data.lock)
    if holder is not None:
        return Finding("data directory", "note", (f"{data.path}: node {holder.pid} runs on it",))
    return Finding("data directory", "ok", (f"{data.path}: free, and can be written to",))


def _found(what: str, problems: list[Problem], right: str, otherwise: Verdict = "wrong") -> Finding:
    if not problems:
        return Finding(what, "ok", (right,))
    details = tuple(str(problem) for problem in problems)
    if otherwise == "note":
        details = (*details, "`ringleader up` refuses to start as long as that is so")
    return Finding(what, otherwise, details)


def _wrong(what: str, problems: tuple[Problem, ...]) -> Finding:
    return Finding(what, "wrong", tuple(str(problem) for problem in problems))
