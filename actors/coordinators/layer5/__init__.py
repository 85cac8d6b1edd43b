"""Self-play: who plays what, and what has been played."""

from .selfplay_orchestrator import SelfplayOrchestrator as SelfplayOrchestrator
from .selfplay_scheduler import SelfplayScheduler as SelfplayScheduler
