"""Old spellings of event names, names that are no events, and the pipeline's stages.

Names are translated where they come in (wire, command line, clients, `publish` by name); inside
there is one name per thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import UnknownEventTypeError, nearest
from .names import DataEventType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Spelling in use elsewhere -> name in the catalogue.
ALIASES: Mapping[str, str] = {
    "CANONICAL_SELFPLAY_COMPLETE": "SELFPLAY_COMPLETE",
    "CLUSTER_SYNC_COMPLETE": "DATA_SYNC_COMPLETED",
    "CLUSTER_SYNC_COMPLETED": "DATA_SYNC_COMPLETED",
    "CMAES_COMPLETE": "CMAES_COMPLETED",
    "CURRICULUM_UPDATED": "CURRICULUM_REBALANCED",
    "DATA_SYNC_COMPLETE": "DATA_SYNC_COMPLETED",
    "EVALUATION_COMPLETE": "EVALUATION_COMPLETED",
    "EVALUATION_FAIL": "EVALUATION_FAILED",
    "EVALUATION_START": "EVALUATION_STARTED",
    "EXPORT_COMPLETE": "NPZ_EXPORT_COMPLETE",
    "GAMES_GENERATED": "NEW_GAMES_AVAILABLE",
    "GAUNTLET_COMPLETED": "EVALUATION_COMPLETED",
    "GPU_SELFPLAY_COMPLETE": "SELFPLAY_COMPLETE",
    "MODEL_DISTRIBUTED": "MODEL_DISTRIBUTION_COMPLETE",
    "MODEL_REGISTERED": "REGISTRY_UPDATED",
    "MODEL_SYNCED": "P2P_MODEL_SYNCED",
    "MODEL_SYNC_COMPLETE": "P2P_MODEL_SYNCED",
    "MODEL_SYNC_COMPLETED": "P2P_MODEL_SYNCED",
    "NAS_COMPLETE": "NAS_COMPLETED",
    "NEW_GAMES": "NEW_GAMES_AVAILABLE",
    "NPZ_EXPORTED": "NPZ_EXPORT_COMPLETE",
    "PARITY_VALIDATION_COMPLETE": "PARITY_VALIDATION_COMPLETED",
    "PBT_COMPLETE": "PBT_GENERATION_COMPLETE",
    "PROMOTION_COMPLETE": "MODEL_PROMOTED",
    "PROMOTION_COMPLETED": "MODEL_PROMOTED",
    "PROMOTION_FAIL": "PROMOTION_FAILED",
    "PROMOTION_START": "PROMOTION_STARTED",
    "SELFPLAY_BATCH_COMPLETE": "SELFPLAY_COMPLETE",
    "SELFPLAY_COMPLETED": "SELFPLAY_COMPLETE",
    "SELFPLAY_COMPLETION": "SELFPLAY_COMPLETE",
    "SHADOW_TOURNAMENT_COMPLETE": "EVALUATION_COMPLETED",
    "SYNC_COMPLETE": "DATA_SYNC_COMPLETED",
    "SYNC_COMPLETED": "DATA_SYNC_COMPLETED",
    "SYNC_FAILED": "DATA_SYNC_FAILED",
    "SYNC_RETRY_REQUESTED": "SYNC_REQUEST",
    "SYNC_STARTED": "DATA_SYNC_STARTED",
    "TASK_COMPLETE": "TASK_COMPLETED",
    "TIER_GATING_COMPLETE": "MODEL_PROMOTED",
    "TRAINING_COMPLETE": "TRAINING_COMPLETED",
    "TRAINING_FAIL": "TRAINING_FAILED",
    "TRAINING_STALLED": "PROGRESS_STALL_DETECTED",
    "TRAINING_START": "TRAINING_STARTED",
}

#: Name that is met in code and documents, but is no event -> what to say to who uses it.
REJECTED: Mapping[str, str] = {
    "BACKPRESSURE_DEACTIVATED": "use BACKPRESSURE_RELEASED",
    "DATA_EVENT": "a name out of an example, not an event",
    "FUNC": "a name out of an example, not an event",
    "ITERATION_COMPLETE": (
        "a stage of the pipeline, not an event: it is seen in MODEL_PROMOTED, PROMOTION_REJECTED "
        "and PROMOTION_FAILED"
    ),
    "MY_EVENT": "a name out of an example, not an event",
    "STARTUP_STATE_VALIDATED": "nothing takes its place",
    "TRAINING_HALTED": "nothing takes its place",
    "TRAINING_PAUSED": ("TRAINING_BLOCKED_BY_QUALITY or NODE_UNHEALTHY says why"),
    "TRAINING_RESUMED": "nothing takes its place",
    "TRAINING_TRIGGERED": "use TRAINING_THRESHOLD_REACHED or TRAINING_STARTED, whichever is meant",
}

#: Stage of the pipeline -> event it is seen in. None: more than one, because an iteration ends with
#: a promotion or with its refusal; `stages` has them.
STAGES: Mapping[str, str | None] = {
    "selfplay_complete": "SELFPLAY_COMPLETE",
    "canonical_selfplay_complete": "SELFPLAY_COMPLETE",
    "gpu_selfplay_complete": "SELFPLAY_COMPLETE",
    "sync_complete": "DATA_SYNC_COMPLETED",
    "parity_validation_complete": "PARITY_VALIDATION_COMPLETED",
    "npz_export_started": "NPZ_EXPORT_STARTED",
    "npz_export_complete": "NPZ_EXPORT_COMPLETE",
    "training_complete": "TRAINING_COMPLETED",
    "training_started": "TRAINING_STARTED",
    "training_failed": "TRAINING_FAILED",
    "evaluation_complete": "EVALUATION_COMPLETED",
    "shadow_tournament_complete": "EVALUATION_COMPLETED",
    "elo_calibration_complete": "ELO_UPDATED",
    "cmaes_complete": "CMAES_COMPLETED",
    "pbt_complete": "PBT_GENERATION_COMPLETE",
    "nas_complete": "NAS_COMPLETED",
    "promotion_complete": "MODEL_PROMOTED",
    "tier_gating_complete": "MODEL_PROMOTED",
    "iteration_complete": None,
    "cluster_sync_complete": "DATA_SYNC_COMPLETED",
    "model_sync_complete": "P2P_MODEL_SYNCED",
}

_SPELLINGS: Mapping[str, str] = {
    **{member.value.upper(): member.name for member in DataEventType},
    **{member.name: member.name for member in DataEventType},
    **ALIASES,
}


def canonical(name: str, also_known: Iterable[str] = ()) -> str:
    """Find the catalogue's name for any spelling of it: name, wire value or alias, in either case.

    `also_known` are names that a suggestion may come from, beside the catalogue's.

    Raises:
        UnknownEventTypeError: there is no such event type; it says what to use instead.
    """
    spelling = name.upper()
    known = _SPELLINGS.get(spelling)
    if known is not None:
        return known
    hint = REJECTED.get(spelling, "")
    near = () if hint else nearest(spelling, [*_SPELLINGS, *also_known])
    raise UnknownEventTypeError(
        name, tuple(dict.fromkeys(_SPELLINGS.get(n, n) for n in near)), hint
    )
