"""Which project a flow run works for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun

    from ._settings import Find, Settings


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """One of the two names of a project."""

    project_id: str | None
    external_id: str | None

    def __str__(self) -> str:
        return self.project_id or f"externalId {self.external_id}"


def at_path(parameters: Mapping[str, Any], path: str) -> str | None:
    """The text at a dotted path of members, as the run's parameters are in every process that runs a hook."""
    value: Any = parameters
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
    return str(value) if value not in (None, "") else None


def project_of(settings: Settings, flow: Flow[..., Any], flow_run: FlowRun) -> ProjectKey | None:
    """The project, or None when the run names none."""
    if project_id := _find(settings.project_id, flow, flow_run):
        return ProjectKey(project_id, None)
    if external_id := _find(settings.external_id, flow, flow_run):
        return ProjectKey(None, external_id)
    return None


def _find(find: Find | None, flow: Flow[..., Any], flow_run: FlowRun) -> str | None:
    if find is None:
        return None
    return find(flow, flow_run) if callable(find) else at_path(flow_run.parameters or {}, find)
