"""Whether parameters have a project's id anywhere, whatever they are called."""

from __future__ import annotations

from collections.abc import Mapping


def mentions(value: object, project_id: str | None, external_id: str | None, *, in_lists: bool = True) -> bool:
    """Whether either id stands in `value`, at any depth. The project's can be written in more than one way."""
    if isinstance(value, Mapping):
        return any(mentions(member, project_id, external_id, in_lists=in_lists) for member in value.values())
    if isinstance(value, (list, tuple, set)):
        return in_lists and any(mentions(member, project_id, external_id) for member in value)
    text = str(value)
    if project_id is not None and text.casefold() == project_id.casefold():
        return True
    return external_id is not None and text == external_id
