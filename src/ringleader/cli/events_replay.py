"""`ringleader events replay`: somebody gets events of the log again."""

from typing import Annotated

import typer
from msgspec import to_builtins

from .. import event_lines as lines
from ..log_questions import Replayed, ReplayOrder, ReplayPlan
from ..log_source import NodeEvents, node_events
from .asking import Yes, confirm
from .choice import Config, Data, Json, data_dir_named
from .events_choice import Filters, Types, Until
from .output import CLEAN, TRY_AGAIN, answers_errors, note, print_json

Since = Annotated[
    str,
    typer.Option(
        "--since",
        metavar="MOMENT",
        help="From then on: how long ago (30m, 2h, 7d), a time (2026-01-31T12:00), or the "
        "sequence number of an event.",
    ),
]
To = Annotated[
    str,
    typer.Option(
        "--to", metavar="CONSUMER|PATH", help="A durable consumer, or the path of a subscriber."
    ),
]
AnyAge = Annotated[
    bool,
    typer.Option("--any-age", help="Events, too, that are older than their type allows."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell how many there are.")]


@answers_errors
def replay(
    *,
    to: To,
    since: Since,
    until: Until = None,
    type_: Types = None,
    any_age: AnyAge = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Hand events of the log to one consumer or subscriber again, and to nobody else.

    A durable consumer is set back: it gets all its events from there on, as it would have. A
    subscriber without one gets those that it would get if they were published now, with their ids;
    --until and --type are for these. What fails is a dead letter.

    A node must run. Exit codes: 0 all are handled, or the consumer is set back; 1 you said no, or
    it can't be meant; 75 some have failed, or no node runs.
    """
    filters = Filters(type=type_, since=since, until=until)
    query = filters.query()
    order = ReplayOrder(
        to=to,
        after=query.after,
        since=query.since,
        until=query.until,
        last=filters.last,
        types=query.types,
        any_age=any_age,
    )
    with node_events(data_dir_named(config, data_dir)) as node:
        plan = node.plan(order)
        _say(plan, to, json=json)
        if dry_run or not plan.events:
            if json:
                print_json({"plan": plan, "done": False})
            return CLEAN
        confirm(_question(plan, to), yes=yes, json=json)
        if plan.kind == "consumer":
            return _rewind(node, plan, to, json=json)
        return _send(node, order, json=json)


def _say(plan: ReplayPlan, to: str, *, json: bool) -> None:
    if json:
        return
    more = "" if plan.is_counted else "more than "
    typer.echo(f"{to} gets {more}{lines.count(plan.events)} again")
    if plan.kind == "consumer":
        note(f"it is at #{plan.cursor}, and will be at #{plan.after}; {plan.lag:,} wait for it")
        if plan.too_old:
            note(f"too old for their type: {lines.count(plan.too_old)}, which will be dead letters")
        return
    if plan.too_old:
        note(f"too old for their type: {lines.count(plan.too_old)}, left out; see --any-age")
    if plan.unwanted:
        note(f"not for it: {lines.count(plan.unwanted)}, left out")


def _question(plan: ReplayPlan, to: str) -> str:
    return f"set {to} back?" if plan.kind == "consumer" else f"send them to {to}?"


def _rewind(node: NodeEvents, plan: ReplayPlan, to: str, *, json: bool) -> int:
    info = node.rewind(to, plan.after)
    if json:
        print_json({"plan": plan, "done": True, "consumer": info})
    else:
        held = "" if info.active else "; nobody holds it now"
        typer.echo(f"{to} is at #{info.cursor}, {lines.count(info.lag)} to come{held}")
    return CLEAN


def _send(node: NodeEvents, order: ReplayOrder, *, json: bool) -> int:
    progress = Replayed(replay="")
    for progress in node.replay(order):
        if not progress.is_done and not json:
            full = "; its mailbox is full" if progress.is_full else ""
            note(f"so far {_outcomes(progress)}{full}")
    if json:
        print_json({"done": True, **to_builtins(progress)})
    else:
        typer.echo(f"of {lines.count(progress.sent)}: {_outcomes(progress)}")
    return CLEAN if progress.outcomes.get("handled", 0) == progress.sent else TRY_AGAIN


def _outcomes(progress: Replayed) -> str:
    parts = [
        f"{number:,} {outcome.replace('_', ' ')}" for outcome, number in progress.outcomes.items()
    ]
    if progress.under_way:
        parts.append(f"{progress.under_way:,} under way")
    return ", ".join(parts) or "nothing was sent"
