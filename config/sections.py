"""The sections of coordinators and daemons: one line for each options struct."""

from msgspec import Struct


class CoordinatorsOptions(Struct, frozen=True, kw_only=True):
    """One section for each coordinator: `name: ItsOptions = ItsOptions()`."""


class DaemonsOptions(Struct, frozen=True, kw_only=True):
    """One section for each daemon: `name: ItsOptions = ItsOptions()`."""
