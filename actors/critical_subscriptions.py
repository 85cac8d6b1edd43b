"""Whether those event types have subscribers that the pipeline can't work without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from .events.base import Event
from .events.errors import UnknownEventTypeError, nearest
from .topics import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .events.catalogue import Catalogue
    from .routing import Subscription

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "manager_events": (
        "TRAINING_STARTED",
        "TRAINING_COMPLETED",
        "DATA_SYNC_STARTED",
        "DATA_SYNC_COMPLETED",
        "TASK_SPAWNED",
        "TASK_COMPLETED",
        "TASK_FAILED",
    ),
    "pipeline_events": (
        "TRAINING_COMPLETED",
        "EVALUATION_COMPLETED",
        "MODEL_PROMOTED",
        "DATA_SYNC_COMPLETED",
    ),
    "daemon_events": (
        "DAEMON_STARTED",
        "DAEMON_STOPPED",
        "DAEMON_STATUS_CHANGED",
        "DAEMON_PERMANENTLY_FAILED",
    ),
    "feedback_signals": (
        "QUALITY_DEGRADED",
        "ELO_VELOCITY_CHANGED",
        "EVALUATION_COMPLETED",
        "PLATEAU_DETECTED",
        "EXPLORATION_BOOST",
        "PROMOTION_FAILED",
        "HANDLER_FAILED",
    ),
}
"""The groups that the reference system watches, by name.

`manager_events` and `pipeline_events` are its lists of what must be heard. `daemon_events` are the
daemons' lifecycle, as its health manager follows it. `feedback_signals` are what its nodes listen
to of the feedback loops: each is the trigger of one, or tells that a handler of one failed.
"""

HANDLED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "DAEMON_PERMANENTLY_FAILED": ("health_manager",),
    "DAEMON_STARTED": ("health_manager",),
    "DAEMON_STATUS_CHANGED": ("health_manager",),
    "DAEMON_STOPPED": ("health_manager",),
    "DATA_SYNC_COMPLETED": ("sync_coordinator", "data_pipeline_orchestrator"),
    "DATA_SYNC_STARTED": ("auto_sync_daemon",),
    "ELO_VELOCITY_CHANGED": ("selfplay_scheduler", "training_trigger_daemon"),
    "EVALUATION_COMPLETED": ("auto_promotion_daemon", "data_pipeline_orchestrator"),
    "EXPLORATION_BOOST": ("selfplay_scheduler",),
    "HANDLER_FAILED": ("alert_manager",),
    "MODEL_PROMOTED": ("model_coordinator", "selfplay_scheduler"),
    "PLATEAU_DETECTED": ("optimization_coordinator", "feedback_loop_controller"),
    "PROMOTION_FAILED": ("model_coordinator", "selfplay_scheduler"),
    "QUALITY_DEGRADED": ("selfplay_scheduler",),
    "TASK_COMPLETED": ("task_coordinator", "global_task_coordinator"),
    "TASK_FAILED": ("task_coordinator", "global_task_coordinator"),
    "TASK_SPAWNED": ("task_coordinator", "global_task_coordinator"),
    "TRAINING_COMPLETED": ("evaluation_daemon", "data_pipeline_orchestrator"),
    "TRAINING_STARTED": ("auto_sync_daemon", "idle_shutdown_daemon"),
}
"""Who usually handles the types of the groups, by name in the tree."""


class SubscriptionStatus(Struct, frozen=True, kw_only=True):
    """Which event types have subscribers.

    Attributes:
        groups: of each group, its types and whether somebody is subscribed to them.
        all_healthy: whether every type of every group is, and every critical one.
        critical_failed: the critical types that nobody is subscribed to.
        timestamp: when it was looked at, in seconds UTC.
    """

    groups: Mapping[str, Mapping[str, bool]]
    all_healthy: bool
    critical_failed: tuple[str, ...]
    timestamp: float

    @property
    def missing(self) -> tuple[str, ...]:
        """The types that nobody is subscribed to, each once: critical ones, then the groups'."""
        others = (
            name for types in self.groups.values() for name, heard in types.items() if not heard
        )
        return tuple(dict.fromkeys((*self.critical_failed, *others)))


def types_of(names: Iterable[str], catalogue: Catalogue) -> tuple[str, ...]:
    """Return the event types that names of types and of groups stand for, each once.

    Args:
        names: of types, in any spelling that the catalogue knows, or of groups.
        catalogue: the types that there are.

    Raises:
        UnknownEventTypeError: a name is neither.
    """
    found: dict[str, None] = {}
    for name in names:
        group = GROUPS.get(name.lower())
        if group is None:
            try:
                group = (catalogue.canonical(name),)
            except UnknownEventTypeError as error:
                near = (*nearest(name.lower(), GROUPS), *error.suggestions)
                raise UnknownEventTypeError(name, near, error.hint) from error
        found.update(dict.fromkeys(group))
    return tuple(found)


def subscription_status(
    subscriptions: Iterable[Subscription],
    critical: Iterable[str],
    catalogue: Catalogue,
    now: float,
) -> SubscriptionStatus:
    """Return which types of the groups, and which critical ones, have subscribers.

    Whoever is subscribed to everything does not count: a log hears an event and does not handle it.

    Args:
        subscriptions: those that there are.
        critical: names of types, as `types_of` returns them.
        catalogue: finds the types.
        now: seconds UTC.
    """
    narrow = [s for s in subscriptions if s.topic is not ALL and s.topic is not Event]

    def is_heard(name: str) -> bool:
        kind = catalogue.find(name)
        return any(subscription.wants(kind) for subscription in narrow)

    groups = {group: {name: is_heard(name) for name in names} for group, names in GROUPS.items()}
    failed = tuple(name for name in critical if not is_heard(name))
    are_all_heard = all(heard for types in groups.values() for heard in types.values())
    return SubscriptionStatus(
        groups=groups,
        all_healthy=are_all_heard and not failed,
        critical_failed=failed,
        timestamp=now,
    )
