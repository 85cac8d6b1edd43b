"""Settings of remote refs."""

from typing import Annotated

from msgspec import Meta, Struct


class RemoteOptions(Struct, frozen=True, kw_only=True):
    """Messages between actors of different nodes: how large, how many, for how long."""

    max_bytes: Annotated[
        int,
        Meta(ge=1_024, le=64 * 1024 * 1024, description="of one message or answer (bytes)"),
    ] = 1024 * 1024
    ask_timeout: Annotated[
        float,
        Meta(gt=0, le=86_400, description="of an ask that says nothing of time (seconds)"),
    ] = 60.0
    durable_timeout: Annotated[
        float,
        Meta(
            gt=0,
            le=86_400,
            description="how long a durable message is tried that says nothing of time (seconds)",
        ),
    ] = 300.0
    resend: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="first wait for an acknowledgement; doubled each time, with jitter "
            "(seconds)",
        ),
    ] = 1.0
    max_resend: Annotated[
        float, Meta(gt=0, le=600, description="longest wait between two tries (seconds)")
    ] = 30.0
    max_asks: Annotated[
        int,
        Meta(ge=1, description="asks to one node, and of one node, without an answer (messages)"),
    ] = 10_000
    max_durable: Annotated[
        int, Meta(ge=1, description="durable messages to one node without an answer (messages)")
    ] = 10_000
    max_watches: Annotated[int, Meta(ge=1, description="actors watched from one node (actors)")] = (
        10_000
    )
    watch_refresh: Annotated[
        float,
        Meta(gt=0, description="how often a node is asked whether a watch still holds (seconds)"),
    ] = 30.0
    watch_timeout: Annotated[
        float,
        Meta(
            gt=0,
            description="without an answer for so long, those who watch are told that the node "
            "is down (seconds)",
        ),
    ] = 30.0
