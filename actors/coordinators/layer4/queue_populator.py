"""The work queue is kept filled with what the configs want."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...events.data import TaskAbandoned
from ...events.evaluation import EloUpdated, EloVelocityChanged
from ...events.health import (
    NodeRecovered,
    NodeUnhealthy,
    P2PClusterHealthy,
    P2PClusterUnhealthy,
    WorkFailed,
)
from ...events.resilience import BackpressureActivated, BackpressureReleased
from ...events.scales import PressureLevel
from ...events.selfplay import (
    NewGamesAvailable,
    SelfplayAllocationUpdated,
    SelfplayComplete,
    SelfplayTargetUpdated,
)
from ...events.training import TrainingBlockedByQuality
from ...events.work import WorkCompleted, WorkQueued, WorkTimeout
from ...handlers import handles
from ...journal import WorkItem
from ...options import WorkloadOptions  # noqa: TC001  # the configuration reads the annotation
from ..pressure import is_of_work
from ..reconciler import Reconciler
from ..running import raise_target, rating, selfplay_target
from .population import (
    Demand,
    Part,
    QueuePopulatorOptions,
    healthy_share,
    plan,
    room,
    slope,
    work_id,
)

if TYPE_CHECKING:
    from ...journal import StageJournal

KIND: Final = "selfplay"


class QueuePopulator(Reconciler):
    """Puts self-play items into the work queue, in parts of an iteration's target.

    The queue is in the journal, and an item's id says which part of what it is, so that none is
    put twice. The scheduler's weights say whose items go first; who has none goes by games.
    Training and tournaments are not queued: they start from facts of their own.

    Args:
        options: how full the queue is kept.
        journal: the queue, and what is wanted.
        workload: which configs there are.
    """

    def __init__(
        self, options: QueuePopulatorOptions, journal: StageJournal, workload: WorkloadOptions
    ) -> None:
        super().__init__(journal, options.interval)
        self._options = options
        self._workload = workload
        self._weights: dict[str, float] = {}
        self._urgent: dict[str, int] = {}
        self._ratings: dict[str, tuple[tuple[float, float], ...]] = {}
        self._velocities: dict[str, float] = {}
        self._share = 1.0
        self._pressure = PressureLevel.NONE
        self._bad: set[str] = set()

    # ---------------------------------------------------------------- filling

    def recheck(self) -> None:
        """Put as many items as there is room for."""
        queued = self.journal.work(status="queued")
        own = sum(item.kind == KIND for item in queued)
        allowed = room(len(queued), own, self._options, share=self._share, pressure=self._pressure)
        if not allowed:
            return
        trickle = self._pressure >= PressureLevel.STOP
        parts = plan(self._demands(), allowed, self._options, self.now, trickle=trickle)
        for part in parts:
            self._put(part)

    def _put(self, part: Part) -> None:
        item = WorkItem(
            work_id=work_id(KIND, part.config_key, part.iteration, part.part),
            kind=KIND,
            config_key=part.config_key,
            iteration=part.iteration,
            part=part.part,
            units=part.games,
            priority=part.priority,
            options={"games": part.games, "first_game": part.first_game},
            queued_at=self.now,
        )
        if self.journal.put_work(item):
            self.publish(
                WorkQueued(
                    work_id=item.work_id,
                    work_type=KIND,
                    config_key=item.config_key,
                    priority=item.priority,
                    iteration=item.iteration,
                )
            )

    def _demands(self) -> list[Demand]:
        found = (self._demand(config_key) for config_key in self._workload.config_keys)
        return [demand for demand in found if demand is not None]

    def _demand(self, config_key: str) -> Demand | None:
        iteration = self.journal.iteration(config_key)
        target = selfplay_target(self.journal, config_key, iteration)
        if target is None:
            return None
        items = self.journal.work(config_key, kind=KIND)
        return Demand(
            config_key=config_key,
            iteration=iteration,
            target=target,
            weight=self._weights.get(config_key, 0.0),
            games=sum(item.units for item in items if item.status == "done"),
            elo=rating(self.journal, self.journal.production(config_key)),
            touched=max((i.changed_at or i.queued_at for i in items), default=None),
            urgent_items=self._urgent.get(config_key, 0),
            items=tuple(item for item in items if item.iteration == iteration),
        )

    # ---------------------------------------------------------------- what is wanted

    @handles(SelfplayTargetUpdated, idempotent=True)
    def take_target(self, event: SelfplayTargetUpdated) -> None:
        """Raise a target that is not an iteration's own, and fill the queue."""
        games = (event.target_games or 0) + (event.extra_games or 0)
        if event.iteration is None and games:
            raise_target(self.journal, event.config_key, games)
        self.recheck()

    @handles(SelfplayAllocationUpdated, idempotent=True)
    def take_weights(self, event: SelfplayAllocationUpdated) -> None:
        """Take over the scheduler's weights, and fill the queue."""
        self._weights = dict(event.allocation_weights or {})
        self.recheck()

    @handles(TrainingBlockedByQuality, idempotent=True)
    def hurry(self, event: TrainingBlockedByQuality) -> None:
        """Let some items of a config go first whose training waits for better games."""
        self._urgent[event.config_key] = self._options.blocked_items
        self.recheck()

    @handles(NewGamesAvailable, SelfplayComplete, idempotent=True)
    def take_games(self, event: NewGamesAvailable | SelfplayComplete) -> None:
        """Nothing of a config is urgent any more."""
        self._urgent.pop(event.config_key, None)

    @handles(WorkCompleted, WorkFailed, WorkTimeout, TaskAbandoned, idempotent=True)
    def refill(self, _event: WorkCompleted | WorkFailed | WorkTimeout | TaskAbandoned) -> None:
        """There is room again."""
        self.recheck()

    # ---------------------------------------------------------------- ratings

    @handles(EloUpdated)
    def take_rating(self, event: EloUpdated) -> None:
        """Tell when a config's rating grows faster or slower than before."""
        config_key, before = event.config_key, self._velocities.get(event.config_key)
        points = (*self._ratings.get(config_key, ()), (self.now, event.new_elo))
        self._ratings[config_key] = points[-self._options.velocity_points :]
        velocity = slope(points, self._options.velocity_span)
        if velocity is None:
            return
        change = velocity - (before or 0.0)
        if before is not None and abs(change) < self._options.velocity_change:
            return
        self._velocities[config_key] = velocity
        trend = "stable" if before is None else "accelerating" if change > 0 else "decelerating"
        self.publish(
            EloVelocityChanged(
                config_key=config_key,
                velocity=velocity,
                trend=trend,
                previous_velocity=before,
                velocity_change=None if before is None else change,
            )
        )

    # ---------------------------------------------------------------- the cluster

    @handles(P2PClusterHealthy, P2PClusterUnhealthy, idempotent=True)
    def fit(self, event: P2PClusterHealthy | P2PClusterUnhealthy) -> None:
        """Fit the queue to the nodes that can work."""
        self._share = healthy_share(event.healthy_nodes, event.node_count, self._options)

    @handles(NodeUnhealthy, idempotent=True)
    def lose_node(self, event: NodeUnhealthy) -> None:
        """Note a node that can't work."""
        self._bad.add(event.node_id)

    @handles(NodeRecovered, idempotent=True)
    def regain_node(self, event: NodeRecovered) -> None:
        """Note that a node can work again; with the last one the whole cluster can."""
        self._bad.discard(event.node_id)
        if not self._bad:
            self._share = 1.0

    @handles(BackpressureActivated, idempotent=True, where=is_of_work)
    def press(self, event: BackpressureActivated) -> None:
        """Put fewer items."""
        self._pressure = event.level

    @handles(BackpressureReleased, idempotent=True, where=is_of_work)
    def release(self, _event: BackpressureReleased) -> None:
        """Fill the queue."""
        self._pressure = PressureLevel.NONE
        self.recheck()
