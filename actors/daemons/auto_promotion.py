"""The best model of each config: who becomes it, and who does not."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..coordinators.reconciler import Reconciler
from ..coordinators.running import last_evaluation, players, rating, win_rate
from ..events.curriculum import CurriculumAdvanced
from ..events.evaluation import EvaluationCompleted
from ..events.health import PromotionFailed
from ..events.model import ModelPromoted, PromotionCandidate
from ..handlers import handles
from ..journal import NOTHING
from ..options import WorkloadOptions  # noqa: TC001  # the configuration reads the annotation
from .evaluation_rounds import KIND, round_of
from .pipeline_rules import stage_now
from .promotion_rules import AutoPromotionOptions, Candidate, Evaluation, Ruling, rule

if TYPE_CHECKING:
    from ..journal import Facts, ModelRecord, StageJournal, StageRecord, WorkItem

logger = logging.getLogger("ringleader.pipeline")


class AutoPromotionDaemon(Reconciler):
    """Decides about each evaluated model: promote, refuse, evaluate again, or wait.

    The decision is noted in the journal before anything follows from it, so that a crash in
    between neither changes it nor lets it be made twice.

    Args:
        options: the rules.
        journal: evaluations and models.
        workload: which configs there are.
    """

    def __init__(
        self, options: AutoPromotionOptions, journal: StageJournal, workload: WorkloadOptions
    ) -> None:
        super().__init__(journal, options.recheck_interval)
        self._options = options
        self._workload = workload

    def recheck(self) -> None:
        """Look at every config."""
        for config_key in self._workload.config_keys:
            current = self.journal.iteration(config_key)
            for iteration in range(max(1, current - 1), current + 1):
                self._look_at(config_key, iteration)

    @handles(EvaluationCompleted, idempotent=True)
    def consider(self, _event: EvaluationCompleted) -> None:
        """Decide about the model that was evaluated."""
        self.recheck()

    def _look_at(self, config_key: str, iteration: int) -> None:
        record = self.journal.stage(config_key, iteration, "promotion")
        if record is not None and record.status == "done":
            self._tell(record)
        elif stage_now(self.journal.stages(config_key, iteration)) == "promotion":
            self._decide(config_key, iteration)

    # ---------------------------------------------------------------- deciding

    def _decide(self, config_key: str, iteration: int) -> None:
        model = self._model(config_key, iteration)
        rounds = self._rounds(config_key, iteration)
        if model is None or not rounds:
            return
        self.journal.start_stage(
            config_key, iteration, "promotion", {"model_id": model.model_id}, now=self.now
        )
        if self.journal.noted(_decision(config_key, iteration)) is None:
            ruling = self._rule(config_key, iteration, rounds)
            if not self._is_final(ruling, model, rounds):
                return
            elo = rounds[-1].result.get("elo")
            before = rating(self.journal, self.journal.production(config_key))
            decided = {
                "promoted": ruling.decision == "promote",
                "reason": ruling.reason,
                "tier": ruling.tier,
                "model_id": model.model_id,
                "elo": elo,
                "elo_gain": None if elo is None or before is None else float(elo) - before,
            }
            self.journal.note(_decision(config_key, iteration), decided)
        self._carry_out(config_key, iteration)

    def _rule(self, config_key: str, iteration: int, rounds: list[WorkItem]) -> Ruling:
        candidate = self._candidate(config_key, iteration, rounds)
        return rule(candidate, self._options, self.now)

    def _is_final(self, ruling: Ruling, model: ModelRecord, rounds: list[WorkItem]) -> bool:
        """Do what postpones a decision; tell whether it is one."""
        if ruling.decision == "wait":
            self.recheck_in(ruling.until - self.now)
            return False
        if ruling.decision == "again":
            last = rounds[-1]
            number = last.part + 1
            path = str(last.options["model_path"])
            item = round_of(model.config_key, model.iteration, number, path, self.now)
            self.journal.put_work(item)
            wanted = PromotionCandidate(
                config_key=model.config_key,
                model_id=model.model_id,
                win_rate_vs_heuristic=win_rate(last.result, "heuristic"),
                iteration=model.iteration,
            )
            self.publish_once(f"candidate:{item.work_id}", wanted)
            return False
        return True

    def _candidate(self, config_key: str, iteration: int, rounds: list[WorkItem]) -> Candidate:
        best = self.journal.production(config_key)
        combined = self.journal.stage(config_key, iteration, "npz_combination")
        result: Facts = NOTHING if combined is None else combined.result
        quality = result.get("quality")
        return Candidate(
            players=players(config_key),
            evaluations=tuple(_evaluation(item) for item in rounds),
            training_games=self._games(config_key, iteration, result.get("games")),
            quality=None if quality is None else float(quality),
            has_best=best is not None,
            best_elo=rating(self.journal, best),
            best_heuristic=None
            if best is None
            else win_rate(last_evaluation(self.journal, best), "heuristic"),
            promoted_at=self._promoted_at(config_key, iteration),
        )

    def _games(self, config_key: str, iteration: int, combined: Any) -> int:
        """Return how many games a model learned from: as combined, else all that were played."""
        if combined is not None:
            return int(combined)
        items = self.journal.work(config_key, kind="selfplay", status="done")
        return sum(int(i.result.get("games", i.units)) for i in items if i.iteration <= iteration)

    def _promoted_at(self, config_key: str, iteration: int) -> float | None:
        records = (self.journal.stage(config_key, n, "promotion") for n in range(1, iteration))
        times = [r.finished_at for r in records if r is not None and r.result.get("promoted")]
        return max((time for time in times if time is not None), default=None)

    def _rounds(self, config_key: str, iteration: int) -> list[WorkItem]:
        """Return the rounds that are done; none while one that is wanted is not over."""
        items = self.journal.work(config_key, iteration=iteration, kind=KIND)
        if any(item.status in {"queued", "claimed", "started"} for item in items):
            return []
        return sorted((i for i in items if i.status == "done"), key=lambda item: item.part)

    def _model(self, config_key: str, iteration: int) -> ModelRecord | None:
        models = self.journal.models(config_key)
        return next((model for model in models if model.iteration == iteration), None)

    # ---------------------------------------------------------------- carrying it out

    def _carry_out(self, config_key: str, iteration: int) -> None:
        decided = self.journal.noted(_decision(config_key, iteration))
        if decided["promoted"]:
            self.journal.set_production(config_key, decided["model_id"])
        self.journal.finish_stage(config_key, iteration, "promotion", decided, now=self.now)
        record = self.journal.stage(config_key, iteration, "promotion")
        if record is not None:
            self._tell(record)

    def _tell(self, record: StageRecord) -> None:
        config_key, result = record.config_key, record.result
        fact = f"promotion:{config_key}:{record.iteration}"
        if not result.get("promoted"):
            failed = PromotionFailed(
                config_key=config_key,
                model_id=result.get("model_id"),
                reason=str(result.get("reason", "")),
                iteration=record.iteration,
            )
            self.publish_once(fact, failed)
            return
        promoted = ModelPromoted(
            config_key=config_key,
            model_id=result["model_id"],
            model_path=_path(self.journal.model(result["model_id"])),
            elo=result.get("elo"),
            elo_gain=result.get("elo_gain"),
            tier=result.get("tier"),
            promotion_type="auto",
            reason=result.get("reason"),
            iteration=record.iteration,
        )
        self.publish_once(fact, promoted)
        advanced = CurriculumAdvanced(
            config_key=config_key,
            new_tier=result.get("tier"),
            trigger="promotion",
            elo=result.get("elo"),
        )
        self.publish_once(f"advanced:{config_key}:{record.iteration}", advanced)


def _decision(config_key: str, iteration: int) -> str:
    return f"promotion:{config_key}:{iteration}"


def _path(model: ModelRecord | None) -> str | None:
    return None if model is None else model.path


def _evaluation(item: WorkItem) -> Evaluation:
    elo = item.result.get("elo")
    return Evaluation(
        games=int(item.result.get("games_played", 0)),
        random=win_rate(item.result, "random"),
        heuristic=win_rate(item.result, "heuristic"),
        best=win_rate(item.result, "best"),
        elo=None if elo is None else float(elo),
    )
