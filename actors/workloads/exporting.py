"""The work of `export`: every game is played again by OpenSpiel's rules before it is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import pack, unpack
from .games import read_games
from .hexgame import HexGame
from .samples import Samples, Source, write_samples

if TYPE_CHECKING:
    from .options import ExportOptions
    from .session import Session
    from .table import Record


def work(session: Session[ExportOptions]) -> dict[str, Any]:
    """Turn the job's games into samples; see `export` for what goes in and comes out."""
    output = session.output("samples")
    game = HexGame(session.board.side)
    files = [read_games(path, game.side) for path in session.input_list("games")]
    records = [record for file in files for record in file.records]
    export = _Export(session, game)
    samples = export.run(records)
    source = Source(
        side=game.side,
        iteration=max(file.iteration for file in files),
        created=max(file.created for file in files),
        quality=export.sound / max(len(records), 1),
    )
    write_samples(output, samples, source)
    return {
        "samples": len(samples),
        "games": export.sound,
        "games_dropped": len(records) - export.sound,
        "quality": source.quality,
        "duration_seconds": session.seconds,
        "output_path": str(output),
    }


class _Export:
    """Games becoming samples, one at a time.

    Attributes:
        sound: how many were played by the rules, to their stated outcome, and not seen before.
    """

    def __init__(self, session: Session[ExportOptions], game: HexGame) -> None:
        self.sound = 0
        self._session = session
        self._game = game
        self._done = 0
        self._parts = [Samples.empty(game.cells)]

    def run(self, records: list[Record]) -> Samples:
        """Return the samples of all sound games."""
        self._restore()
        seen = {tuple(record.moves) for record in records[: self._done]}
        for record in records[self._done :]:
            self._session.progress(self._done, len(records), "games", {"samples": self._count()})
            self._session.tick(self._done, self._checkpoint)
            moves = tuple(record.moves)
            if moves not in seen and is_sound(self._game, record):
                self._take(record)
            seen.add(moves)
            self._done += 1
        self._session.progress(self._done, len(records), "games", {"samples": self._count()})
        return self._merged()

    def _take(self, record: Record) -> None:
        augment = self._session.options.augment
        self._parts.append(samples_of(self._game, record, self.sound, augment=augment))
        self.sound += 1

    def _count(self) -> int:
        return sum(len(part) for part in self._parts)

    def _merged(self) -> Samples:
        """Put the parts together, here too, so that no position is copied at every checkpoint."""
        whole = Samples.joined(self._parts)
        self._parts = [whole]
        return whole

    def _checkpoint(self) -> bytes:
        counts = {"done": np.array(self._done), "sound": np.array(self.sound)}
        return pack({**self._merged().to_arrays(), **counts})

    def _restore(self) -> None:
        saved = self._session.restore()
        if saved is not None:
            arrays = unpack(saved)
            self._parts = [Samples.from_arrays(arrays)]
            self._done = int(arrays["done"])
            self.sound = int(arrays["sound"])


def is_sound(game: HexGame, record: Record) -> bool:
    """Tell whether a game was played by the rules and ended as it says."""
    try:
        state = game.replay(record.moves)
    except ValueError:
        return False
    return state.is_terminal() and state.player_return(0) == record.outcome


def samples_of(game: HexGame, record: Record, number: int, *, augment: bool) -> Samples:
    """Return the positions of one game, before each of its moves.

    Args:
        game: the game that is played.
        record: a finished game.
        number: what to number it.
        augment: add each position turned by 180°.
    """
    plies = len(record.moves)
    movers = (np.arange(plies) % 2).astype(np.int8)
    boards = np.zeros((plies, game.cells), dtype=np.int8)
    for ply, move in enumerate(record.moves):
        boards[ply + 1 :, move] = 1 - 2 * (ply % 2)
    visits = np.stack(record.visits).astype(np.float32)
    seen = game.seen(boards, movers)
    policies = game.as_seen(visits / visits.sum(axis=1, keepdims=True), movers)
    values = (record.outcome * (1 - 2 * movers)).astype(np.float32)
    if augment:
        seen = np.concatenate([seen, seen[:, game.turned]])
        policies = np.concatenate([policies, policies[:, game.turned]])
        values = np.concatenate([values, values])
    return Samples(
        boards=seen,
        policies=policies,
        values=values,
        weights=np.ones(len(values), dtype=np.float32),
        games=np.full(len(values), number, dtype=np.int32),
    )
