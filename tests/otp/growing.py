"""The tree of a random scenario, and how its children behave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.otp.writing import SOFO, dyn, sup, w

if TYPE_CHECKING:
    import random

    from tests.otp.writing import Child, Step, Tree

RESTARTS = ["permanent"] * 5 + ["transient"] * 3 + ["temporary"] * 2
FAILS_LATER: list[list[Any]] = [
    ["ok", "error", "ok"],
    ["ok", "error", "error", "ok"],
    ["ok", "error"],
    ["ok", "crash", "ok"],
    ["ok", "raise", "ok"],
    ["ok", "bad_return", "ok"],
    ["ok", "ignore", "ok"],
    ["ok", "ignore"],
    ["ok", "ok", "error", "ok"],
    ["ok", ["refuse", "busy"], "ok"],
]
FAILS_FIRST: list[list[Any]] = [["error"], ["error", "ok"], ["ignore"], ["ignore", "ok"], ["crash"]]
DIES: list[list[Any]] = [
    [["die", "boom"], "ok"],
    ["ok", ["die", "boom"], "ok"],
    ["ok", ["die", "normal"], "ok"],
    [["die", "kill"], ["die", "boom"], "ok"],
    ["ok", ["die", "boom"]],
]


class Growing:
    """Draw a tree: supervisors nest at most `max_depth` deep, with at most 4 children each.

    What is drawn, and in which order, must not change: a seed stands for its scenario.
    """

    def __init__(self, rng: random.Random, max_depth: int) -> None:
        self.rng, self.max_depth = rng, max_depth
        self.sups: dict[str, str] = {}  # path -> strategy
        self.kids: dict[str, list[str]] = {}  # supervisor's path -> child ids
        self.auto: dict[str, str] = {}
        self.workers: list[str] = []
        self.fresh = 0
        # Children that fail for ever cost intensity ** depth restarts.
        self.intensities = rng.choice([[0, 1, 1, 2, 2, 3], [1, 2, 3], [1, 2, 3, 5, 10]])
        self.calm = 10 in self.intensities

    def chance(self, p: float) -> bool:
        """Tell whether something with this probability happens."""
        return self.rng.random() < p

    def supervisor(self, path: str, depth: int) -> Tree:
        """Draw a supervisor with all that is below it."""
        rng = self.rng
        strategies = ["one_for_one", "one_for_all", "rest_for_one", SOFO]
        strategy = rng.choices(strategies, [35, 25, 25, 15])[0]
        self.sups[path], self.kids[path] = strategy, []
        auto = rng.choices(["never", "any_significant", "all_significant"], [70, 15, 15])[0]
        self.auto[path] = auto
        out: Tree = {
            "strategy": strategy,
            "intensity": rng.choice(self.intensities),
            "period": rng.choice([1, 2, 3, 5]),
        }
        if auto != "never" or self.chance(0.1):
            out["auto_shutdown"] = auto
        if strategy == SOFO:
            out["children"] = [self.child(path, "t", depth, dynamic=True)]
            return out
        count = rng.choice([0, 1, 2, 2, 3, 3, 3, 4, 4])
        out["children"] = [self.child(path, "abcd"[i], depth) for i in range(count)]
        if count > 1 and self.chance(0.005):
            out["children"][-1]["id"] = "a"
        return out

    def child(self, parent: str, name: str, depth: int, *, dynamic: bool = False) -> Child:
        """Draw a child's spec and behaviour."""
        path = f"{parent}/{name}"
        restart = self.rng.choice(RESTARTS)
        spec: Child = {"id": name, "restart": restart}
        if not dynamic:
            self.kids[parent].append(name)
        if not dynamic and depth < self.max_depth and self.chance(0.4):
            spec |= self._inner(path, depth)
        elif dynamic and depth < self.max_depth and self.chance(0.15):
            spec |= self._inner_of_template()
        else:
            if not dynamic:
                self.workers.append(path)
            spec |= {"type": "worker", **self.behaviour(top=parent == "root", dynamic=dynamic)}
        # The second chance gives significant children that are mostly not allowed.
        if (self.auto[parent] != "never" and restart != "permanent" and self.chance(0.6)) or (
            self.chance(0.004)
        ):
            spec["significant"] = True
        return spec

    def _inner(self, path: str, depth: int) -> Child:
        spec: Child = {"type": "supervisor", "sup": self.supervisor(path, depth + 1)}
        if self.chance(0.05):
            starts = [["ok", "ignore", "ok"], ["ignore", "ok"], ["ok", "error", "ok"]]
            spec["starts"] = self.rng.choice(starts)
        if self.chance(0.1):
            spec["shutdown"] = self.rng.choice(["infinity", 5000])
        return spec

    def _inner_of_template(self) -> Child:
        strategy = self.rng.choice(["one_for_one", "one_for_all"])
        children = [w("x"), w("y", "transient")]
        intensity = self.rng.choice([0, 1, 2])
        return {"type": "supervisor", "sup": sup(strategy, children, intensity=intensity)}

    def behaviour(self, *, top: bool, dynamic: bool = False) -> Child:
        """Draw how a worker starts and stops."""
        return {**self._starts(top=top, dynamic=dynamic), **self._stops()}

    def _starts(self, *, top: bool, dynamic: bool) -> Child:
        if self.chance(0.16):
            scripts = [
                c
                for c in FAILS_LATER
                if (c[-1] in ("ok", "ignore") or not self.calm)
                # "ignore" from a restart breaks OTP 25's own pool (rule 56)
                and not (dynamic and "ignore" in c)
            ]
            return {"starts": self.rng.choice(scripts)}
        if self.chance(0.03):
            return {"starts": self.rng.choice(FAILS_FIRST)}
        if top and self.chance(0.06):
            # Only under the root: below, the death of a child would run alongside the start of
            # its supervisor's siblings.
            scripts = [d for d in DIES if d[-1] == "ok" or not self.calm]
            return {"starts": self.rng.choice(scripts)}
        return {}

    def _stops(self) -> Child:
        rng = self.rng
        kinds = ["plain", "trap", "brutal", "hang", "slow", "other", "inf"]
        out: Child = {}
        match rng.choices(kinds, [60, 10, 12, 3, 4, 6, 5])[0]:
            case "trap":
                out = {"trap_exit": True}
            case "brutal":
                out = {"shutdown": "brutal_kill"}
            case "hang":
                out = {"on_shutdown": "hang", "shutdown": rng.choice([0, 10, 20])}
            case "slow":
                out = {"on_shutdown": ["delay", 5], "shutdown": rng.choice([5000, "infinity"])}
            case "other":
                reason = rng.choice(["normal", "boom", ["shutdown", "x"]])
                out = {"on_shutdown": ["exit", reason], "shutdown": 5000}
            case "inf":
                out = {"shutdown": "infinity"}
            case _:
                pass
        return out

    def dyn(self, path: str) -> Step:
        """Draw a child of a template, and the call that starts it."""
        self.fresh += 1
        name = f"d{self.fresh}"
        self.kids[path].append(name)
        self.workers.append(f"{path}/{name}")
        out = dyn(name, path)
        if self.chance(0.2):
            scripts = [
                c
                for c in FAILS_LATER + FAILS_FIRST
                if "ignore" not in c[1:] and (c[-1] == "ok" or not self.calm)
            ]
            out["starts"] = self.rng.choice(scripts)
        return out
