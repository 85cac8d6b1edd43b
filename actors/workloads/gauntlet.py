"""The work of `evaluate`: a model plays its opponents and is rated by the scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .arrays import Arrays, pack, unpack
from .elo import Score, difference, is_decided, rating
from .errors import BadJobFileError
from .hexgame import HexGame
from .models import read_model
from .players import NetworkPlayer, Player, RandomPlayer, RolloutPlayer
from .randomness import Purpose, seed_of
from .search import SearchSettings, batch_size
from .table import Table

if TYPE_CHECKING:
    from .network import Network
    from .options import EvaluateOptions
    from .protocol import Metric
    from .session import Session


class Opponent(NamedTuple):
    """Somebody to be compared with.

    Attributes:
        name: what the result calls it.
        player: who plays.
        games: how many games to play.
        elo: its rating, None when it is not known.
        purpose: what its games' random numbers are for.
    """

    name: str
    player: Player
    games: int
    elo: float | None
    purpose: Purpose


def work(session: Session[EvaluateOptions]) -> dict[str, Any]:
    """Play the job's gauntlet; see `evaluate` for what goes in and comes out."""
    game = HexGame(session.board.side)
    path = session.input("model")
    network = read_model(path, game.side)
    opponents = _opponents(session, game)
    if not opponents:
        raise BadJobFileError(f"job {session.job.job_id!r}: its options leave no games to play")
    gauntlet = _Gauntlet(session, game, _network_player(session, game, network), opponents)
    scores = gauntlet.run()
    total = Score(sum(s.wins for s in scores.values()), sum(s.games for s in scores.values()))
    elo = rating([(o.elo, scores[o.name]) for o in opponents if o.elo is not None])
    return {
        "model_path": str(path),
        "model_id": network.model_id,
        "games_played": total.games,
        "win_rate": total.win_rate,
        "opponents": {name: _told(score) for name, score in scores.items()},
        "elo": elo,
        "elo_delta": _elo_delta(elo, session.options.best_elo, scores.get("best")),
        "duration_seconds": session.seconds,
    }


def _told(score: Score) -> dict[str, Any]:
    return {
        "wins": score.wins,
        "losses": score.losses,
        "games": score.games,
        "win_rate": score.win_rate,
    }


def _elo_delta(elo: float | None, best_elo: float | None, best: Score | None) -> float | None:
    """Return how much better the model is than the best: by ratings, else by their games."""
    if elo is not None and best_elo is not None:
        return elo - best_elo
    return difference(best) if best is not None else None


def _network_player(
    session: Session[EvaluateOptions], game: HexGame, network: Network
) -> NetworkPlayer:
    options = session.options
    settings = SearchSettings(
        simulations=options.simulations,
        c_puct=options.c_puct,
        first_play_reduction=options.first_play_reduction,
    )
    return NetworkPlayer(game, network, settings)


def _opponents(session: Session[EvaluateOptions], game: HexGame) -> list[Opponent]:
    options = session.options
    heuristic = RolloutPlayer(game, options.heuristic_simulations, options.heuristic_exploration)
    opponents = [
        Opponent(
            "random",
            RandomPlayer(game),
            options.random_games,
            options.random_elo,
            Purpose.AGAINST_RANDOM,
        ),
        Opponent(
            "heuristic",
            heuristic,
            options.heuristic_games,
            options.heuristic_elo,
            Purpose.AGAINST_HEURISTIC,
        ),
    ]
    models = (
        ("best", options.best_games, options.best_elo, Purpose.AGAINST_BEST),
        ("first", options.first_games, options.first_elo, Purpose.AGAINST_FIRST),
    )
    for name, games, elo, purpose in models:
        path = session.optional_input(name)
        if path is not None:
            player = _network_player(session, game, read_model(path, game.side))
            opponents.append(Opponent(name, player, games, elo, purpose))
    return [opponent for opponent in opponents if opponent.games]


class _Gauntlet:
    """Batches of games, opponent after opponent; a checkpoint holds the scores and the batch.

    The model is player 0 in games of even number and player 1 in the others.
    """

    def __init__(
        self,
        session: Session[EvaluateOptions],
        game: HexGame,
        model: Player,
        opponents: list[Opponent],
    ) -> None:
        self._session = session
        self._options = session.options
        self._game = game
        self._model = model
        self._opponents = opponents
        self._scores = [Score(0, 0) for _ in opponents]
        self._current = 0
        self._table: Table | None = None

    def run(self) -> dict[str, Score]:
        """Play everybody, going on where a checkpoint says; return the scores by name."""
        self._restore()
        while self._current < len(self._opponents):
            opponent = self._opponents[self._current]
            while not self._is_enough(opponent):
                table = self._table or self._new_table(opponent)
                self._play_out(table, opponent)
                self._scores[self._current] = self._scores[self._current].plus(_score(table))
                self._table = None
            self._current += 1
            self._report()
        return {o.name: score for o, score in zip(self._opponents, self._scores, strict=True)}

    def _is_enough(self, opponent: Opponent) -> bool:
        score = self._scores[self._current]
        if score.games >= opponent.games:
            return True
        confidence = self._options.stop_early_confidence
        early = confidence > 0 and score.games >= self._options.stop_early_games
        return early and is_decided(score, confidence)

    def _new_table(self, opponent: Opponent) -> Table:
        options = self._options
        searched = max(options.simulations, options.heuristic_simulations)
        size = batch_size(options.games_at_once, searched, self._game.cells)
        if options.stop_early_confidence:
            size = min(size, options.stop_early_games)
        done = self._scores[self._current].games
        numbers = range(done, min(done + size, opponent.games))
        return Table(self._game, numbers, seed_of(self._session.job, opponent.purpose))

    def _play_out(self, table: Table, opponent: Opponent) -> None:
        self._table = table
        while places := table.open:
            self._report()
            self._session.tick(self._games_done(), self._checkpoint)
            ours = [p for p in places if (table.ply + table.numbers[p]) % 2 == 0]
            theirs = [p for p in places if (table.ply + table.numbers[p]) % 2 == 1]
            sampled = table.ply < self._options.sampled_plies
            table.advance([(self._model, ours), (opponent.player, theirs)], sampled=sampled)

    def _games_done(self) -> int:
        return sum(score.games for score in self._scores)

    def _games_planned(self) -> int:
        """Count what was played against those who are done, and what is planned with the rest."""
        rest = sum(opponent.games for opponent in self._opponents[self._current :])
        return rest + sum(score.games for score in self._scores[: self._current])

    def _report(self) -> None:
        last = min(self._current, len(self._opponents) - 1)
        score, opponent = self._scores[last], self._opponents[last]
        metrics: dict[str, Metric] = {
            "baseline": opponent.name,
            "games_completed": score.games,
            "games_total": opponent.games,
            "current_win_rate": score.win_rate,
        }
        self._session.progress(self._games_done(), self._games_planned(), "games", metrics)

    def _checkpoint(self) -> bytes:
        state: Arrays = {"scores": np.array(self._scores), "current": np.array(self._current)}
        return pack({**state, **(self._table.to_arrays() if self._table else {})})

    def _restore(self) -> None:
        saved = self._session.restore()
        if saved is None:
            return
        arrays = unpack(saved)
        self._scores = [Score(int(wins), int(games)) for wins, games in arrays["scores"]]
        self._current = int(arrays["current"])
        self._table = self._new_table(self._opponents[self._current])
        self._table.restore(arrays)


def _score(table: Table) -> Score:
    pairs = zip(table.numbers, table.records(), strict=True)
    won = sum((record.outcome > 0) == (number % 2 == 0) for number, record in pairs)
    return Score(wins=won, games=len(table))
