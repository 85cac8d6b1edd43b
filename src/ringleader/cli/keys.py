"""`ringleader keys`: the key of this node, and those of the nodes that it lets in."""

from typing import Annotated, Any, Final

import typer

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.transport.key_files import KeyPair
from ringleader.transport.keys import KeyRing, Standing

from ..durations import in_words, local_time, seconds_in
from .choice import Config, Data, Json, data_dir_named
from .output import CLEAN, Command, Commands, answers_errors, note, print_json

keys_app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help="Make the key of this node, and say whose nodes are let in. A running node follows within "
    "seconds.",
)

_DAY: Final = "24h"

Name = Annotated[str, typer.Argument(metavar="NAME", help="The other node's id.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="Its public key, in single quotes.")]
OneKey = Annotated[
    str | None, typer.Argument(metavar="KEY", help="Only this one \\[default: all it has].")
]
Overlap = Annotated[
    str | None,
    typer.Option(
        "--overlap",
        metavar="DURATION",
        help="Let in the keys that it has now for so long, and no longer: 0s, 24h, 7d.",
    ),
]
After = Annotated[
    str, typer.Option("--after", metavar="DURATION", help="Use it from then on: 0s, 24h, 7d.")
]


def _ring(config: Config, data_dir: Data) -> KeyRing:
    return KeyRing(data_dir_named(config, data_dir).keys, RealClock(spawn).time)


def _writable(config: Config, data_dir: Data) -> KeyRing:
    data_dir_named(config, data_dir).make()
    return _ring(config, data_dir)


@keys_app.command(cls=Command)
@answers_errors
def new(*, config: Config = None, data_dir: Data = None, json: Json = False) -> int:
    """Make the key of this node; once. Other nodes are told the public one."""
    return _tell(_writable(config, data_dir).generate(), None, json=json)


@keys_app.command(cls=Command)
@answers_errors
def show(*, config: Config = None, data_dir: Data = None, json: Json = False) -> int:
    """Print the public key of this node, and the next one if there will be another."""
    ring = _ring(config, data_dir)
    return _tell(ring.pair, ring.next_pair, json=json)


@keys_app.command(cls=Command)
@answers_errors
def rotate(
    *, after: After = _DAY, config: Config = None, data_dir: Data = None, json: Json = False
) -> int:
    """Make the next key of this node, which takes the place of the first one after a while.

    Until then the other nodes should let in both: they learn the next one by themselves while they
    are connected, or by hand: keys allow NAME 'KEY' --overlap 7d.
    """
    ring = _writable(config, data_dir)
    ring.rotate(seconds_in(after))
    return _tell(ring.pair, ring.next_pair, json=json)


@keys_app.command(cls=Command)
@answers_errors
def allow(
    name: Name,
    key: Key,
    *,
    overlap: Overlap = None,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Let in who has this key, under the name of a node."""
    ring = _writable(config, data_dir)
    ring.allow(name, key, overlap=None if overlap is None else seconds_in(overlap))
    if json:
        print_json({"name": name, "keys": ring.keys_of(name)})
        return CLEAN
    number = len(ring.keys_of(name))
    note(f"{name} is let in with {'this key' if number == 1 else f'any of its {number} keys'}")
    return CLEAN


@keys_app.command(cls=Command)
@answers_errors
def revoke(
    name: Name,
    key: OneKey = None,
    *,
    config: Config = None,
    data_dir: Data = None,
    json: Json = False,
) -> int:
    """Let a node in no more, or not with this key; for good. What it is connected to is cut."""
    gone = _writable(config, data_dir).revoke(name, key)
    if json:
        print_json({"name": name, "revoked": gone})
    else:
        note(f"revoked {len(gone)} of {name}'s keys: " + ", ".join(repr(k) for k in gone))
    return CLEAN


@keys_app.command("list", cls=Command)
@answers_errors
def list_(*, config: Config = None, data_dir: Data = None, json: Json = False) -> int:
    """List the keys of other nodes, with what holds of each."""
    ring = _ring(config, data_dir)
    entries = ring.entries()
    if json:
        print_json({"keys": [_entry(k, s) for k, s in entries], "faults": ring.faults})
        return CLEAN
    for key, standing in entries:
        typer.echo(_line(key, standing))
    for fault in ring.faults:
        note(f"ringleader: {fault}")
    if not entries and not ring.faults:
        note("nobody is let in; ringleader keys allow NAME 'KEY'")
    return CLEAN


def _tell(pair: KeyPair, following: KeyPair | None, *, json: bool) -> int:
    """Print the public key on standard output, and all else beside it."""
    if json:
        print_json(
            {"current": _pair(pair), "next": None if following is None else _pair(following)}
        )
        return CLEAN
    typer.echo(pair.public)
    told = following or pair
    if following is not None:
        left = in_words(following.since - RealClock(spawn).time())
        when = f"from {local_time(following.since)} on, in {left}"
        note(f"the next one: '{following.public}', {when}")
    note(f"on each other host: ringleader keys allow NAME '{told.public}'")
    return CLEAN


def _pair(pair: KeyPair) -> dict[str, Any]:
    return {"public": pair.public, "since": pair.since}  # the secret one is printed nowhere


def _entry(key: str, standing: Standing) -> dict[str, Any]:
    return {
        "name": standing.name,
        "key": key,
        "standing": standing.word,
        "date": standing.date,
        "configured": standing.is_configured,
    }


def _line(key: str, standing: Standing) -> str:
    word: str = standing.word
    if standing.date is not None:
        joint = {"allowed": "until", "expired": "at", "revoked": "at"}.get(word, "")
        word = f"{word} {joint} {local_time(standing.date)}"
    if standing.is_configured:
        word = f"{word} by the configuration"
    return f"{standing.name} {key} {word}"
