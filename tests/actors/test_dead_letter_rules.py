"""What happens to a dead letter is a function of the letter and the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from ringleader.actors import dead_letter_rules as rules
from ringleader.actors.dead_letter_options import DeadLetterOptions
from ringleader.actors.dead_letters import STATUSES, LetterStatistics, StoredLetter
from ringleader.actors.events.base import Envelope
from ringleader.actors.events.names import DataEventType
from ringleader.actors.letters import Outcome

if TYPE_CHECKING:
    from ringleader.actors.dead_letters import LetterStatus

NOW = 1_000_000.0
OPTIONS = DeadLetterOptions()
ENVELOPE = Envelope(id="e1", source="/a", type="training_completed", time=NOW)


def letter(**fields: Any) -> StoredLetter:
    begun = StoredLetter(
        number=1,
        event_id="e1",
        event_type="training_completed",
        path="/pipeline/evaluator",
        status="pending",
        reason=Outcome.FAILED,
        error="ValueError: no",
        created_at=NOW,
        updated_at=NOW,
        next_retry_at=NOW + 60,
        event_time=NOW,
        size=9,
        envelope=ENVELOPE,
    )
    return replace(begun, **fields)


def given_up(letter: StoredLetter | None) -> tuple[str, Outcome, float | None]:
    assert letter is not None
    return letter.status, letter.reason, letter.next_retry_at


# ------------------------------------------------------------------- waits


def test_waits_double_up_to_an_hour() -> None:
    waits = [rules.backoff(tries, OPTIONS) for tries in range(8)]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]


@given(st.integers(-5, 10_000))
def test_no_wait_is_shorter_than_the_first_or_longer_than_the_longest(tries: int) -> None:
    assert 60 <= rules.backoff(tries, OPTIONS) <= 3600


# ------------------------------------------------------------------- how it begins


def test_what_has_killed_its_holder_twice_is_not_tried_by_itself() -> None:
    poison = letter(reason=Outcome.POISON)

    assert not rules.is_tried_by_itself(poison, OPTIONS)
    assert not rules.is_tried_by_itself(poison, DeadLetterOptions(retry_interrupted=True))
    opened = rules.opened(replace(poison, next_retry_at=None), OPTIONS)
    assert (opened.status, opened.next_retry_at) == ("pending", None)


@pytest.mark.parametrize(
    ("fields", "status", "due"),
    [
        ({}, "pending", NOW + 60),
        ({"reason": Outcome.TIMED_OUT}, "pending", NOW + 60),
        ({"reason": Outcome.INTERRUPTED}, "pending", None),  # nobody knows what was done
        ({"event_type": "handler_failed"}, "pending", None),  # it would make the next one
        ({"event_id": None, "size": 0, "envelope": None}, "dropped", None),  # a message
        ({"size": 0}, "abandoned", None),  # it could not be written
        ({"envelope": None}, "abandoned", None),
        ({"reason": Outcome.EXPIRED}, "abandoned", None),
        ({"path": "", "reason": Outcome.REJECTED}, "dropped", None),  # shed, as its type allows
        ({"path": "", "reason": Outcome.EXPIRED}, "abandoned", None),
        ({"path": "other-process", "reason": Outcome.FAILED}, "pending", None),
    ],
)
def test_a_letter_begins_as_what_can_become_of_it(
    fields: dict[str, Any], status: str, due: float | None
) -> None:
    begun = rules.opened(letter(**fields), OPTIONS)
    assert (begun.status, begun.next_retry_at) == (status, due)


def test_what_was_interrupted_is_tried_by_itself_if_that_is_wanted() -> None:
    options = DeadLetterOptions(retry_interrupted=True)
    assert rules.opened(letter(reason=Outcome.INTERRUPTED), options).next_retry_at == NOW + 60


def test_news_of_failures_are_events_of_the_catalogue() -> None:
    assert {DataEventType(value).name for value in rules.NEWS} >= {"DLQ_STALE_EVENTS"}
    assert rules.without_news(["b", "dlq_stale_events", "a", "b"]) == ("a", "b")


# ------------------------------------------------------------------- by itself


def test_a_letter_is_begun_when_it_is_due_and_not_before() -> None:
    assert rules.by_itself(letter(), None, NOW + 59, OPTIONS) is None
    begun = rules.by_itself(letter(), None, NOW + 60, OPTIONS)
    assert begun is not None
    assert (begun.status, begun.last_retry_at, begun.next_retry_at) == ("retrying", NOW + 60, None)


NEVER_BY_ITSELF: list[dict[str, Any]] = [
    {"status": "retrying"},
    {"status": "recovered"},
    {"reason": Outcome.INTERRUPTED},
    {"event_type": "dlq_stale_events"},
    {"path": ""},
    {"path": "other-process"},
    {"size": 0},
]


@pytest.mark.parametrize("fields", NEVER_BY_ITSELF)
def test_what_may_not_be_tried_by_itself_is_left_alone(fields: dict[str, Any]) -> None:
    assert rules.by_itself(letter(**fields), None, NOW + 1e6, OPTIONS) is None
    assert rules.at_start(letter(**fields), None, NOW + 600, OPTIONS) is None


def test_a_letter_that_is_never_due_waits_for_a_person() -> None:
    assert rules.by_itself(letter(next_retry_at=None), None, NOW + 1e6, OPTIONS) is None


def test_an_event_older_than_its_type_allows_is_abandoned() -> None:
    waiting = letter(event_time=NOW - 3000, next_retry_at=NOW)
    assert given_up(rules.by_itself(waiting, 3600, NOW + 601, OPTIONS)) == (
        "abandoned",
        Outcome.EXPIRED,
        None,
    )
    begun = rules.by_itself(waiting, 3600, NOW + 600, OPTIONS)
    assert begun is not None
    assert begun.status == "retrying"
    begun = rules.by_itself(waiting, None, NOW + 1e5, OPTIONS)
    assert begun is not None
    assert begun.status == "retrying"


def test_an_event_that_was_tried_too_often_is_abandoned() -> None:
    waiting = letter(retry_count=5, next_retry_at=NOW)
    assert given_up(rules.by_itself(waiting, None, NOW, OPTIONS))[:2] == (
        "abandoned",
        Outcome.FAILED,
    )


@pytest.mark.parametrize(
    ("age", "max_age", "tries", "becomes"),
    [
        (299, None, 0, None),  # too young: it waits for its time
        (300, None, 0, "retrying"),
        (3600, None, 4, "retrying"),
        (3601, None, 0, "abandoned"),  # types that say nothing: an hour
        (3601, 7200, 0, "retrying"),
        (301, 300, 0, "abandoned"),
        (600, None, 5, "abandoned"),
    ],
)
def test_at_the_start_letters_of_earlier_runs_are_tried_unless_they_are_too_old(
    age: float, max_age: float | None, tries: int, becomes: str | None
) -> None:
    old = letter(retry_count=tries, next_retry_at=NOW + 1e9)
    new = rules.at_start(old, max_age, NOW + age, OPTIONS)
    assert (new and new.status) == becomes


def test_at_the_start_what_was_tried_just_now_waits() -> None:
    assert rules.at_start(letter(last_retry_at=NOW + 500), None, NOW + 700, OPTIONS) is None


def test_after_a_week_a_letter_is_abandoned() -> None:
    week = 168 * 3600
    assert rules.aged(letter(), NOW + week, OPTIONS) is None
    assert given_up(rules.aged(letter(), NOW + week + 1, OPTIONS))[:2] == (
        "abandoned",
        Outcome.EXPIRED,
    )
    assert rules.aged(letter(status="retrying"), NOW + week + 1, OPTIONS) is None


# ------------------------------------------------------------------- by hand


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, ""),
        ({"next_retry_at": NOW + 1e9, "retry_count": 4}, ""),
        ({"status": "abandoned", "retry_count": 5}, ""),
        ({"status": "dropped"}, ""),
        ({"reason": Outcome.INTERRUPTED}, ""),
        ({"event_type": "handler_failed"}, ""),
        ({"status": "recovered"}, "it is recovered"),
        ({"status": "retrying"}, "a try is under way"),
        ({"status": "dropped", "event_id": None}, "it is a message, not an event"),
        ({"size": 0, "note": "a lock"}, "the event is not kept: a lock"),
    ],
)
def test_a_person_has_tried_again_whatever_can_be(fields: dict[str, Any], said: str) -> None:
    asked = letter(**fields)
    assert rules.why_not(asked).startswith(said)
    assert bool(rules.why_not(asked)) == bool(said)
    assert (rules.by_hand(asked, NOW) is None) == bool(said)


@pytest.mark.parametrize("status", STATUSES)
def test_a_letter_is_dropped_once_and_not_if_it_is_recovered(status: LetterStatus) -> None:
    new = rules.dropped(letter(status=status), NOW + 1)
    assert (new is None) == (status in ("recovered", "dropped"))
    assert new is None or (new.status, new.next_retry_at) == ("dropped", None)


# ------------------------------------------------------------------- what comes of a try


def test_success_recovers() -> None:
    new = rules.after_try(letter(status="retrying"), Outcome.HANDLED, NOW + 1, OPTIONS)
    assert new is not None
    assert (new.status, new.retry_count, new.updated_at) == ("recovered", 0, NOW + 1)


def test_failure_counts_once_and_waits_twice_as_long_and_the_fifth_is_the_last() -> None:
    tried = letter(status="retrying", next_retry_at=None)
    waits: list[float | None] = []
    for _ in range(5):
        new = rules.after_try(replace(tried, status="retrying"), Outcome.FAILED, NOW, OPTIONS)
        assert new is not None
        tried = new
        waits.append(None if new.next_retry_at is None else new.next_retry_at - NOW)
    assert waits == [120, 240, 480, 960, None]
    assert (tried.status, tried.retry_count) == ("abandoned", 5)
    assert tried.note == "given up: tried again 5 times without success"


def test_a_try_that_was_interrupted_is_not_followed_by_another_by_itself() -> None:
    new = rules.after_try(letter(status="retrying"), Outcome.INTERRUPTED, NOW, OPTIONS)
    assert given_up(new) == ("pending", Outcome.INTERRUPTED, None)


def test_a_try_that_nobody_began_is_none() -> None:
    tried = letter(status="retrying", retry_count=3)
    new = rules.after_try(tried, Outcome.HANDED_OVER, NOW, OPTIONS)
    assert new is not None
    assert (new.status, new.retry_count, new.next_retry_at) == ("pending", 3, NOW + 480)


def test_a_letter_that_was_dropped_meanwhile_stays_dropped_unless_it_is_handled() -> None:
    gone = letter(status="dropped")
    assert rules.after_try(gone, Outcome.FAILED, NOW, OPTIONS) is None
    assert rules.after_try(gone, Outcome.HANDED_OVER, NOW, OPTIONS) is None
    new = rules.after_try(gone, Outcome.HANDLED, NOW, OPTIONS)
    assert new is not None
    assert new.status == "recovered"


def test_a_try_under_way_at_the_end_of_the_node_is_interrupted() -> None:
    new = rules.after_restart(letter(status="retrying", retry_count=2), NOW, OPTIONS)
    assert given_up(new) == ("pending", Outcome.INTERRUPTED, None)
    assert new is not None
    assert new.retry_count == 2
    assert rules.after_restart(letter(), NOW, OPTIONS) is None


def test_what_could_not_be_tried_says_why_and_is_due_again_later() -> None:
    tried = letter(status="retrying", retry_count=1)
    new = rules.put_off(tried, "nobody is there", NOW, OPTIONS, Outcome.UNKNOWN_TYPE)
    assert (new.status, new.reason, new.note) == (
        "pending",
        Outcome.UNKNOWN_TYPE,
        "nobody is there",
    )
    assert (new.retry_count, new.next_retry_at) == (1, NOW + 120)


# ------------------------------------------------------------------- a delivery fails again


def news(**fields: Any) -> StoredLetter:
    return rules.opened(
        letter(number=0, error="KeyError: 1", created_at=NOW + 500, updated_at=NOW + 500, **fields),
        OPTIONS,
    )


@pytest.mark.parametrize("status", ["pending", "retrying", "abandoned", "dropped"])
def test_a_failure_of_a_known_delivery_changes_what_is_said_and_counts_nothing(
    status: LetterStatus,
) -> None:
    known = letter(status=status, number=7, retry_count=3, next_retry_at=None, note="given up")
    merged = rules.failed_again(known, news())
    assert (merged.number, merged.status, merged.retry_count) == (7, status, 3)
    assert (merged.error, merged.created_at, merged.updated_at) == ("KeyError: 1", NOW, NOW + 500)
    assert merged.note == "given up"


def test_a_recovered_letter_whose_delivery_fails_again_begins_anew() -> None:
    known = letter(status="recovered", number=7, retry_count=3, next_retry_at=None)
    merged = rules.failed_again(known, news())
    assert (merged.number, merged.status, merged.retry_count) == (7, "pending", 0)
    assert merged.next_retry_at == NOW + 560


def test_a_payload_that_is_known_is_not_lost_to_news_without_one() -> None:
    merged = rules.failed_again(letter(payload=b"123456789"), news(size=0, envelope=None))
    assert (merged.payload, merged.size, merged.envelope) == (b"123456789", 9, ENVELOPE)


# ------------------------------------------------------------------- all letters


def counted(**by_status: int) -> LetterStatistics:
    known: dict[Any, int] = dict(by_status)
    return LetterStatistics(total=sum(known.values()), by_status=known)


@pytest.mark.parametrize(
    ("by_status", "status"),
    [
        ({}, "healthy"),
        ({"pending": 1000}, "healthy"),
        ({"pending": 1000, "retrying": 1}, "degraded"),
        ({"abandoned": 1, "recovered": 1}, "healthy"),
        ({"abandoned": 2, "recovered": 1}, "degraded"),
        ({"dropped": 100_000}, "healthy"),
    ],
)
def test_health_is_degraded_by_many_pending_or_mostly_abandoned(
    by_status: dict[str, int], status: str
) -> None:
    assert rules.health_of(counted(**by_status)).status == status


def test_health_says_why() -> None:
    assert rules.health_of(counted(pending=1234)).message == (
        "1,234 dead letters are pending, more than 1,000"
    )


def test_stale_letters_are_told_when_there_are_many_and_then_once_an_hour() -> None:
    assert not rules.is_stale_news(49, None, NOW, OPTIONS)
    assert rules.is_stale_news(50, None, NOW, OPTIONS)
    assert not rules.is_stale_news(500, NOW, NOW + 3599, OPTIONS)
    assert rules.is_stale_news(500, NOW, NOW + 3600, OPTIONS)


OUTCOMES = st.sampled_from([o for o in Outcome if o is not Outcome.RETRIED])


@given(
    status=st.sampled_from(STATUSES),
    tries=st.integers(0, 8),
    outcome=OUTCOMES,
    reason=OUTCOMES,
    age=st.floats(0, 1e6),
)
def test_whatever_happens_tries_never_shrink_and_only_a_pending_letter_is_due(
    status: LetterStatus, tries: int, outcome: Outcome, reason: Outcome, age: float
) -> None:
    now = NOW + age
    before = letter(status=status, retry_count=tries, reason=reason)
    for after in (
        rules.after_try(before, outcome, now, OPTIONS),
        rules.by_itself(before, 3600, now, OPTIONS),
        rules.at_start(before, 3600, now, OPTIONS),
        rules.by_hand(before, now),
        rules.dropped(before, now),
        rules.aged(before, now, OPTIONS),
        rules.after_restart(before, now, OPTIONS),
        rules.put_off(before, "", now, OPTIONS),
    ):
        if after is not None:
            assert tries <= after.retry_count <= tries + 1
            assert after.status == "pending" or after.next_retry_at is None
            assert after.updated_at == now
