"""What all questions to a node have in common, and the limits of their arguments."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

PathText: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Words: TypeAlias = Annotated[str, msgspec.Meta(max_length=1_000)]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]


class QuestionBase(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="question"
):
    """One question. New ones, and new arguments with a default, may come with later versions.

    A node refuses an argument that it does not know rather than leave out what it means.
    """
