"""Where we differ from OTP on purpose: by rules about scenarios and traces, never by name.

They are the ones that docs/semantics.md lists under "Deviations from OTP". Each is narrow: what
it does not cover is compared all the same.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tests.otp.writing import SOFO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.otp.writing import Scenario, Step, Trace, Tree

Part = dict[str, Any]


def names_modules(scenario: Scenario) -> bool:
    """Tell whether a step gives `modules`: which code a hot upgrade concerns. Python has none."""
    return any("modules" in step.get("spec", ()) for step in scenario["steps"])


def without_modules(scenario: Scenario, theirs: Trace) -> tuple[Scenario, Trace]:
    """Leave out the steps that OTP refuses because of `modules`: they change nothing."""
    pairs = zip(scenario["steps"], theirs["steps"], strict=True)
    kept = [(s, p) for s, p in pairs if not ("modules" in s.get("spec", ()) and _is_refused(p))]
    steps, parts_kept = [step for step, _ in kept], [part for _, part in kept]
    return scenario | {"steps": steps}, theirs | {"steps": parts_kept}


def _is_refused(part: Part) -> bool:
    match part["result"]:
        case ["error", ["invalid_modules", _]]:
            return True
        case _:
            return False


def align_orphans(theirs: Trace, ours: Trace) -> bool:
    """Rule 36: take away when and why orphans end; who is orphaned is still compared.

    What a killed supervisor leaves behind hears `killed` and does as it likes, in OTP; here it is
    ended before the supervisor's own supervisor hears. Tell whether the rule applies: OTP's trace
    has orphans.
    """
    orphans = _orphans(theirs)
    if not orphans:
        return False
    for trace, who in ((theirs, orphans), (ours, _orphans(ours))):
        for part in parts(trace):
            part.pop("orphans", None)
        trace["left_alive"] = []
        trace["orphans"] = who
    return True


def align_answers_about_orphans(scenario: Scenario, theirs: Trace, ours: Trace) -> None:
    """Rule 36: `terminate_child` of an orphan that OTP's killed supervisor left alive.

    To the next supervisor it is a stranger that lives, so OTP answers `not_found`; here it has
    ended with its supervisor, and to terminate who has ended is `ok`.
    """
    for at, step in enumerate(scenario["steps"]):
        alive = _outlive(theirs, at)
        mine = _answers(ours["steps"][at])
        answers = zip(_ops(step), _answers(theirs["steps"][at]), strict=False)
        for place, (entry, said) in enumerate(answers):
            path = f"{entry.get('sup')}/{entry.get('child')}"
            is_about_one = entry["op"] == "terminate_child" and path in alive
            if is_about_one and said == ["error", "not_found"] and mine[place] == "ok":
                mine[place] = said
        if step["op"] != "batch":
            ours["steps"][at]["result"] = mine[0]


def _outlive(trace: Trace, at: int) -> set[str]:
    """Return the paths of orphans that live after a step: they end later, or not at all."""
    later = (e for part in trace["steps"][at + 1 :] for e in part.get("orphans", ()))
    ends = {path for kind, path, *_ in later if kind == "exit"}
    return ends | {name.rpartition("#")[0] for name in trace["left_alive"]}


def _ops(step: Step) -> list[Step]:
    ops: list[Step] = step["ops"] if step["op"] == "batch" else [step]
    return ops


def _answers(part: Part) -> list[Any]:
    """Return what a step answers, for each of its operations; a batch's own list."""
    result: Any = part["result"]
    answers: list[Any] = result if part["op"] == "batch" and result != "noproc" else [result]
    return answers


def _orphans(trace: Trace) -> list[str]:
    ended = (e for part in parts(trace) for e in part.get("orphans", ()) if e[0] == "exit")
    return sorted({f"{path}#{nth}" for _, path, nth, _ in ended} | set(trace["left_alive"]))


def cut_at_ignored_restart(scenario: Scenario, theirs: Trace, ours: Trace) -> bool:
    """Rule 56 a: compare nothing after a dynamic child's restart that ignored; OTP is broken then.

    OTP keeps such a child as `undefined`, counts it as active, and can't stop any more
    (erlang/otp #8215). Here it is dropped. Tell whether the rule applies: OTP's trace has a later
    start, of a child of a template, that says `ignore`.
    """
    templates = set(template_paths(scenario))
    for at, part in enumerate(theirs["steps"]):
        if any(_is_ignored_restart(event, templates) for event in part["events"]):
            for trace in (theirs, ours):
                trace["steps"][at:] = [{"events": trace["steps"][at]["events"]}]
                del trace["final"], trace["stop"], trace["left_alive"]
            return True
    return False


def _is_ignored_restart(event: list[Any], templates: set[str]) -> bool:
    match event:
        case ["start", str(path), int(nth), "ignore"]:
            return nth > 1 and path.rpartition("/")[0] in templates
        case _:
            return False


def align_active(scenario: Scenario, theirs: Trace, ours: Trace) -> bool:
    """Rule 56 b: let OTP's `active` be too low by the retries of dynamic children it cancelled.

    `terminate_child` of a dynamic child that is `restarting` takes it off OTP's count for the
    second time. Tell whether the rule was used: a batch ends a dynamic child, its restart fails,
    and the same batch terminates it; from there on that supervisor's count may be too low by one.
    """
    too_low: dict[str, int] = {}
    used = False
    for step, part, mine in zip(scenario["steps"], theirs["steps"], ours["steps"], strict=True):
        for sup in _cancelled_retries(step, part):
            too_low[sup] = too_low.get(sup, 0) + 1
        pairs = zip(_results(step, part), _results(step, mine), strict=False)
        for (sup, count), (_, my_count) in pairs:
            used |= _raise_active(count, my_count, too_low.get(sup, 0))
    for sup, last in theirs.get("final", {}).items():
        mine = ours["final"].get(sup)
        used |= mine is not None and _raise_active(
            last["count"], mine["count"], too_low.get(sup, 0)
        )
    return used


def _cancelled_retries(step: Step, part: Part) -> Iterator[str]:
    ended = set[str]()
    for entry in step["ops"] if step["op"] == "batch" else ():
        path = f"{entry.get('sup')}/{entry.get('child')}"
        if entry["op"] == "crash":
            ended.add(entry["path"])
        elif entry["op"] == "terminate_child" and path in ended:
            starts = (e for e in part["events"] if e[0] == "start" and e[1] == path)
            if any(isinstance(said, list) for *_, said in starts):
                yield entry["sup"]


def _results(step: Step, part: Part) -> Iterator[tuple[str, Any]]:
    """Give the answers to `count_children` with the supervisor's path."""
    entries = step["ops"] if step["op"] == "batch" else [step]
    result: Any = part["result"]
    results: list[Any] = result if step["op"] == "batch" and result != "noproc" else [result]
    for entry, answer in zip(entries, results, strict=False):
        if entry["op"] == "count_children":
            yield entry["sup"], answer


def _raise_active(theirs: Any, ours: Any, at_most: int) -> bool:
    match theirs, ours:
        case {"active": int(low)}, {"active": int(right)} if 0 < right - low <= at_most:
            theirs["active"] = right
            return True
        case _:
            return False


def parts(trace: Trace) -> list[Part]:
    """Return the parts of a trace that have events, in order."""
    ends = [trace[key] for key in ("start", "stop") if key in trace]
    return [*ends, *trace["steps"]]


def template_paths(scenario: Scenario) -> Iterator[str]:
    """Give the paths of all supervisors whose children are of one template."""
    trees: dict[str, Tree] = dict(_trees("root", scenario["tree"]))
    for step in _calls(scenario):
        sup = step.get("sup")
        spec = step.get("spec")
        if spec is not None and "sup" in spec:
            trees |= _trees(f"{sup}/{spec.get('id')}", spec["sup"])
        elif "name" in step and "sup" in trees.get(str(sup), {"children": [{}]})["children"][0]:
            trees |= _trees(f"{sup}/{step['name']}", trees[str(sup)]["children"][0]["sup"])
    return (path for path, tree in trees.items() if tree.get("strategy") == SOFO)


def _calls(scenario: Scenario) -> Iterator[Step]:
    for step in scenario["steps"]:
        yield from step["ops"] if step["op"] == "batch" else (step,)


def _trees(path: str, tree: Tree) -> Iterator[tuple[str, Tree]]:
    yield path, tree
    for child in tree.get("children", ()):
        if "sup" in child and tree.get("strategy") != SOFO:
            yield from _trees(f"{path}/{child['id']}", child["sup"])


def align(scenario: Scenario, theirs: Trace, ours: Trace) -> tuple[Trace, Trace, list[str]]:
    """Return both traces without what the rules allow, and the rules that applied."""
    theirs, ours = deepcopy(theirs), deepcopy(ours)
    if "error" in theirs or len(theirs["steps"]) != len(ours["steps"]):
        return theirs, ours, []
    used: list[str] = []
    if cut_at_ignored_restart(scenario, theirs, ours):
        used.append("56 a")
    elif align_active(scenario, theirs, ours):
        used.append("56 b")
    if "left_alive" in theirs:
        align_answers_about_orphans(scenario, theirs, ours)
        if align_orphans(theirs, ours):
            used.append("36")
    return theirs, ours, used
