from __future__ import annotations

from tests.actors.workloads import needs_selfplay  # before NumPy: skips without the extra

# isort: split
import numpy as np
import pytest

from ringleader.actors.workloads.hexgame import HexGame
from ringleader.actors.workloads.network import Network
from ringleader.actors.workloads.players import (
    NetworkPlayer,
    Player,
    RandomPlayer,
    RolloutPlayer,
)
from ringleader.actors.workloads.search import SearchSettings
from ringleader.actors.workloads.table import Table, choose

pytestmark = needs_selfplay.MARK

GAME = HexGame(3)
NOISY = SearchSettings(simulations=8, c_puct=1.5, noise_share=0.25)
PLAYERS: dict[str, Player] = {
    "random": RandomPlayer(GAME),
    "rollout": RolloutPlayer(GAME, simulations=8, exploration=0.7),
    "network": NetworkPlayer(
        GAME, Network.fresh(9, (8,), np.random.default_rng(1)), NOISY, noise_alpha=0.5
    ),
}


def play_out(table: Table, player: Player, plies: int = 9) -> Table:
    for _ in range(plies):
        table.advance([(player, table.open)], sampled=True)
    return table


def moves(table: Table) -> list[list[int]]:
    return [record.moves for record in table.records()]


@pytest.mark.parametrize("player", PLAYERS.values(), ids=PLAYERS.keys())
def test_games_are_played_by_the_rules_to_their_end(player: Player) -> None:
    table = play_out(Table(GAME, range(6), (1,)), player)

    assert not table.open
    for record in table.records():
        state = GAME.replay(record.moves)
        assert state.is_terminal()
        assert state.player_return(0) == record.outcome
        assert len(record.visits) == len(record.moves)
        assert all(row[move] > 0 for row, move in zip(record.visits, record.moves, strict=True))


@pytest.mark.parametrize("player", PLAYERS.values(), ids=PLAYERS.keys())
@pytest.mark.parametrize("plies", [0, 3, 6])
def test_a_table_set_up_again_goes_on_as_it_would_have(player: Player, plies: int) -> None:
    whole = play_out(Table(GAME, range(5), (1,)), player)
    first_part = play_out(Table(GAME, range(5), (1,)), player, plies)

    second_part = Table(GAME, range(5), (1,))
    second_part.restore(first_part.to_arrays())

    assert moves(play_out(second_part, player)) == moves(whole)


@pytest.mark.parametrize("player", PLAYERS.values(), ids=PLAYERS.keys())
def test_games_follow_from_seed_and_number(player: Player) -> None:
    together = moves(play_out(Table(GAME, range(6), (1,)), player))
    apart = moves(play_out(Table(GAME, range(3, 6), (1,)), player))
    otherwise = moves(play_out(Table(GAME, range(6), (2,)), player))

    assert apart == together[3:]
    assert otherwise != together


def test_two_players_take_turns_at_one_table() -> None:
    table = Table(GAME, range(2), (1,))
    table.advance([(PLAYERS["random"], [0]), (PLAYERS["rollout"], [1])], sampled=False)

    assert [len(game) for game in moves(table)] == [1, 1]


def test_an_open_game_is_no_win_for_player_0() -> None:
    assert [record.outcome for record in Table(GAME, range(2), (1,)).records()] == [-1, -1]


def test_the_most_visited_move_is_chosen_or_one_by_its_share() -> None:
    visits = np.array([0, 30, 10], dtype=np.int32)
    randoms = [np.random.default_rng(seed) for seed in range(200)]

    sampled = [choose(visits, random) for random in randoms]

    assert choose(visits, None) == 1
    assert set(sampled) == {1, 2}
    assert 0.6 < sampled.count(1) / len(sampled) < 0.9


def test_plain_tree_search_beats_chance() -> None:
    strong = RolloutPlayer(GAME, simulations=200, exploration=0.7)
    table = Table(GAME, range(20), (1,))
    while places := table.open:
        ours = [place for place in places if (place + table.ply) % 2 == 0]
        theirs = [place for place in places if (place + table.ply) % 2 == 1]
        table.advance([(strong, ours), (PLAYERS["random"], theirs)], sampled=False)

    won = [(r.outcome > 0) == (n % 2 == 0) for n, r in enumerate(table.records())]
    assert sum(won) >= 17
