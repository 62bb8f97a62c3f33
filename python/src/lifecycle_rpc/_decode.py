"""From the daemon's JSON to the dataclasses of `models`, and from Python's values to parameters."""

from __future__ import annotations

import functools
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime, timezone
from typing import Any, TypeVar

from .errors import BadReply

T = TypeVar("T")


def camel_case(name: str) -> str:
    """`project_id` as the daemon writes it, `projectId`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def decode(kind: type[T], value: object) -> T:
    """`value` as the dataclass `kind`. Unknown members are ignored.

    Raises BadReply when a member is missing or has another type: then what answers is not this protocol's daemon.
    """
    if not isinstance(value, dict):
        raise BadReply(f"{kind.__name__}: an object was expected, not {type(value).__name__}")
    given: dict[str, Any] = {}
    for name, member, hint, required in _members(typing.cast(Any, kind)):
        if member in value:
            given[name] = _convert(hint, value[member], f"{kind.__name__}.{member}")
        elif required:
            raise BadReply(f"{kind.__name__}.{member} is missing")
    return kind(**given)


@functools.cache
def _members(kind: Any) -> list[tuple[str, str, Any, bool]]:
    hints = typing.get_type_hints(kind)
    return [
        (f.name, camel_case(f.name), hints[f.name], f.default is MISSING and f.default_factory is MISSING)
        for f in fields(kind)
    ]


def _convert(hint: Any, value: object, where: str) -> object:
    origin = typing.get_origin(hint)
    if origin is list and isinstance(value, list):
        (inner,) = typing.get_args(hint)
        return [_convert(inner, element, where) for element in value]
    if origin is types.UnionType:  # only ever `X | None`, and the daemon never sends null
        return _convert(typing.get_args(hint)[0], value, where)
    if origin is typing.Literal and value in typing.get_args(hint):
        return value
    if origin is dict and isinstance(value, dict):
        return value
    if origin is None and is_dataclass(hint) and isinstance(hint, type):
        return decode(hint, value)
    if hint is datetime and isinstance(value, str):
        return _time(value, where)
    if hint is bool and isinstance(value, bool):
        return value
    # Python's bool is an int: excluded by its exact type.
    if hint is float and type(value) in (int, float):
        return float(typing.cast(float, value))
    if hint is int and type(value) is int:
        return value
    if hint is str and isinstance(value, str):
        return value
    raise BadReply(f"{where}: {getattr(hint, '__name__', hint)} was expected, not {value!r:.100}")


def _time(text: str, where: str) -> datetime:
    try:
        # Python 3.10 does not know the Z.
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise BadReply(f"{where}: not a time: {text!r:.100}") from error
    if moment.tzinfo is None:
        raise BadReply(f"{where}: a time without offset: {text!r:.100}")
    return moment.astimezone(timezone.utc)


def parameters(given: dict[str, object]) -> dict[str, object]:
    """What a method's arguments are on the wire: camel case, and nothing for None.

    Raises ValueError for a datetime without an offset, since nobody could say which moment it is.
    """
    return {camel_case(name): _parameter(name, value) for name, value in given.items() if value is not None}


def _parameter(name: str, value: object) -> object:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{name}: a datetime needs a time zone, e.g. datetime.now(timezone.utc)")
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return value
