"""Supervised actors and typed events for fleets of Python daemons, on Pykka and ZeroMQ.

The names below are imported when they are asked for: a job program that needs none of them starts
four times as fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ringleader.actors.base import Actor as Actor
    from ringleader.actors.care import HealthCheck as HealthCheck
    from ringleader.actors.errors import (
        ActorDied as ActorDied,
        CannotCross as CannotCross,
        DeadlockError as DeadlockError,
        HandlerError as HandlerError,
        Hung as Hung,
        MailboxFull as MailboxFull,
        NoSuchActor as NoSuchActor,
        PublishError as PublishError,
        PublishRefused as PublishRefused,
        RemoteError as RemoteError,
        RingleaderError as RingleaderError,
        StoppedError as StoppedError,
        Unhealthy as Unhealthy,
    )
    from ringleader.actors.event_log import (
        ConsumerTaken as ConsumerTaken,
        EventLogError as EventLogError,
    )
    from ringleader.actors.event_log_memory import MemoryEventLog as MemoryEventLog
    from ringleader.actors.events.base import (
        Dedup as Dedup,
        Envelope as Envelope,
        Event as Event,
        EventCategory as EventCategory,
        EventType as EventType,
    )
    from ringleader.actors.events.names import DataEventType as DataEventType
    from ringleader.actors.external_end import ProgramEnded as ProgramEnded
    from ringleader.actors.external_options import ProgramOptions as ProgramOptions
    from ringleader.actors.external_program import ExternalProgram as ExternalProgram
    from ringleader.actors.future import Reply as Reply
    from ringleader.actors.handlers import handles as handles
    from ringleader.actors.health import Health as Health
    from ringleader.actors.holds import Hold as Hold
    from ringleader.actors.incarnation import Incarnation as Incarnation
    from ringleader.actors.letters import (
        DeadLetter as DeadLetter,
        DeathReport as DeathReport,
        Outcome as Outcome,
    )
    from ringleader.actors.lifecycle import (
        LATER as LATER,
        Exit as Exit,
        Ignore as Ignore,
        Terminated as Terminated,
    )
    from ringleader.actors.osprocess_end import EndCause as EndCause, ProcessEnd as ProcessEnd
    from ringleader.actors.osprocess_errors import (
        ProcessError as ProcessError,
        ProcessSettingsError as ProcessSettingsError,
        ProcessStartError as ProcessStartError,
    )
    from ringleader.actors.osprocess_limits import ProcessLimits as ProcessLimits
    from ringleader.actors.publication import (
        Publication as Publication,
        Receipt as Receipt,
        Routing as Routing,
    )
    from ringleader.actors.ref import Ref as Ref
    from ringleader.actors.remote_errors import (
        NodeDown as NodeDown,
        NotAcknowledged as NotAcknowledged,
        NotExported as NotExported,
    )
    from ringleader.actors.remote_ref import NodeRef as NodeRef
    from ringleader.actors.topics import ALL as ALL
    from ringleader.supervisors.cascade import CascadeLimits as CascadeLimits
    from ringleader.supervisors.checks import check_childspecs as check_childspecs
    from ringleader.supervisors.dynamic import DynamicSupervisor as DynamicSupervisor
    from ringleader.supervisors.process_died import ProcessDied as ProcessDied
    from ringleader.supervisors.quarantine import Quarantine as Quarantine
    from ringleader.supervisors.spec import ChildSpec as ChildSpec, Limit as Limit
    from ringleader.supervisors.supervisor import Supervisor as Supervisor
    from ringleader.transport.event_store import EventStore as EventStore

    from .events_client import Client as Client
    from .events_client_async import AsyncClient as AsyncClient
    from .node_errors import NodeError as NodeError, NoNode as NoNode
    from .spool import Spooled as Spooled, SpoolFull as SpoolFull
    from .system import System as System

    __version__: str

_HOMES = {
    "ALL": ".actors.topics",
    "Actor": ".actors.base",
    "ActorDied": ".actors.errors",
    "AsyncClient": ".events_client_async",
    "CannotCross": ".actors.errors",
    "CascadeLimits": ".supervisors.cascade",
    "ChildSpec": ".supervisors.spec",
    "Client": ".events_client",
    "ConsumerTaken": ".actors.event_log",
    "DataEventType": ".actors.events.names",
    "DeadLetter": ".actors.letters",
    "DeadlockError": ".actors.errors",
    "DeathReport": ".actors.letters",
    "Dedup": ".actors.events.base",
    "DynamicSupervisor": ".supervisors.dynamic",
    "EndCause": ".actors.osprocess_end",
    "Envelope": ".actors.events.base",
    "Event": ".actors.events.base",
    "EventCategory": ".actors.events.base",
    "EventLogError": ".actors.event_log",
    "EventStore": ".transport.event_store",
    "EventType": ".actors.events.base",
    "Exit": ".actors.lifecycle",
    "ExternalProgram": ".actors.external_program",
    "HandlerError": ".actors.errors",
    "Health": ".actors.health",
    "HealthCheck": ".actors.care",
    "Hold": ".actors.holds",
    "Hung": ".actors.errors",
    "Ignore": ".actors.lifecycle",
    "Incarnation": ".actors.incarnation",
    "LATER": ".actors.lifecycle",
    "Limit": ".supervisors.spec",
    "MailboxFull": ".actors.errors",
    "MemoryEventLog": ".actors.event_log_memory",
    "NoNode": ".node_errors",
    "NoSuchActor": ".actors.errors",
    "NodeDown": ".actors.remote_errors",
    "NodeError": ".node_errors",
    "NodeRef": ".actors.remote_ref",
    "NotAcknowledged": ".actors.remote_errors",
    "NotExported": ".actors.remote_errors",
    "Outcome": ".actors.letters",
    "ProcessDied": ".supervisors.process_died",
    "ProcessEnd": ".actors.osprocess_end",
    "ProcessError": ".actors.osprocess_errors",
    "ProcessLimits": ".actors.osprocess_limits",
    "ProcessSettingsError": ".actors.osprocess_errors",
    "ProcessStartError": ".actors.osprocess_errors",
    "ProgramEnded": ".actors.external_end",
    "ProgramOptions": ".actors.external_options",
    "Publication": ".actors.publication",
    "PublishError": ".actors.errors",
    "PublishRefused": ".actors.errors",
    "Quarantine": ".supervisors.quarantine",
    "Receipt": ".actors.publication",
    "Ref": ".actors.ref",
    "RemoteError": ".actors.errors",
    "Reply": ".actors.future",
    "RingleaderError": ".actors.errors",
    "Routing": ".actors.publication",
    "SpoolFull": ".spool",
    "Spooled": ".spool",
    "StoppedError": ".actors.errors",
    "Supervisor": ".supervisors.supervisor",
    "System": ".system",
    "Terminated": ".actors.lifecycle",
    "Unhealthy": ".actors.errors",
    "check_childspecs": ".supervisors.checks",
    "handles": ".actors.handlers",
}


def __getattr__(name: str) -> Any:
    """Import a name at its first use."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415  # 15 ms for who does not ask

        return version("ringleader")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the names, imported or not."""
    return sorted({*globals(), *_HOMES, "__version__"})
