"""The work of `selfplay`: batches of games, each played to its end before the next begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .arrays import pack, unpack
from .games import records_from_arrays, records_to_arrays, write_games
from .hexgame import HexGame
from .models import read_model
from .players import NetworkPlayer, Player, RolloutPlayer
from .randomness import Purpose, seed_of
from .search import SearchSettings, batch_size
from .table import Record, Table

if TYPE_CHECKING:
    from .options import SelfplayOptions
    from .protocol import Metric
    from .session import Session


def work(session: Session[SelfplayOptions]) -> dict[str, Any]:
    """Play the job's games and write them; see `selfplay` for what goes in and comes out."""
    options = session.options
    output = session.output("games")
    game = HexGame(session.board.side)
    player, model_id = _player(session, game)
    records = _Selfplay(session, game, player).run()
    write_games(output, records, game.side, session.job.iteration, model_id)
    return {
        "games": len(records),
        "samples": sum(len(record.moves) for record in records),
        "duration_seconds": session.seconds,
        "output_path": str(output),
        "model_id": model_id,
        "engine": "network" if model_id else "rollouts",
        "first_player_wins": sum(record.outcome > 0 for record in records) / options.games,
        "average_length": sum(len(record.moves) for record in records) / options.games,
    }


def _player(session: Session[SelfplayOptions], game: HexGame) -> tuple[Player, str]:
    options = session.options
    path = session.optional_input("model")
    if path is None:
        return RolloutPlayer(game, options.simulations, options.rollout_exploration), ""
    network = read_model(path, game.side)
    settings = SearchSettings(
        simulations=options.simulations,
        c_puct=options.c_puct,
        first_play_reduction=options.first_play_reduction,
        noise_share=options.noise_share,
    )
    player = NetworkPlayer(game, network, settings, noise_alpha=options.noise_alpha)
    return player, network.model_id


class _Selfplay:
    """Games in batches; a checkpoint holds the finished ones and the batch under way."""

    def __init__(self, session: Session[SelfplayOptions], game: HexGame, player: Player) -> None:
        self._session = session
        self._game = game
        self._player = player
        self._records: list[Record] = []
        self._table: Table | None = None

    def run(self) -> list[Record]:
        """Play all games, going on where a checkpoint says."""
        total = self._session.options.games
        self._restore()
        while len(self._records) < total:
            table = self._table or self._new_table()
            self._play_out(table)
            self._records += table.records()
            self._table = None
        self._session.progress(total, total, "games", self._metrics())
        return self._records

    def _new_table(self) -> Table:
        options = self._session.options
        done = len(self._records)
        size = batch_size(options.games_at_once, options.simulations, self._game.cells)
        numbers = range(
            options.first_game + done, options.first_game + min(done + size, options.games)
        )
        return Table(self._game, numbers, seed_of(self._session.job, Purpose.SELFPLAY))

    def _play_out(self, table: Table) -> None:
        self._table = table
        options = self._session.options
        while places := table.open:
            done = len(self._records) + len(table) - len(places)
            self._session.progress(done, options.games, "games", self._metrics())
            self._session.tick(done, self._checkpoint)
            table.advance([(self._player, places)], sampled=table.ply < options.temperature_plies)

    def _metrics(self) -> dict[str, Metric]:
        return {"samples": sum(len(record.moves) for record in self._records)}

    def _checkpoint(self) -> bytes:
        arrays = records_to_arrays(self._records, self._game.cells)
        return pack({**arrays, **(self._table.to_arrays() if self._table else {})})

    def _restore(self) -> None:
        saved = self._session.restore()
        if saved is not None:
            arrays = unpack(saved)
            self._records = records_from_arrays(arrays)
            self._table = self._new_table()
            self._table.restore(arrays)
