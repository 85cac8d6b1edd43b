"""Settings of actors, of events and of job programs, beside the code that they tune.

Every field carries its meaning, unit and range; `extra["env"]` names the variables of the system
that Ringleader succeeds, which `ringleader.config` reads as aliases: one name, or a mapping from
name to a factor or to a table of words when the old unit or vocabulary was another.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from .mailbox import Overflow

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]

OnMissing = Literal["fail", "warn", "ignore"]

PYTHON = "{python}"

CRITICAL = (
    "TRAINING_COMPLETED",
    "EVALUATION_COMPLETED",
    "MODEL_PROMOTED",
    "TASK_SPAWNED",
    "TASK_COMPLETED",
    "TASK_FAILED",
)
"""Without a subscriber to each of these, no iteration of the pipeline on one node ends.

The reference system's lists have three more, TRAINING_STARTED and the two of DATA_SYNC: nobody in
the tree that comes along syncs data, and nobody waits for the beginning of a training.
"""


class ActorOptions(Struct, frozen=True, kw_only=True):
    """Mailboxes and the workers that run actors' turns."""

    mailbox_capacity: Annotated[
        int, Meta(ge=1, description="what a mailbox holds if its class says nothing (messages)")
    ] = 100_000
    overflow: Annotated[
        Overflow,
        Meta(
            description="what a full mailbox does if its class says nothing: the sender waits, "
            "the sender gets an error, or the oldest message becomes a dead letter"
        ),
    ] = "block"
    pool_workers: Annotated[
        int,
        Meta(
            ge=1,
            le=1024,
            description="workers of the pool while nobody blocks; handlers that block get "
            "more (threads)",
        ),
    ] = 1
    turn: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            description="most that an actor handles before it makes room for another (messages)",
        ),
    ] = 64
    max_stuck_threads: Annotated[
        int,
        Meta(
            ge=1,
            description="threads that were given up because their handler hangs and that are "
            "still alive, at which the node ends with exit code 70 (threads)",
        ),
    ] = 64


class EventOptions(Struct, frozen=True, kw_only=True):
    """How the registry checks, deduplicates and delivers events."""

    dedup_window: Annotated[
        float,
        Meta(
            ge=0,
            description="time in which equal content of one type counts as the same event; "
            "0 turns it off (seconds)",
            extra={"env": "RINGRIFT_EVENT_DEDUP_WINDOW_SECS"},
        ),
    ] = 60
    dedup_capacity: Annotated[
        int,
        Meta(ge=1, description="what is remembered to recognise duplicates, at most (events)"),
    ] = 10_000
    handler_timeout: Annotated[
        float,
        Meta(
            gt=0,
            description="time a handler may take for one event (seconds)",
            extra={"env": "RINGRIFT_EVENT_HANDLER_TIMEOUT"},
        ),
    ] = 600
    validation_strict: Annotated[
        bool,
        Meta(
            description="an unknown event name is an error for who publishes it; otherwise it is "
            "logged once, counted, and published as UNKNOWN_EVENT",
            extra={"env": "RINGRIFT_EVENT_VALIDATION_STRICT"},
        ),
    ] = True
    max_event_bytes: Annotated[
        int, Meta(ge=1024, description="largest encoded event that is accepted (bytes)")
    ] = 1_048_576
    max_depth: Annotated[
        int, Meta(ge=1, le=500, description="deepest nesting of a payload (levels)")
    ] = 32
    causation_depth: Annotated[
        int,
        Meta(ge=1, description="longest chain of events that cause one another (events)"),
    ] = 32
    critical_subscriptions: Annotated[
        tuple[str, ...],
        Meta(
            description="event types that must have a subscriber before the node is ready, or "
            "groups of them (manager_events, pipeline_events, daemon_events, feedback_signals); "
            "the default counts in a tree with a data pipeline only"
        ),
    ] = CRITICAL
    on_missing_subscription: Annotated[
        OnMissing,
        Meta(
            description="what follows if one of them has none when the grace is over: the start "
            "fails, or it is told, or nothing",
            extra={
                "env": {
                    "RINGRIFT_FAIL_ON_SUBSCRIPTION_FAILURE": {
                        "1": "fail",
                        "true": "fail",
                        "yes": "fail",
                        "on": "fail",
                        "0": "warn",
                        "false": "warn",
                        "no": "warn",
                        "off": "warn",
                    }
                }
            },
        ),
    ] = "fail"
    subscription_grace: Annotated[
        float,
        Meta(
            ge=0,
            description="time that subscribers have for it once the tree is up (seconds)",
        ),
    ] = 10
    history: Annotated[
        int,
        Meta(ge=0, le=1_000_000, description="last events kept in memory, with who handled them"),
    ] = 2_000
    poll_interval: Annotated[
        float,
        Meta(
            gt=0,
            description="how often the event log is looked after: leases that ran out, retention, "
            "and whatever a wake-up missed (seconds)",
            extra={"env": "COORDINATOR_CROSS_PROCESS_POLL_INTERVAL"},
        ),
    ] = 5
    spool_interval: Annotated[
        float,
        Meta(
            gt=0,
            description="how often it is looked whether clients left events in the spool that the "
            "start did not find (seconds)",
        ),
    ] = 30
    backlog: Annotated[
        int,
        Meta(
            ge=10,
            description="how far the registry may be behind until publishers are told to stop; "
            "pressure rises from a quarter of it on (events)",
        ),
    ] = 100_000
    log_level: Annotated[
        LogLevel,
        Meta(
            description="what is logged of events; DEBUG logs each one",
            extra={
                "env": {
                    "RINGRIFT_EVENT_LOG_LEVEL": 1,
                    "RINGRIFT_EVENT_TRACE": {
                        "1": "DEBUG",
                        "true": "DEBUG",
                        "0": None,
                        "false": None,
                    },
                }
            },
        ),
    ] = "INFO"


class EventLogOptions(Struct, frozen=True, kw_only=True):
    """How long the event log keeps events, and for whom."""

    retention: Annotated[
        float,
        Meta(
            gt=0,
            description="age above which an event is removed once every consumer is done with it "
            "(seconds)",
            extra={"env": {"RINGRIFT_CROSS_PROCESS_RETENTION_HOURS": 3600}},
        ),
    ] = 86_400
    retention_events: Annotated[
        int,
        Meta(
            ge=1,
            description="number above which the oldest events are removed once every consumer is "
            "done with them (events)",
        ),
    ] = 2_000_000
    retention_bytes: Annotated[
        int,
        Meta(
            ge=1,
            description="size above which the oldest events are removed once every consumer is "
            "done with them (bytes)",
        ),
    ] = 1_073_741_824
    cap_events: Annotated[
        int,
        Meta(
            ge=1,
            description="number above which the oldest events are removed whoever has not had "
            "them yet (events)",
        ),
    ] = 8_000_000
    cap_bytes: Annotated[
        int,
        Meta(
            ge=1,
            description="size above which the oldest events are removed whoever has not had them "
            "yet (bytes)",
        ),
    ] = 4_294_967_296
    abandoned_after: Annotated[
        float,
        Meta(
            gt=0,
            description="time after which no events are kept for a consumer that is not attached "
            "(seconds)",
        ),
    ] = 604_800


class StageOptions(Struct, frozen=True, kw_only=True):
    """The job program of one stage of the pipeline; docs/configuration.md has its protocol."""

    command: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            description="program and arguments; `--job FILE` is appended, "
            "{python} is the node's own interpreter",
        ),
    ]
    timeout: Annotated[
        float, Meta(gt=0, description="time a job may take before it is killed (seconds)")
    ] = 3600
    parallel: Annotated[
        int, Meta(ge=1, le=1024, description="jobs of the stage at once on this node (jobs)")
    ] = 1
    options: Annotated[
        dict[str, Any],  # the program's own vocabulary, passed on as JSON
        Meta(description="passed to the program as it stands"),
    ] = {}  # msgspec copies an empty default

    def argv(self, python: str) -> tuple[str, ...]:
        """Return the command with `{python}` replaced by the interpreter `python`."""
        return tuple(part.replace(PYTHON, python) for part in self.command)


def _embedded(stage: str) -> tuple[str, ...]:
    return (PYTHON, "-m", f"ringleader.actors.workloads.{stage}")


class StagesOptions(Struct, frozen=True, kw_only=True):
    """The stages that run programs; the defaults play the embedded board game."""

    selfplay: StageOptions = StageOptions(command=_embedded("selfplay"), parallel=32)
    export: StageOptions = StageOptions(command=_embedded("export"), parallel=2)
    combine: StageOptions = StageOptions(command=_embedded("combine"))
    train: StageOptions = StageOptions(command=_embedded("train"), timeout=14_400)
    evaluate: StageOptions = StageOptions(command=_embedded("evaluate"), parallel=24)


class WorkloadOptions(Struct, frozen=True, kw_only=True):
    """What the pipeline works on, and how long."""

    config_keys: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1, description="games to train for, such as hex5_2p (board, size, players)"
        ),
    ] = ("hex8_2p",)
    iterations: Annotated[
        int, Meta(ge=0, description="iterations until the node ends by itself; 0 goes on (count)")
    ] = 0
