"""Settings of supervision, beside the code that they tune."""

from typing import Annotated

from msgspec import Meta, Struct


class SupervisionOptions(Struct, frozen=True, kw_only=True):
    """What holds for supervisors and children declared in the configuration.

    A `Supervisor` written in code doesn't read this: it has OTP's own defaults, one restart in five
    seconds, until its class says otherwise. A declared tree is for daemons, where one bad handler
    must not take the node down, and so is more patient.
    """

    intensity: Annotated[
        int,
        Meta(ge=0, description="restarts a supervisor allows within `period` (restarts)"),
    ] = 10
    period: Annotated[
        int, Meta(ge=1, description="window in which restarts are counted (seconds)")
    ] = 60
    shutdown: Annotated[
        float,
        Meta(
            ge=0,
            description="time a worker gets to stop before it is killed (seconds)",
            extra={"env": "RINGRIFT_DAEMON_SHUTDOWN_GRACE"},
        ),
    ] = 5
    crash_loop_count: Annotated[
        int,
        Meta(ge=2, description="crashes of a child that make a crash loop (crashes)"),
    ] = 3
    crash_loop_window: Annotated[
        float, Meta(gt=0, description="window in which those crashes are counted (seconds)")
    ] = 300
