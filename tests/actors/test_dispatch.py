from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from ringleader.actors.base import Actor
from ringleader.actors.dispatch import TURN, Pool, here, spawn
from ringleader.actors.dispatch_pinned import Pinned
from tests.probe import holds, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ringleader.actors.cell import Cell
    from ringleader.actors.turns import Turns
    from tests.actors.stage import Stage


class Job:
    """Something with turns: runs a function in each."""

    def __init__(self, run: Callable[[], object]) -> None:
        self.turns: list[int] = []
        self._run = run

    def run(self, turn: int) -> None:
        self.turns.append(turn)
        self._run()


def job(run: Callable[[], object]) -> Turns:
    return cast("Turns", Job(run))


class Blocks:
    """A job that hangs until it is released."""

    def __init__(self) -> None:
        self.begun, self.release, self.ended = (threading.Event() for _ in range(3))
        self.thread = 0
        self.job = job(self._run)

    def _run(self) -> None:
        self.thread = threading.get_ident()
        self.begun.set()
        self.release.wait(5)
        self.ended.set()


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(patience=0.001)
    yield pool
    assert pool.close(5)


def run_and_wait(pool: Pool | Pinned) -> int:
    """Let a turn be run; return the thread that ran it."""
    done, threads = threading.Event(), list[int]()

    def run() -> None:
        threads.append(threading.get_ident())
        done.set()

    pool.put(job(run))
    assert done.wait(5), "nobody ran the turn"
    return threads[0]


def named(name: str) -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == name]


# ---------------------------------------------------------------- spawn


def test_a_spawned_thread_has_a_name_and_does_not_keep_the_process() -> None:
    seen: list[str] = []

    thread = spawn("my-thread", lambda: seen.append(threading.current_thread().name))
    thread.join(5)

    assert seen == ["my-thread"]
    assert thread.daemon


# ---------------------------------------------------------------- the pool


def test_a_pool_starts_its_threads_with_the_first_turn() -> None:
    pool = Pool(workers=2, name="lazy")
    assert named("lazy") == []

    run_and_wait(pool)

    assert len(named("lazy")) == 2
    assert pool.threads == 2
    assert pool.close(5)


def test_a_turn_is_given_its_length(pool: Pool) -> None:
    done = threading.Event()
    one = Job(done.set)
    pool.put(cast("Turns", one))

    assert done.wait(5)
    assert one.turns == [TURN]


def test_one_worker_runs_all_turns_while_nobody_blocks(pool: Pool) -> None:
    assert len({run_and_wait(pool) for _ in range(20)}) == 1


def test_turns_are_given_in_the_order_in_which_they_were_asked_for(pool: Pool) -> None:
    first, order, done = Blocks(), list[int](), threading.Event()
    pool.put(first.job)
    first.begun.wait(5)
    for number in range(5):
        pool.put(job(lambda n=number: order.append(n)))  # type: ignore[misc]  # a default
    pool.put(job(done.set))
    first.release.set()

    assert done.wait(5)
    assert sorted(order) == list(range(5))


def test_the_watchdog_adds_workers_when_turns_block(pool: Pool) -> None:
    blocking = [Blocks() for _ in range(5)]

    for one in blocking:
        pool.put(one.job)

    assert all(one.begun.wait(5) for one in blocking)  # all five at a time
    assert run_and_wait(pool)
    for one in blocking:
        one.release.set()


def test_the_watchdog_stops_at_the_limit() -> None:
    pool = Pool(limit=3, patience=0.001)
    blocking = [Blocks() for _ in range(5)]
    for one in blocking:
        pool.put(one.job)

    probe(lambda: sum(one.begun.is_set() for one in blocking) == 3)
    assert not holds(lambda: pool.threads > 3, timeout=0.02)
    for one in blocking:
        one.release.set()

    assert all(one.ended.wait(5) for one in blocking)
    assert pool.close(5)


def test_workers_too_many_end_when_there_is_nothing_to_do(pool: Pool) -> None:
    blocking = [Blocks() for _ in range(4)]
    for one in blocking:
        pool.put(one.job)
    for one in blocking:
        assert one.begun.wait(5)
    assert pool.threads >= 4

    for one in blocking:
        one.release.set()

    probe(lambda: pool.threads == 1)
    assert run_and_wait(pool)


def test_a_spare_takes_over_while_a_worker_waits(pool: Pool) -> None:
    ran, result = threading.Event(), list[bool]()

    def wait() -> None:
        assert here.pool is pool
        with pool.waiting():
            pool.put(job(ran.set))
            result.append(ran.wait(5))

    pool.put(job(wait))

    probe(lambda: result == [True])
    probe(lambda: pool.threads == 1)


def test_a_worker_that_is_given_up_is_replaced_and_ends_after_its_turn(pool: Pool) -> None:
    hung = Blocks()
    pool.put(hung.job)
    hung.begun.wait(5)
    before = set(threading.enumerate())

    pool.replace(hung.thread)

    assert pool.threads == 1
    assert run_and_wait(pool) != hung.thread
    hung.release.set()
    probe(lambda: all(t.ident != hung.thread for t in threading.enumerate()))
    assert len(set(threading.enumerate()) - before) == 1  # the one in its place
    assert pool.threads == 1


def test_the_place_of_a_worker_that_was_given_up_is_kept(pool: Pool) -> None:
    hung = Blocks()
    pool.put(hung.job)
    hung.begun.wait(5)
    pool.replace(hung.thread)

    threads = {run_and_wait(pool) for _ in range(20)}
    hung.release.set()

    assert len(threads) == 1


def test_a_thread_that_was_given_up_is_known_until_it_ends() -> None:
    abandoned: set[int] = set()
    pool = Pool(abandoned=abandoned)
    hung = Blocks()
    pool.put(hung.job)
    hung.begun.wait(5)

    pool.replace(hung.thread)
    assert abandoned == {hung.thread}
    hung.release.set()

    probe(lambda: not abandoned)
    assert pool.close(5)


def test_closing_lets_turns_that_were_asked_for_end() -> None:
    pool, ran = Pool(), list[int]()
    for number in range(10):
        pool.put(job(lambda n=number: ran.append(n)))  # type: ignore[misc]  # a default

    assert pool.close(5)
    assert ran == list(range(10))


def test_closing_says_when_a_turn_does_not_end() -> None:
    pool, hung = Pool(), Blocks()
    pool.put(hung.job)
    hung.begun.wait(5)

    assert not pool.close(0.001)
    hung.release.set()
    assert pool.close(5)


def test_closing_takes_its_time_once_however_many_hang() -> None:
    pool, blocking = Pool(patience=0.001), [Blocks() for _ in range(12)]
    for one in blocking:
        pool.put(one.job)
        assert one.begun.wait(5)
    waits: list[bool] = []

    closing = spawn("closing", lambda: waits.append(pool.close(0.05)))
    closing.join(0.05 * 11)
    assert not closing.is_alive()
    for one in blocking:
        one.release.set()

    assert waits == [False]
    assert pool.close(5)


def test_a_pool_can_be_closed_by_one_of_its_turns(pool: Pool) -> None:
    closed: list[bool] = []

    pool.put(job(lambda: closed.append(pool.close(5))))

    probe(lambda: closed == [True])


def test_a_pool_that_was_closed_starts_no_thread() -> None:
    pool = Pool(name="closed")
    assert pool.close(5)

    pool.put(job(lambda: None))
    with pool.waiting():
        pool.replace(0)

    assert named("closed") == []


def test_coroutines_do_not_run_on_threads() -> None:
    async def nothing() -> None:
        pass

    coroutine = nothing()
    with pytest.raises(TypeError, match="needs the dispatcher 'async'"):
        Pool().run_task(coroutine, lambda _: None)
    with pytest.raises(RuntimeError, match="cannot reuse already awaited"):
        coroutine.send(None)


def test_threads_need_no_driving() -> None:
    pool = Pool()

    pool.drive()
    pool.release()

    assert pool.close(0)


# ---------------------------------------------------------------- one thread for one cell


def test_a_pinned_cell_has_a_thread_of_its_own_from_the_first_turn() -> None:
    pinned = Pinned("own")
    assert named("own") == []

    assert run_and_wait(pinned) == run_and_wait(pinned)
    assert len(named("own")) == 1
    assert pinned.close(5)
    assert pinned.is_done


def test_the_thread_ends_when_the_cell_is_closed() -> None:
    pinned = Pinned("own")
    run_and_wait(pinned)

    pinned.release()

    probe(lambda: pinned.is_done)
    assert named("own") == []


def test_after_that_a_turn_runs_in_the_thread_that_asks_for_it() -> None:
    pinned = Pinned("own")
    run_and_wait(pinned)
    assert not pinned.is_done
    pinned.release()

    assert run_and_wait(pinned) == threading.get_ident()
    assert pinned.close(5)


def test_a_pinned_thread_that_is_given_up_is_replaced() -> None:
    abandoned: set[int] = set()
    pinned, hung = Pinned("own", abandoned=abandoned), Blocks()
    pinned.put(hung.job)
    hung.begun.wait(5)

    pinned.replace(hung.thread)

    assert abandoned == {hung.thread}
    assert run_and_wait(pinned) != hung.thread
    assert not pinned.close(0.001)  # the thread that hangs is waited for, too
    hung.release.set()
    assert pinned.close(5)
    assert abandoned == set()


def test_a_released_cell_gets_no_new_thread() -> None:
    pinned, hung = Pinned("own"), Blocks()
    pinned.put(hung.job)
    hung.begun.wait(5)
    pinned.release()

    pinned.replace(hung.thread)

    assert len(named("own")) == 1
    hung.release.set()
    assert pinned.close(5)
    assert named("own") == []


# ---------------------------------------------------------------- under actors


class Sleeper(Actor):
    """Blocks its worker until it is released."""

    def on_receive(self, message: Any) -> Any:
        return message.wait(5) if isinstance(message, threading.Event) else message


class Own(Sleeper):
    dispatcher = "thread"


def test_a_blocking_handler_does_not_keep_others_waiting(real: Stage) -> None:
    release = threading.Event()
    slow, quick = real.start(Sleeper), real.start(Sleeper)
    replies = [slow.ref.ask(release, block=False)]

    assert quick.ref.ask("hello", timeout=5) == "hello"
    release.set()
    assert replies[0].get(timeout=5)


def test_an_actor_with_a_thread_keeps_it_over_a_restart(real: Stage) -> None:
    class Asking(Own):
        def on_receive(self, message: Any) -> int:
            if message == "end":
                raise SystemExit
            return threading.get_ident()

    cell = real.start(Asking)
    first = cell.ref.ask("who", timeout=5)
    cell.ref.tell("end")
    probe(lambda: cell.current is None)
    real.restart(cell)

    assert cell.ref.ask("who", timeout=5) == first


def thread_of(cell: Cell) -> list[threading.Thread]:
    return named(f"ringleader {cell.path}")


def test_the_thread_of_an_actor_is_named_after_its_path_and_ends_with_its_cell(
    real: Stage,
) -> None:
    cell = real.start(Own, path="/uploader")
    assert cell.ref.ask("hello", timeout=5) == "hello"
    assert len(thread_of(cell)) == 1

    cell.close()

    probe(lambda: not thread_of(cell))


def test_workers_are_shared_by_many_actors(real: Stage) -> None:
    cells = [real.start(Sleeper) for _ in range(50)]
    replies = [cell.ref.ask(number, block=False) for number, cell in enumerate(cells)]

    assert [reply.get(timeout=5) for reply in replies] == list(range(50))
    assert len(named("ringleader-pool")) == 1
