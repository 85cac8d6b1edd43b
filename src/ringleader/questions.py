"""What a client can ask a node, or order it to do; each with its arguments, and their limits."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias, get_args

import msgspec

from .bridge_questions import BridgeQuestion
from .dlq_questions import LetterQuestion
from .event_questions import EventQuestion
from .log_questions import LogQuestion
from .question_base import Name, PathText, QuestionBase as _Question, Seconds, Words

Verb: TypeAlias = Literal["stop", "start", "restart", "quarantine", "release"]
"""What an operator does to a child."""

MOST_DEATHS: Final = 2_000
"""Deaths in one answer: with the longest tracebacks they still fit into a reply."""


class Tree(_Question, frozen=True, kw_only=True, tag="tree"):
    """Who lives in the node, and how? Answered with a `TreeSnapshot`."""


class Statistics(_Question, frozen=True, kw_only=True, tag="statistics"):
    """What has become of messages and events? Answered with `SystemStatistics`."""


class Subscriptions(_Question, frozen=True, kw_only=True, tag="subscriptions"):
    """Who is subscribed to what? Answered with a list of `Subscribed`."""


class Status(_Question, frozen=True, kw_only=True, tag="status"):
    """Is the node ready? Answered with a `NodeStatus`."""


class Deaths(_Question, frozen=True, kw_only=True, tag="deaths"):
    """Who died? Answered with a list of `DeathRecord`, oldest first.

    Attributes:
        path: only those there and below.
        limit: how many at most, the latest.
        within: seconds until now; none from before.
    """

    path: PathText | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_DEATHS)] = 100
    within: Seconds | None = None


class Why(_Question, frozen=True, kw_only=True, tag="why"):
    """How does whoever lives at a path fare, and why? Answered with a `Finding`."""

    path: PathText


class Operate(_Question, frozen=True, kw_only=True, tag="operate"):
    """Do this to the child at a path. Answered with `Done` when it is done, which may take long.

    Attributes:
        verb: what to do.
        path: to whom.
        by: who orders it.
        why: in words.
        release_after: seconds until a quarantine ends by itself; None: by hand only.
    """

    verb: Verb
    path: PathText
    by: Name
    why: Words = ""
    release_after: Seconds | None = None


class Stop(_Question, frozen=True, kw_only=True, tag="stop"):
    """Stop the node. Answered with a `Stopping` at once; it goes on answering while it stops."""


Question: TypeAlias = (
    Tree
    | Statistics
    | Subscriptions
    | Status
    | Deaths
    | Why
    | Operate
    | Stop
    | EventQuestion
    | LetterQuestion
    | LogQuestion
    | BridgeQuestion
)
QUESTIONS: Final[tuple[str, ...]] = tuple(
    str(kind.__struct_config__.tag) for kind in get_args(Question)
)


def name_of(question: Question) -> str:
    """Return the word that a question goes by."""
    return str(question.__struct_config__.tag)
