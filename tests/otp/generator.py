"""Random scenarios: a seed stands for one."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from tests.otp.growing import RESTARTS, Growing
from tests.otp.writing import SOFO, advance, api, batch, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.otp.writing import Scenario, Step

REASONS: list[Any] = ["boom"] * 6 + ["kill"] * 2 + ["normal"] * 2 + ["shutdown", ["shutdown", "x"]]
STEPS = {
    "crash": 40,
    "kill_sup": 3,
    "stop_sup": 2,
    "signal": 1,
    "terminate": 10,
    "restart": 8,
    "delete": 6,
    "start": 9,
    "count": 2,
    "which": 2,
    "spec": 1,
    "advance": 8,
    "batch": 9,
    "stop": 0.5,
}
IN_A_BATCH = {
    "crash": 6,
    "terminate_child": 3,
    "restart_child": 3,
    "delete_child": 2,
    "start": 2,
    "which_children": 2,
    "count_children": 2,
}


def random_scenarios(seed: int, count: int, first: int = 0) -> Iterator[Scenario]:
    """Give `count` scenarios; number i depends on the seed and on i alone."""
    for i in range(first, first + count):
        rng = random.Random(f"{seed}/{i}")  # noqa: S311  # no secret
        yield Generator(rng).scenario(f"random_{seed}_{i}")


class Generator(Growing):
    """Draw one scenario of 1 to 8 steps; those that first fill a template's pool count."""

    def __init__(self, rng: random.Random, max_depth: int = 3) -> None:
        super().__init__(rng, max_depth)
        self.stopped: list[tuple[str, str]] = []
        self.follow = False

    def scenario(self, name: str) -> Scenario:
        """Draw it; once only."""
        tree = self.supervisor("root", 1)
        steps: list[Step] = []
        for path, strategy in list(self.sups.items()):
            if strategy == SOFO:
                ops = [self.dyn(path) for _ in range(self.rng.randint(1, 3))]
                steps.append(batch(*ops, sup=path) if len(ops) > 1 else ops[0])
        steps = steps[:2]
        steps += [self.step() for _ in range(self.rng.randint(1, 8))]
        out: Scenario = {"name": name, "tree": tree, "steps": steps[:8]}
        if self.chance(0.25):
            out["reports"] = True
        return out

    def step(self) -> Step:
        """Draw a step, and often what sees to the child that was just stopped."""
        if self.follow and self.chance(0.45):
            self.follow = False
            path, child_id = self.stopped[-1]
            if self.sups[path] != SOFO:
                return self._see_to(path, child_id)
        kind = self.rng.choices(list(STEPS), list(STEPS.values()))[0]
        drawn: Step = getattr(self, f"_{kind}")()
        return drawn

    def _see_to(self, path: str, child_id: str) -> Step:
        return self.rng.choice(
            [
                api("restart_child", child_id, path),
                api("restart_child", child_id, path),
                api("delete_child", child_id, path),
                api("delete_child", child_id, path),
                start({"id": child_id, "restart": self.rng.choice(RESTARTS)}, path),
            ]
        )

    # ------------------------------------------------------------------ from outside

    def _crash(self, path: str | None = None) -> Step:
        pool = self.workers
        if path:
            pool = [p for p in pool if p.rpartition("/")[0] == path]
        if not pool:
            return api("which_children", sup=path or "root")
        return {"op": "crash", "path": self.rng.choice(pool), "reason": self.rng.choice(REASONS)}

    def _kill_sup(self) -> Step:
        return {"op": "crash", "path": self._pick_sup(), "reason": "kill"}

    def _stop_sup(self) -> Step:
        path = self._pick_sup()
        reason = self.rng.choice(["normal", "shutdown", "boom"])
        return {"op": "stop_sup", "path": path, "reason": reason}

    def _signal(self) -> Step:
        path = self.rng.choice([*self.sups, *self.workers])
        reason = self.rng.choice(["normal", "shutdown", "boom"])
        return {"op": "exit_signal", "path": path, "reason": reason}

    def _advance(self) -> Step:
        return advance(self.rng.choice([500, 1000, 1000, 1500, 2000, 3000, 5000]))

    def _stop(self) -> Step:
        return {"op": "stop", "reason": self.rng.choice(["shutdown", "normal", "boom"])}

    # ------------------------------------------------------------------ calls

    def _terminate(self) -> Step:
        return self._child_call("terminate_child")

    def _restart(self) -> Step:
        return self._child_call("restart_child")

    def _delete(self) -> Step:
        return self._child_call("delete_child")

    def _spec(self) -> Step:
        return self._child_call("get_childspec")

    def _count(self) -> Step:
        return api("count_children", sup=self._pick_sup())

    def _which(self) -> Step:
        return api("which_children", sup=self._pick_sup())

    def _child_call(self, op: str) -> Step:
        path = self._pick_sup()
        if op in ("restart_child", "delete_child") and self.stopped and self.chance(0.6):
            path, picked = self.rng.choice(self.stopped)
            child_id: str | None = picked
        else:
            child_id = self._pick_kid(path)
        if child_id is None or self.chance(0.03):
            child_id = "nobody"
        if op == "terminate_child":
            self.stopped.append((path, child_id))
            self.follow = child_id != "nobody"
        if self.sups[path] == SOFO and self.chance(0.85):
            return {"op": op, "sup": path, "child": child_id}
        return api(op, child_id, path)

    def _start(self, path: str | None = None) -> Step:
        path = path or self._pick_sup()
        if self.sups[path] == SOFO:
            return self.dyn(path)
        if self.kids[path] and self.chance(0.35):
            known = self.rng.choice(self.kids[path])
            spec = {"id": known, "type": "worker", "restart": self.rng.choice(RESTARTS)}
            return start(spec, path)
        self.fresh += 1
        name = f"n{self.fresh}"
        if self.chance(0.04):
            wrong: list[dict[str, Any]] = [
                {"restart": "sometimes"},
                {"shutdown": -1},
                {"type": "gadget"},
                {"significant": True},
            ]
            return start({"id": name, "type": "worker", **self.rng.choice(wrong)}, path)
        if path.count("/") + 1 < self.max_depth and self.chance(0.15):
            self.kids[path].append(name)
            return start(self._new_supervisor(path, name), path)
        return start(self.child(path, name, self.max_depth), path)

    def _new_supervisor(self, path: str, name: str) -> Step:
        restart = self.rng.choice(RESTARTS)
        tree = self.supervisor(f"{path}/{name}", path.count("/") + 2)
        return {"id": name, "type": "supervisor", "restart": restart, "sup": tree}

    def _batch(self) -> Step:
        path = self._pick_sup()
        ops = [self._crash(path)]
        for _ in range(self.rng.randint(1, 3)):
            kind = self.rng.choices(list(IN_A_BATCH), list(IN_A_BATCH.values()))[0]
            if kind == "crash":
                ops.append(self._crash(path))
            elif kind == "start":
                ops.append(self._start(path))
            elif kind in ("which_children", "count_children"):
                ops.append(api(kind, sup=path))
            else:
                kid = self._pick_kid(path)
                if kid:
                    key = "child" if self.sups[path] == SOFO else "id"
                    ops.append({"op": kind, "sup": path, key: kid})
        self.rng.shuffle(ops)
        return batch(*ops, sup=path)

    def _pick_sup(self) -> str:
        return self.rng.choice(list(self.sups))

    def _pick_kid(self, path: str) -> str | None:
        return self.rng.choice(self.kids[path]) if self.kids[path] else None
