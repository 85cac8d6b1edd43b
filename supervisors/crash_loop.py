"""When crashes are a loop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ringleader.actors.lifecycle import is_normal

if TYPE_CHECKING:
    from .spec import ChildType


@dataclass(frozen=True, slots=True)
class CrashLoop:
    """The recent crashes of one child: `count` within `window` seconds are a loop.

    A loop lasts until the child was healthy for long enough, or a whole window passes without a
    crash.

    Attributes:
        count: how many crashes make a loop.
        window: seconds.
        crashes: when they were, in monotonic seconds, oldest first.
        since: when the present loop was noticed; None if there is none.
        fingerprints: of those crashes, as `DeathReport.fingerprint` has them.
    """

    count: int
    window: float
    crashes: tuple[float, ...] = ()
    since: float | None = None
    fingerprints: tuple[str, ...] = ()

    def crashed(self, now: float, fingerprint: str = "") -> CrashLoop:
        """Take in a crash at `now`."""
        healthy = not self.crashes or now - self.crashes[-1] > self.window
        recent = tuple(at for at in self.crashes if now - at <= self.window)
        crashes = (*recent, now)[-self.count :]
        since = None if healthy else self.since
        if since is None and len(crashes) >= self.count:
            since = now
        prints = (*self.fingerprints, fingerprint)[-len(crashes) :]
        return replace(self, crashes=crashes, since=since, fingerprints=prints)

    def over(self) -> CrashLoop:
        """Forget the crashes: it has been healthy for long enough."""
        return CrashLoop(self.count, self.window)

    @property
    def shared_fingerprint(self) -> str | None:
        """The fingerprint of all the crashes; None if they differ."""
        prints = set(self.fingerprints)
        return prints.pop() if len(prints) == 1 else None


def is_crash(child_type: ChildType, reason: object) -> bool:
    """Tell whether an end counts as a crash: one that is not normal.

    A supervisor that ended with `shutdown` by itself gave up, and that is a crash, too.
    """
    return not is_normal(reason) or (child_type == "supervisor" and reason == "shutdown")
