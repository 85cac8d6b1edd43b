"""What is compared: the actor classes by name."""

from __future__ import annotations

import pykka

from ringleader import Actor

STOCK = "stock"
OURS = "ringleader"
SIDES: dict[str, type[pykka.Actor]] = {STOCK: pykka.ThreadingActor, OURS: Actor}
