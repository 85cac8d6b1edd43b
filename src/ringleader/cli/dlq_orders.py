"""`ringleader dlq retry`, `drop`, `purge`: what is done about the dead letters of a node."""

from typing import Annotated, Final

import typer

from ringleader.actors.dead_letters import MOST, OPEN, LetterQuery, Retried, StoredLetter

from .. import dlq_lines as lines
from ..dlq_questions import LONGEST_WAIT
from ..dlq_source import NodeLetters, node_letters
from ..durations import in_words, seconds_in
from .asking import Yes, confirm
from .choice import Config, Data, Json, data_dir_named
from .dlq_choice import All, Filters, Handler, Ids, Limit, Since, Statuses, Type, Why, chosen
from .output import (
    BAD_CONFIG,
    CLEAN,
    TRY_AGAIN,
    answers_errors,
    note,
    print_json,
)

_NAMED: Final = 20
"""Letters that failed again, or were not tried, that are named, of those that there are."""

Wait = Annotated[
    float,
    typer.Option(
        "--wait",
        metavar="SECONDS",
        min=0,
        max=LONGEST_WAIT,
        help="Wait so long for what comes of up to 100 tries.",
    ),
]
Age = Annotated[
    str, typer.Option("--older-than", metavar="DURATION", help="Since when nothing happened.")
]


@answers_errors
def retry(
    ids: Ids = None,
    *,
    all_: All = False,
    wait: Wait = 10.0,
    type_: Type = None,
    handler: Handler = None,
    reason: Why = None,
    status: Statuses = None,
    since: Since = None,
    limit: Limit = MOST,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Try letters again now, due or not: each goes to the one subscriber that failed.

    With --all those that are pending, the oldest first. A node must run. Exit codes: 0 all are
    recovered; 1 some can't be tried again, or there is no such letter; 75 some have failed again,
    or are still under way, or no node runs.
    """
    filters = Filters(
        type=type_, handler=handler, reason=reason, status=status, since=since, limit=limit
    )
    with node_letters(data_dir_named(config, data_dir)) as node:
        numbers = chosen(node, ids, filters, ("pending",), all_=all_)
        total = _retry(node, numbers, wait, quiet=json)
        failed = _failed(node, total)
    if json:
        print_json(
            {
                "asked": len(numbers),
                "recovered": total.recovered,
                "failed": total.failed,
                "under_way": total.under_way,
                "refused": total.refused,
            }
        )
        return _code(total)
    for number, why in list(total.refused.items())[:_NAMED]:
        note(f"{number} is not tried: {why}")
    for letter in failed:
        note(f"{letter.number} failed again: {lines.what(letter)}: {lines.why(letter)}")
    typer.echo(f"of {lines.letters(len(numbers))}: {lines.retried(total)}")
    return _code(total)


def _retry(node: NodeLetters, numbers: list[int], wait: float, *, quiet: bool) -> Retried:
    """Try letters again, batch by batch, and say how far that is if there are several."""
    total, done = Retried(), 0
    for batch in node.retry(numbers, wait):
        total = Retried(
            begun=total.begun + batch.begun,
            recovered=total.recovered + batch.recovered,
            failed=total.failed + batch.failed,
            refused=total.refused | batch.refused,
        )
        done += len(batch.begun) + len(batch.refused)
        if done < len(numbers) and not quiet:
            note(f"{done:,} of {lines.letters(len(numbers))}: {lines.retried(total)}")
    return total


def _failed(node: NodeLetters, total: Retried) -> list[StoredLetter]:
    numbers = total.failed[:_NAMED]
    return node.find(LetterQuery(numbers=numbers)) if numbers else []


def _code(total: Retried) -> int:
    if total.refused:
        return BAD_CONFIG
    return TRY_AGAIN if total.failed or total.under_way else CLEAN


@answers_errors
def drop(
    ids: Ids = None,
    *,
    all_: All = False,
    yes: Yes = False,
    type_: Type = None,
    handler: Handler = None,
    reason: Why = None,
    status: Statuses = None,
    since: Since = None,
    limit: Limit = MOST,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Give letters up for good: they are not tried again by themselves, and forgotten in time.

    With --all those that are pending, the oldest first. A node must run. Exit codes: 0 done; 1 you
    said no, or there is no such letter; 75 no node runs.
    """
    filters = Filters(
        type=type_, handler=handler, reason=reason, status=status, since=since, limit=limit
    )
    with node_letters(data_dir_named(config, data_dir)) as node:
        numbers = chosen(node, ids, filters, OPEN, all_=all_)
        if numbers:
            confirm(f"drop {lines.letters(len(numbers))}?", yes=yes, json=json)
        dropped = node.drop(numbers)
    if json:
        print_json({"asked": len(numbers), "dropped": dropped})
    else:
        typer.echo(f"{lines.letters(dropped)} dropped")
    return CLEAN


@answers_errors
def purge(
    *,
    older_than: Age = "7d",
    yes: Yes = False,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Delete letters that are recovered, abandoned or dropped for so long; no others.

    The node does so by itself, too: `dead_letters.retention`. A node must run.
    """
    age = seconds_in(older_than)
    with node_letters(data_dir_named(config, data_dir)) as node:
        words = f"delete letters that are closed for {in_words(age)}?"
        confirm(words, yes=yes, json=json)
        purged = node.purge(age)
    if json:
        print_json({"purged": purged})
    else:
        typer.echo(f"{lines.letters(purged)} deleted")
    return CLEAN
