"""From the planned tree to child specs: classes resolved, constructor arguments provided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringleader.supervisors.declared import DeclaredSupervisor
from ringleader.supervisors.spec import ChildSpec, Limit

from .arguments import Provider
from .classes import ClassError, resolve
from .errors import ConfigError, Problem
from .policies import Policies
from .toml import dotted
from .tree import PlannedChild

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ringleader.supervisors.options import SupervisionOptions
    from ringleader.supervisors.spec import Grace

    from .faults import Where
    from .settings import Settings
    from .tree import Planned, PlannedSupervisor


def child_specs(
    planned: Iterable[Planned],
    *,
    settings: Settings,
    provide: Mapping[str, object],
    where: Where,
) -> list[ChildSpec]:
    """Return the specs of a planned tree's top level, with all below inside them.

    Args:
        planned: what `plan` returned.
        settings: where option structs come from.
        provide: constructor arguments by parameter name.
        where: names the place of a key, for errors.

    Raises:
        ConfigError: with everything that is wrong with any class or its parameters.
    """
    builder = _Builder(Provider(settings, provide, where), settings.supervision, where)
    supervision = settings.supervision
    specs = builder.level(planned, Limit(supervision.intensity, supervision.period))
    if builder.problems:
        raise ConfigError(builder.problems)
    return specs


class _Builder:
    """One walk over the plan; goes on after a problem to find them all."""

    def __init__(self, provider: Provider, supervision: SupervisionOptions, where: Where) -> None:
        self.provider = provider
        self.supervision = supervision
        self.where = where
        self.policies = Policies(supervision)
        self.problems: list[Problem] = []

    def level(self, planned: Iterable[Planned], limit: Limit) -> list[ChildSpec]:
        """Return the specs of siblings; `limit` is what their supervisor allows."""
        specs = [
            self._actor(node, limit)
            if isinstance(node, PlannedChild)
            else self._supervisor(node, limit)
            for node in planned
        ]
        return [spec for spec in specs if spec is not None]

    def _supervisor(self, node: PlannedSupervisor, limit: Limit) -> ChildSpec:
        arguments: dict[str, Any] = {
            "strategy": node.strategy,
            "intensity": node.intensity,
            "period": node.period,
            "auto_shutdown": node.auto_shutdown,
            "specs": self.level(node.children, Limit(node.intensity, node.period)),
            **self.policies.of_supervisor(node.entry),
        }
        return ChildSpec(
            node.id,
            DeclaredSupervisor,
            kwargs=arguments,
            restart=node.restart,
            type="supervisor",
            shutdown=node.shutdown,
            significant=node.significant,
            **self.policies.of_child(node.entry, limit),
        )

    def _actor(self, node: PlannedChild, limit: Limit) -> ChildSpec | None:
        try:
            actor_class = resolve(node.actor)
            arguments = self.provider.arguments(node, actor_class)
        except ClassError as error:
            key = (*node.key, "actor")
            self.problems.append(Problem(self.where(key), dotted(key), error.wrong, error.right))
            return None
        except ConfigError as error:
            self.problems.extend(error.problems)
            return None
        is_worker = getattr(actor_class, "child_type", "worker") == "worker"
        usual: Grace = self.supervision.shutdown if is_worker else "infinity"
        fields = self.policies.of_child(node.entry, limit)
        return ChildSpec(
            node.id,
            actor_class,
            kwargs=arguments,
            restart=node.restart,
            shutdown=usual if node.shutdown is None else node.shutdown,
            significant=node.significant,
            dispatcher=node.dispatcher,
            **(fields | self.policies.of_actor(node.entry, is_worker=is_worker)),
        )
