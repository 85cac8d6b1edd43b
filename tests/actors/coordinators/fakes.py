"""A pipeline whose jobs are played: every actor of the tree, a journal in memory, no processes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ringleader.actors.base import Actor
from ringleader.actors.coordinators.addresses import answer
from ringleader.actors.coordinators.layer1 import GlobalTaskCoordinator, TaskCoordinator
from ringleader.actors.coordinators.layer1.admission import Resources
from ringleader.actors.coordinators.layer1.lifecycle import TaskCoordinatorOptions
from ringleader.actors.coordinators.layer1.limits import GlobalTaskCoordinatorOptions
from ringleader.actors.coordinators.layer2 import ModelCoordinator
from ringleader.actors.coordinators.layer2.records import ModelCoordinatorOptions
from ringleader.actors.coordinators.layer3 import TrainingCoordinator
from ringleader.actors.coordinators.layer3.slots import TrainingCoordinatorOptions
from ringleader.actors.coordinators.layer4 import QueuePopulator
from ringleader.actors.coordinators.layer4.population import QueuePopulatorOptions
from ringleader.actors.coordinators.layer5 import SelfplayOrchestrator, SelfplayScheduler
from ringleader.actors.coordinators.layer5.orchestration import SelfplayOrchestratorOptions
from ringleader.actors.coordinators.layer5.scheduling import SelfplaySchedulerOptions
from ringleader.actors.daemons.auto_export import AutoExportDaemon
from ringleader.actors.daemons.auto_promotion import AutoPromotionDaemon
from ringleader.actors.daemons.data_pipeline import FINISHED, DataPipelineOrchestrator
from ringleader.actors.daemons.evaluation import EvaluationDaemon
from ringleader.actors.daemons.evaluation_rules import EvaluationDaemonOptions
from ringleader.actors.daemons.export_rules import AutoExportOptions, NPZCombinationOptions
from ringleader.actors.daemons.job_messages import (
    GiveUpKind,
    JobFinished,
    JobGaveUp,
    JobRequest,
    StartJob,
)
from ringleader.actors.daemons.job_settings import JobSettings
from ringleader.actors.daemons.npz_combination import NPZCombinationDaemon
from ringleader.actors.daemons.pipeline_rules import DataPipelineOptions
from ringleader.actors.daemons.promotion_rules import AutoPromotionOptions
from ringleader.actors.daemons.training_options import TrainingTriggerOptions
from ringleader.actors.daemons.training_trigger import TrainingTriggerDaemon
from ringleader.actors.handlers import handles
from ringleader.actors.journal_memory import MemoryJournal
from ringleader.actors.options import StageOptions, StagesOptions, WorkloadOptions
from ringleader.actors.paths import find
from ringleader.supervisors.declared import DeclaredSupervisor
from ringleader.supervisors.spec import ChildSpec
from ringleader.testing import TestSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ringleader.actors.coordinators.layer3.leases import Leases
    from ringleader.actors.events.base import Envelope, Event
    from ringleader.actors.journal import StageJournal
    from ringleader.actors.ref import Ref

CONFIG = "hex5_2p"
STAGE_EVENTS = {
    "SELFPLAY_COMPLETE": "selfplay",
    "NPZ_EXPORT_COMPLETE": "npz_export",
    "NPZ_COMBINATION_COMPLETE": "npz_combination",
    "TRAINING_COMPLETED": "training",
    "EVALUATION_COMPLETED": "evaluation",
    "MODEL_PROMOTED": "promotion",
}
IN_ORDER = tuple(STAGE_EVENTS.values())
JOBS = "/jobs"
RECHECK = 1.0


class Work:
    """What has become of played jobs; it outlives the actor, as files outlive processes.

    Attributes:
        begun: ids of jobs, each time one began.
        results: by id, what a job ended with.
        failures: by id, how often it is still to be given up, and why.
        seconds: that a job takes.
        results_of: makes a job's result.
    """

    def __init__(
        self,
        results_of: Callable[[JobRequest], Mapping[str, Any]] | None = None,
        seconds: float = 0.5,
    ) -> None:
        self.seconds = seconds
        self.begun: list[str] = []
        self.requests: list[JobRequest] = []
        self.results: dict[str, Mapping[str, Any]] = {}
        self.failures: dict[str, tuple[int, GiveUpKind]] = {}
        self.results_of = results_of or played


class FakeJobs(Actor):
    """Plays the job supervisor: jobs take their time, and die with this actor."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work
        self._running: set[str] = set()

    @handles(StartJob, idempotent=True)
    def start_job(self, message: StartJob) -> None:
        request, work = message.request, self._work
        if request.job_id in work.results:
            self._report(JobFinished(request, work.results[request.job_id], 0.0))
        elif request.job_id not in self._running:
            self._running.add(request.job_id)
            work.begun.append(request.job_id)
            work.requests.append(request)
            self.timers.once(self._work.seconds, request)

    @handles(JobRequest)
    def finish(self, request: JobRequest) -> None:
        work = self._work
        self._running.discard(request.job_id)
        left, kind = work.failures.get(request.job_id, (0, "attempts"))
        if left:
            work.failures[request.job_id] = left - 1, kind
            self._report(JobGaveUp(request, kind, "as the test says"))
            return
        work.results[request.job_id] = result = dict(work.results_of(request))
        self._report(JobFinished(request, result, self._work.seconds))

    def _report(self, report: JobFinished | JobGaveUp) -> None:
        ref = find(self, str(report.request.notify))
        if ref is not None:
            answer(ref, report)


def played(request: JobRequest) -> Mapping[str, Any]:
    """Return what a job of this kind says; later models are stronger."""
    iteration = request.iteration
    match request.kind:
        case "selfplay":
            games = int(request.options["games"])
            return {"games": games, "samples": 20 * games, "output_path": request.outputs["games"]}
        case "export":
            return {"samples": 6000, "games": 300, "quality": 1.0}
        case "combine":
            return {"total_samples": 6000 * iteration, "games": 300 * iteration, "quality": 1.0}
        case "train":
            return {
                "model_path": request.outputs["model"],
                "model_id": f"m{iteration}",
                "epochs": 15,
                "final_loss": 3.0 / iteration,
                "samples": 6000 * iteration,
            }
        case "evaluate":
            return gauntlet(
                random=0.97, heuristic=0.6 + 0.1 * iteration, elo=1000 + 100 * iteration
            )


def gauntlet(
    random: float, heuristic: float, elo: float, best: float | None = None
) -> dict[str, Any]:
    """Return the result of an evaluation of 150 games."""
    rates = {"random": (random, 100), "heuristic": (heuristic, 50)}
    if best is not None:
        rates["best"] = best, 50
    return {
        "games_played": sum(games for _, games in rates.values()),
        "win_rate": random,
        "opponents": {
            name: {
                "wins": round(rate * games),
                "losses": games - round(rate * games),
                "games": games,
                "win_rate": rate,
            }
            for name, (rate, games) in rates.items()
        },
        "elo": elo,
        "elo_delta": None,
    }


def stages(parallel: int = 2) -> StagesOptions:
    """Return stages that play `parallel` self-play jobs at once."""
    selfplay = StageOptions(command=("play",), parallel=parallel)
    return StagesOptions(selfplay=selfplay)


def idle() -> Resources:
    """Return a host that has nothing to do."""
    return Resources()


def options() -> dict[str, Any]:
    """Return small options by name: rechecks every second, no cooldowns, 300 games, one pass."""
    return {
        "task_coordinator": TaskCoordinatorOptions(sweep_interval=RECHECK),
        "global_task_coordinator": GlobalTaskCoordinatorOptions(
            check_interval=RECHECK, node_cooldown=0.0, spawns_per_minute=6000, spawn_burst=100
        ),
        "model_coordinator": ModelCoordinatorOptions(recheck_interval=RECHECK),
        "training_coordinator": TrainingCoordinatorOptions(recheck_interval=RECHECK),
        "queue_populator": QueuePopulatorOptions(interval=RECHECK, games_per_item=100),
        "selfplay_orchestrator": SelfplayOrchestratorOptions(recheck_interval=RECHECK),
        "selfplay_scheduler": SelfplaySchedulerOptions(interval=RECHECK),
        "auto_export_daemon": AutoExportOptions(batch_interval=RECHECK, cooldown=0.0),
        "npz_combination_daemon": NPZCombinationOptions(recheck_interval=RECHECK, cooldown=0.0),
        "training_trigger_daemon": TrainingTriggerOptions(
            scan_interval=RECHECK, cooldown=0.0, dedup_window=2 * RECHECK
        ),
        "evaluation_daemon": EvaluationDaemonOptions(recheck_interval=RECHECK, cooldown=0.0),
        "auto_promotion_daemon": AutoPromotionOptions(
            recheck_interval=RECHECK, passes=1, cooldown=0.0, training_games=50
        ),
        "data_pipeline_orchestrator": DataPipelineOptions(
            recheck_interval=RECHECK, games_per_iteration=300
        ),
    }


class ChaosError(Exception):
    """What a test lets an actor fail with."""


class Pipeline:
    """The whole tree on a test system; `events` are those that the registry has passed on.

    Args:
        iterations: until the pipeline is done.
        work: how jobs go.
        journal: in memory by default.
        changed: options that replace those of `options()`.
        config_keys: what is trained.
    """

    def __init__(
        self,
        *,
        iterations: int = 3,
        work: Work | None = None,
        journal: StageJournal | None = None,
        changed: Mapping[str, Any] | None = None,
        config_keys: tuple[str, ...] = (CONFIG,),
        **system: Any,
    ) -> None:
        self.work = work or Work()
        self.journal: StageJournal = journal or MemoryJournal()
        self.options = {**options(), **(changed or {})}
        self.workload = WorkloadOptions(config_keys=config_keys, iterations=iterations)
        self.jobs = JobSettings(stages=stages(), data_dir=Path("/data"), seed=1, supervisor=JOBS)
        self.resources: Callable[[], Resources] = idle
        self.leases: Leases | None = None
        self.events: list[tuple[Event, Envelope]] = []
        system.setdefault("intensity", 1000)
        self.system = TestSystem(**system)
        self.system.hub.taps.append(lambda event, envelope: self.events.append((event, envelope)))

    def __enter__(self) -> Self:
        self.system.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.system.__exit__(None, None, None)

    def start(self, *only: str) -> None:
        """Start the tree as `tree.toml` declares it, or some of its actors; run what is due."""
        for spec in self.specs(only):
            self.system.start_child(spec)
        if only:
            self.system.run()

    def publish(self, *events: Event) -> None:
        """Publish events as somebody else does, and run what they set off."""
        for event in events:
            self.system.publish(event, source="/elsewhere")
        self.system.run()

    def specs(self, only: tuple[str, ...] = ()) -> list[ChildSpec]:
        jobs = ChildSpec("jobs", FakeJobs, (self.work,))
        layers = [
            ("layer1", [self.child(TaskCoordinator), self.child(GlobalTaskCoordinator)]),
            ("layer2", [self.child(ModelCoordinator)]),
            ("layer3", [self.child(TrainingCoordinator)]),
            ("layer4", [self.child(QueuePopulator)]),
            ("layer5", [self.child(SelfplayOrchestrator), self.child(SelfplayScheduler)]),
            (
                "layer7",
                [
                    self.child(AutoExportDaemon),
                    self.child(NPZCombinationDaemon),
                    self.child(TrainingTriggerDaemon),
                    self.child(EvaluationDaemon),
                    self.child(AutoPromotionDaemon),
                ],
            ),
            ("layer8", [self.child(DataPipelineOrchestrator)]),
        ]
        specs = [
            ChildSpec(
                name,
                DeclaredSupervisor,
                ([child for child in children if not only or child.id in only],),
                {"intensity": 1000},
            )
            for name, children in layers
        ]
        kwargs = {"strategy": "rest_for_one", "intensity": 1000}
        return [jobs, ChildSpec("coordination", DeclaredSupervisor, (specs,), kwargs)]

    def child_named(self, name: str) -> ChildSpec:
        """Return the spec of one of the tree's actors."""
        return self.child(next(kind for kind, known in NAMES.items() if known == name))

    def child(self, actor_class: type[Actor]) -> ChildSpec:
        name = NAMES[actor_class]
        kwargs: dict[str, Any] = {
            "options": self.options[name],
            "journal": self.journal,
            "workload": self.workload,
        }
        if actor_class in WITH_JOBS:
            kwargs["jobs"] = self.jobs
        if actor_class is GlobalTaskCoordinator:
            kwargs["resources"] = self.resources
        if actor_class is TrainingCoordinator:
            kwargs["leases"] = self.leases
        return ChildSpec(name, actor_class, kwargs=kwargs)

    @property
    def finished(self) -> bool:
        return self.journal.noted(FINISHED) is not None

    @property
    def now(self) -> float:
        """Seconds UTC."""
        return self.system.manual.time()

    def ref(self, name: str) -> Ref[Any]:
        """Return the address of one of the tree's actors."""
        layers = [cell.path for cell in self.system.cells() if cell.path.endswith(f"/{name}")]
        return self.system.ref(layers[0])

    def told(self, name: str) -> list[Any]:
        """Return the events of this name, in order."""
        return [event for event, _ in self.events if event.EVENT.name == name]

    def stages(self, config_key: str = CONFIG) -> list[tuple[int, str]]:
        """Return the iterations and stages that were told to be done, each time they were."""
        return [
            (int(iteration), STAGE_EVENTS[event.EVENT.name])
            for event, _ in self.events
            if event.EVENT.name in STAGE_EVENTS
            and getattr(event, "config_key", None) == config_key
            and (iteration := getattr(event, "iteration", None)) is not None
        ]

    def run(
        self,
        seconds: float = 300.0,
        each: Callable[[int], object] = lambda _turn: None,
        until: Callable[[], bool] | None = None,
    ) -> int:
        """Give turns, and let time pass, until the pipeline is done; return how many turns.

        Args:
            seconds: of the system's clock, at most.
            each: called after each turn with its number.
            until: ends it earlier.
        """
        turns = 0
        manual, over = self.system.manual, until or (lambda: self.finished)
        end = manual.now() + seconds
        while not over() and manual.now() < end:
            while self.system.stepper.step():
                turns += 1
                each(turns)
            due = manual.next_time()
            manual.advance_to(end if due is None else min(due, end))
        self.system.run()
        return turns

    def strike(self, path: str) -> None:
        """Kill a supervisor, or let an actor fail in its next turn."""
        cell = next((cell for cell in self.system.cells() if cell.path == path), None)
        if cell is None or cell.current is None:
            return
        if issubclass(cell.ref.actor_class, DeclaredSupervisor):
            cell.kill(cell.current)
        else:
            cell.inject(cell.current, ChaosError("struck"))

    def names(self) -> list[str]:
        """Return the names of all events."""
        return [event.EVENT.name for event, _ in self.events]


WITH_JOBS = {
    TrainingCoordinator,
    SelfplayOrchestrator,
    AutoExportDaemon,
    NPZCombinationDaemon,
    TrainingTriggerDaemon,
    EvaluationDaemon,
}

NAMES: dict[type[Actor], str] = {
    TaskCoordinator: "task_coordinator",
    GlobalTaskCoordinator: "global_task_coordinator",
    ModelCoordinator: "model_coordinator",
    TrainingCoordinator: "training_coordinator",
    QueuePopulator: "queue_populator",
    SelfplayOrchestrator: "selfplay_orchestrator",
    SelfplayScheduler: "selfplay_scheduler",
    AutoExportDaemon: "auto_export_daemon",
    NPZCombinationDaemon: "npz_combination_daemon",
    TrainingTriggerDaemon: "training_trigger_daemon",
    EvaluationDaemon: "evaluation_daemon",
    AutoPromotionDaemon: "auto_promotion_daemon",
    DataPipelineOrchestrator: "data_pipeline_orchestrator",
}
