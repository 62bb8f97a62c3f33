"""Every method, against the daemon's own description and against a real one."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Collection
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from lifecycle_rpc import AsyncClient, Client, RPCError, TerminalState, _retry, errors
from lifecycle_rpc._decode import camel_case
from lifecycle_rpc.models import Event, ProjectFound, WatchStarted

OWN_NAME = {"rpc.discover": "discover"}
# What the functions give where the daemon wraps it, or where it is a stream.
WRAPPED = {"getStatus": ProjectFound, "watch": WatchStarted}


def snake_case(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    document = client.discover()
    schemas = document["components"]["schemas"]
    for method in document["methods"]:
        method["params"] = inlined(method["params"], schemas)
        method["result"] = inlined(method["result"], schemas)
    document["x-notifications"] = inlined(document["x-notifications"], schemas)
    return document


def inlined(schema: Any, schemas: dict[str, Any]) -> Any:
    """A schema with those in it that it names."""
    if isinstance(schema, list):
        return [inlined(element, schemas) for element in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return inlined(schemas[schema["$ref"].removeprefix("#/components/schemas/")], schemas)
    return {name: inlined(value, schemas) for name, value in schema.items()}


def assert_matches(hint: Any, schema: dict[str, Any], where: str) -> None:
    """A type of ours against a JSON schema of the daemon's, through and through."""
    if typing.get_origin(hint) is list:
        assert schema["type"] == "array", where
        assert_matches(typing.get_args(hint)[0], schema["items"], where + "[]")
    elif typing.get_origin(hint) is typing.Literal:
        assert list(typing.get_args(hint)) == schema["enum"], where
    elif dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        fields = dataclasses.fields(hint)
        assert {camel_case(field.name) for field in fields} == schema["properties"].keys(), where
        required = {camel_case(field.name) for field in fields if field.default is dataclasses.MISSING}
        assert required == set(schema["required"]), where
        for field in fields:
            inner = hints[field.name]
            if field.default is None:
                inner = typing.get_args(inner)[0]
            name = camel_case(field.name)
            assert_matches(inner, schema["properties"][name], f"{where}.{name}")
    else:
        json_type = {
            int: "integer",
            float: "number",
            str: "string",
            bool: "boolean",
            datetime: "string",
            dict: "object",
        }
        assert schema["type"] == json_type[typing.get_origin(hint) or hint], where
        assert (schema.get("format") == "date-time") == (hint is datetime), where


@pytest.mark.parametrize("methods", [Client, AsyncClient])
def test_there_is_a_function_for_each_method_and_parameter(methods: type, document: dict[str, Any]) -> None:
    for method in document["methods"]:
        function = getattr(methods, OWN_NAME.get(method["name"], snake_case(method["name"])))
        ours = inspect.signature(function).parameters
        names = [name for name in ours if name not in ("self", "timeout", "give_up_after")]
        assert names == [snake_case(p["name"]) for p in method["params"]], method["name"]
        for parameter in method["params"]:
            default = ours[snake_case(parameter["name"])].default
            assert default is (inspect.Parameter.empty if parameter["required"] else None), method["name"]


def assert_takes(hint: Any, schema: dict[str, Any], where: str) -> None:
    """A parameter's type against its JSON schema."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        hints = [inner for inner in typing.get_args(hint) if inner is not type(None)]
        schemas = schema.get("anyOf", [schema])
        assert len(hints) == len(schemas), where
        for inner, alternative in zip(hints, schemas, strict=True):
            assert_takes(inner, alternative, where)
    elif typing.get_origin(hint) is Collection:
        assert schema["type"] == "array", where
        assert_takes(typing.get_args(hint)[0], schema["items"], where + "[]")
    elif typing.get_origin(hint) is typing.Literal:
        assert set(typing.get_args(hint)) <= set(schema["enum"]), where
    else:
        assert_matches(hint, schema, where)


@pytest.mark.parametrize("methods", [Client, AsyncClient])
def test_parameters_are_what_the_daemon_takes(methods: type, document: dict[str, Any]) -> None:
    for method in document["methods"]:
        hints = typing.get_type_hints(getattr(methods, OWN_NAME.get(method["name"], snake_case(method["name"]))))
        for parameter in method["params"]:
            where = f"{method['name']}.{parameter['name']}"
            assert_takes(hints[snake_case(parameter["name"])], parameter["schema"], where)


@pytest.mark.parametrize("methods", [Client, AsyncClient])
def test_results_are_what_the_daemon_describes(methods: type, document: dict[str, Any]) -> None:
    for method in document["methods"]:
        name = method["name"]
        if name in OWN_NAME:
            continue
        kind = WRAPPED.get(name)
        if kind is None:
            kind = typing.get_type_hints(getattr(methods, snake_case(name)))["return"]
        assert_matches(kind, method["result"]["schema"], name)
    (notification,) = document["x-notifications"]
    properties = notification["params"]["properties"]
    assert {camel_case(field.name) for field in dataclasses.fields(Event)} == properties.keys()


def test_no_function_is_for_a_method_that_the_daemon_lacks(document: dict[str, Any]) -> None:
    ours = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}
    theirs = {OWN_NAME.get(method["name"], snake_case(method["name"])) for method in document["methods"]}
    assert ours - {"call", "close", "after_fork"} == theirs
    assert {method["name"] for method in document["methods"]} >= _retry.NOT_REPEATABLE


def test_what_takes_a_key_gets_one(document: dict[str, Any]) -> None:
    keyed = {m["name"] for m in document["methods"] if any(p["name"] == "idempotencyKey" for p in m["params"])}
    assert keyed == _retry.KEYED


def test_there_is_an_exception_for_each_kind(document: dict[str, Any]) -> None:
    described = {error["kind"]: (error["code"], error["retryable"]) for error in document["x-errors"]}
    ours = {kind: (error.code, error.retryable) for kind, error in RPCError.by_kind.items()}
    assert ours == described


def test_a_project_is_paid_reported_and_explained(client: Client) -> None:
    granted = client.grant_credits("ada", 100, "welcome", idempotency_key="grant")
    assert granted.balance.available == 100
    assert not granted.replayed
    assert client.grant_credits("ada", 100, "welcome", idempotency_key="grant").replayed
    created = client.create_project("ada", 40, external_id="x-1", name="Trailer", metadata={"model": "v3"}, lease=120)
    project = created.project
    assert (project.status, project.metadata, created.balance.held) == ("pending", {"model": "v3"}, 40)
    assert project.deadline is not None
    assert project.deadline.tzinfo is timezone.utc
    started = client.update_status("processing", external_id="x-1")
    assert started.changed
    assert started.project.started_at is not None
    beat = client.heartbeat(project.project_id, progress=0.5, message="frame 812", attach=True)
    assert (beat.status, beat.cancel_requested) == ("processing", False)
    assert client.cancel_project(project.project_id).project.cancel_requested
    assert client.heartbeat(external_id="x-1").cancel_requested
    failed = client.update_status("failed", project.project_id, error_message="no GPU", error_code="cancelled")
    assert (failed.credits_refunded, failed.project.ended) == (40, True)
    again = client.retry_project(project.project_id)
    assert again.project.retry_of == project.project_id
    client.update_status("completed", again.project.project_id)
    with pytest.raises(TerminalState) as caught:
        client.update_status("failed", again.project.project_id)
    assert caught.value.status == "completed"
    assert caught.value.finished_at is not None
    explanation = client.explain_project(external_id="x-1")
    assert [entry.kind for entry in explanation.entries] == ["charge", "refund"]
    assert [event.kind for event in explanation.events][-1] == "failed"


def test_a_paused_project_waits_and_is_refunded_when_it_is_cancelled(client: Client, project: str) -> None:
    with pytest.raises(errors.InvalidTransition):
        client.heartbeat(project, pause=60)
    client.update_status("processing", project)
    with pytest.raises(errors.AmountOutOfRange) as caught:
        client.heartbeat(project, pause=604_801)
    assert (caught.value.param, caught.value.maximum) == ("pause", 604_800)
    client.heartbeat(project, attach=True)
    beat = client.heartbeat(project, pause=3600)
    assert beat.paused_until is not None
    assert beat.deadline is not None
    assert beat.deadline > beat.paused_until > datetime.now(timezone.utc) + timedelta(minutes=59)
    assert client.get_status(project).paused_until == beat.paused_until
    assert client.heartbeat(project).paused_until is None
    client.heartbeat(project, pause=3600)
    cancelled = client.cancel_project(project)
    assert (cancelled.project.error_code, cancelled.project.paused_until) == ("cancelled", None)
    assert cancelled.credits_refunded == cancelled.project.credits_used > 0
    kinds = [event.kind for event in client.explain_project(project).events]
    assert kinds == ["created", "processing", "paused", "resumed", "paused", "failed"]
    assert client.audit().ok


def test_lists_balances_and_figures(client: Client, project: str) -> None:
    second = client.create_project("ada", 1, idempotency_key="k").project.project_id
    page = client.list_projects(user_id="ada", status=["pending", "failed"], limit=1, include_stats=True)
    assert [p.project_id for p in page.projects] == [second]
    assert page.stats is not None
    assert (page.stats.total, page.stats.by_status.pending, page.stats.credits_held) == (2, 2, 41)
    rest = client.list_projects(user_id="ada", limit=1, cursor=page.next_cursor)
    assert [p.project_id for p in rest.projects] == [project]
    assert rest.next_cursor is None
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    assert client.list_projects(created_after=tomorrow).projects == []
    assert len(client.list_projects(due_before=tomorrow).projects) == 2
    assert client.adjust_credits("ada", -9, "granted twice").balance.available == 50
    assert [entry.credits for entry in client.list_entries("ada", limit=2).entries] == [-9, 1]
    assert client.get_balance("nobody").available == 0
    assert client.audit().ok
    assert client.backup("today.db").projects == 2
    figures = client.get_metrics()
    assert figures.prometheus
    assert any(figure.value for figure in figures.counters)
    assert figures.histograms[0].buckets


def test_the_same_in_asyncio(daemon: Any) -> None:
    async def story() -> None:
        async with AsyncClient(daemon.socket) as client:
            await client.grant_credits("ada", 100, "welcome")
            projects = await asyncio.gather(*(client.create_project("ada", 10) for _ in range(10)))
            assert len({created.project.project_id for created in projects}) == 10
            first = projects[0].project.project_id
            assert (await client.update_status("processing", first)).changed
            assert (await client.heartbeat(first, progress=1)).status == "processing"
            assert (await client.heartbeat(first, pause=60)).paused_until is not None
            assert (await client.get_status(first)).status == "processing"
            with pytest.raises(errors.InsufficientCredits) as caught:
                await client.create_project("ada", 1)
            assert (caught.value.available, caught.value.required) == (0, 1)

    asyncio.run(story())


def test_a_time_without_a_zone_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Client("/nowhere").list_projects(created_after=datetime(2026, 1, 1))
