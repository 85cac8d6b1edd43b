"""Settings of dead letters; see `options`."""

from typing import Annotated

from msgspec import Meta, Struct


class DeadLetterOptions(Struct, frozen=True, kw_only=True):
    """When dead letters are tried again, given up, and forgotten."""

    retries: Annotated[
        int, Meta(ge=0, le=100, description="tries by itself before a letter is abandoned (count)")
    ] = 5
    backoff: Annotated[
        float,
        Meta(ge=1, description="wait before the first try; each further one doubles it (seconds)"),
    ] = 60
    backoff_max: Annotated[float, Meta(ge=1, description="longest wait (seconds)")] = 3600
    retry_interrupted: Annotated[
        bool,
        Meta(
            description="whether what was interrupted is tried again by itself, too, though nobody "
            "knows how much of it was done"
        ),
    ] = False
    interval: Annotated[
        float, Meta(ge=1, description="how often is looked for letters that are due (seconds)")
    ] = 60
    per_cycle: Annotated[
        int, Meta(ge=1, le=1000, description="letters tried again at each look, at most (letters)")
    ] = 10
    abandon_after: Annotated[
        float, Meta(gt=0, description="age at which a letter is abandoned (seconds)")
    ] = 604_800
    retention: Annotated[
        float,
        Meta(
            ge=0,
            description="how long letters are kept about which nothing is left to do; "
            "0 keeps them (seconds)",
        ),
    ] = 604_800
    replay: Annotated[
        bool,
        Meta(
            description="whether the node tries letters of its earlier runs again at its start",
            extra={
                "env": {
                    "RINGRIFT_DISABLE_DLQ_REPLAY": {
                        "1": "false",
                        "true": "false",
                        "yes": "false",
                        "0": None,
                        "false": None,
                        "no": None,
                    }
                }
            },
        ),
    ] = True
    replay_delay: Annotated[
        float,
        Meta(ge=0, description="wait after the start, until subscribers are there (seconds)"),
    ] = 30
    replay_min_age: Annotated[
        float, Meta(ge=0, description="younger letters are left to the next look (seconds)")
    ] = 300
    replay_max_age: Annotated[
        float,
        Meta(
            ge=0,
            description="events older than this are not replayed at the start, if their type "
            "does not say itself how old they may be (seconds)",
        ),
    ] = 3600
    replay_limit: Annotated[
        int, Meta(ge=1, le=10_000, description="letters replayed at the start, at most (letters)")
    ] = 100
    stale_count: Annotated[
        int, Meta(ge=1, description="stale letters of which DLQ_STALE_EVENTS tells (letters)")
    ] = 50
    stale_age: Annotated[
        float, Meta(ge=0, description="age at which a pending letter is stale (seconds)")
    ] = 3600
    log_window: Annotated[
        float,
        Meta(
            ge=0,
            description="time in which letters that are alike share one line of the log (seconds)",
        ),
    ] = 60
