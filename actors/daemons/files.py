"""Where jobs leave what they make, below the node's data directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from .job_settings import JobSettings

Kind: TypeAlias = Literal["games", "samples", "training_sets", "models"]


def output(
    settings: JobSettings, kind: Kind, config_key: str, iteration: int, part: int | None = None
) -> str:
    """Return the absolute path of a file: what it is for says where it is."""
    name = f"{iteration:04d}" if part is None else f"{iteration:04d}-{part:03d}"
    return str(settings.data_dir.absolute() / kind / config_key / f"{name}.npz")
