"""Supervised actors and typed events for fleets of Python daemons, on Pykka and ZeroMQ."""

from importlib.metadata import version as _version

from ringleader.actors.base import Actor as Actor
from ringleader.actors.errors import (
    ActorDied as ActorDied,
    DeadlockError as DeadlockError,
    HandlerError as HandlerError,
    MailboxFull as MailboxFull,
    NoSuchActor as NoSuchActor,
    PublishError as PublishError,
    RingleaderError as RingleaderError,
    StoppedError as StoppedError,
)
from ringleader.actors.events.base import (
    Dedup as Dedup,
    Envelope as Envelope,
    Event as Event,
    EventCategory as EventCategory,
    EventType as EventType,
)
from ringleader.actors.events.names import DataEventType as DataEventType
from ringleader.actors.future import Reply as Reply
from ringleader.actors.handlers import handles as handles
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
from ringleader.actors.ref import Ref as Ref
from ringleader.actors.routing import ALL as ALL
from ringleader.supervisors.dynamic import DynamicSupervisor as DynamicSupervisor
from ringleader.supervisors.spec import ChildSpec as ChildSpec
from ringleader.supervisors.supervisor import Supervisor as Supervisor

from .system import System as System

__version__ = _version("ringleader")
