"""Which project a flow run works for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefect.utilities.callables import get_call_parameters

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


def steps(path: str) -> list[str]:
    """The names in a path: of members, and positions in lists (`jobs.0.id`, `jobs[0].id`)."""
    return re.sub(r"\[(-?\d+)\]", r".\1", path).split(".")


def at_path(parameters: Mapping[str, Any], path: str) -> str | None:
    """The text at a dotted path, in parameters as the body gets them or as Prefect's API has them."""
    value: Any = parameters
    for name in steps(path):
        value = _member(value, name)
    reveal = getattr(value, "get_secret_value", None)
    value = reveal() if callable(reveal) else value
    if value is None or isinstance(value, (bool, Mapping, list, tuple, set)) or hasattr(type(value), "model_fields"):
        return None
    text = str(value)
    # What Prefect has in place of a future, of an object that it cannot write, and of a secret.
    return None if not text or re.fullmatch(r"<\w+>|\*+", text) else text


def _member(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        if name in value:
            return value[name]
        # A model's alias, like `projectId`, is what Prefect's API has for the member `project_id`.
        alike = [key for key in value if isinstance(key, str) and _plain(key) == _plain(name)]
        return value[alike[0]] if len(alike) == 1 else None
    if isinstance(value, Sequence) and not isinstance(value, str):
        try:
            return value[int(name)]
        except (ValueError, IndexError):
            return None
    if hasattr(value, name):
        return getattr(value, name)
    for member, field in getattr(type(value), "model_fields", {}).items():
        if name in (field.alias, field.validation_alias, field.serialization_alias):
            return getattr(value, member, None)
    return None


def _plain(name: str) -> str:
    return name.replace("_", "").casefold()


def project_of(
    settings: Settings, flow: Flow[..., Any], flow_run: FlowRun, received: Mapping[str, Any] | None = None
) -> ProjectKey | None:
    """The project, or None when the run names none. `received` is what the body gets, where that is known."""
    known = flow_run.parameters or {}
    for parameters in [received] if received is not None else [known, _as_received(flow, known)]:
        if project_id := _find(settings.project_id, flow, flow_run, parameters):
            return ProjectKey(project_id, None)
        if external_id := _find(settings.external_id, flow, flow_run, parameters):
            return ProjectKey(None, external_id)
    return None


def _as_received(flow: Flow[..., Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """With the defaults of the flow and validated, as a flow's process does it: here it is another one."""
    try:
        parameters = get_call_parameters(flow.fn, (), dict(known))
        return flow.validate_parameters(parameters) if flow.should_validate_parameters else parameters
    except Exception:
        return {}


def _find(find: Find | None, flow: Flow[..., Any], flow_run: FlowRun, parameters: Mapping[str, Any]) -> str | None:
    if find is None:
        return None
    return find(flow, flow_run) if callable(find) else at_path(parameters, find)
