"""What tracebacks hold on to."""

from __future__ import annotations

import traceback


def forget_frames(error: BaseException) -> None:
    """Let go of local variables: reports and dead letters are kept, a dead actor must not be."""
    if error.__traceback__ is not None:  # its first frame is ours, still runs, and can't be cleared
        error.__traceback__ = error.__traceback__.tb_next
    seen: set[BaseException] = set()
    chain: list[BaseException | None] = [error]
    while chain:
        link = chain.pop()
        if link is not None and link not in seen:
            seen.add(link)
            traceback.clear_frames(link.__traceback__)
            chain += [link.__cause__, link.__context__]
