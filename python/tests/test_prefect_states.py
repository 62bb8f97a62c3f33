"""Which states we set in Prefect, and what exit asks of it."""

from __future__ import annotations

import socket
import threading
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import TERMINAL_STATES, StateType
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from engines import run_with
from lifecycle_rpc.prefect import _prefect_api
from lifecycle_rpc.prefect._farewell import Farewell
from lifecycle_rpc.prefect._identify import ProjectKey
from lifecycle_rpc.prefect._prefect_api import set_cancelled, set_refused, without_patience


def test_at_exit_what_takes_too_long_is_left_behind() -> None:
    held, begun = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        held.wait()

    farewell = Farewell(work)
    assert not farewell.call(0.1)
    assert begun.wait(60)
    held.set()
    assert farewell.call(60)


def test_a_dead_api_is_asked_once_at_exit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
    with temporary_settings(updates={PREFECT_API_URL: url}), without_patience(0.5):
        client = get_client(sync_client=True)
        assert PREFECT_CLIENT_MAX_RETRIES.value() == 0
        assert client._client.timeout == httpx.Timeout(0.5)
        with pytest.raises(httpx.ConnectError):
            client.read_flow_run(uuid4())


class Api:
    """Prefect's client, in place of its server: the children that live, and which states were set."""

    def __init__(self, *children: Any) -> None:
        self.children = children
        self.set: list[tuple[Any, Any]] = []

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None: ...

    def read_flow_runs(self, *, flow_run_filter: Any) -> list[Any]:
        assert not set(flow_run_filter.state.type.any_) & TERMINAL_STATES
        return list(self.children)

    def set_flow_run_state(self, flow_run_id: Any, state: Any, force: bool = False) -> None:
        assert force == (not state.is_cancelling()), "a child may have ended meanwhile"
        self.set.append((flow_run_id, state))


def child_with(**parameters: Any) -> Any:
    return SimpleNamespace(id=uuid4(), deployment_id=uuid4(), parameters=parameters)


def test_a_refused_run_stands_in_a_state_that_prefect_does_not_hand_down(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(child_with(project_id="other"))
    monkeypatch.setattr(_prefect_api, "get_client", lambda **_: api)
    set_refused(run_with(project_id="p"), "why")
    ((_, state),) = api.set
    assert (state.type, state.name, state.message) == (StateType.FAILED, "Refused", "why")


@pytest.mark.parametrize(
    ("names", "cancelled", "kind"),
    [
        ([], 0, StateType.CANCELLED),
        (["p", "P", "sda"], 0, StateType.CANCELLED),
        (["p", "other"], 1, StateType.CRASHED),
        ([None], 0, StateType.CRASHED),
    ],
)
def test_stopping_a_flow_cancels_no_child_of_another_project(
    names: list[Any], cancelled: int, kind: StateType, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(*(child_with(job={"project": name}) for name in names))
    monkeypatch.setattr(_prefect_api, "get_client", lambda **_: api)
    flow_run = run_with(project_id="p")
    set_cancelled(flow_run, "why", ProjectKey("p", "sda"))
    *children, (own_id, own) = api.set
    assert [state.type for _, state in children] == [StateType.CANCELLING] * cancelled
    assert (own_id, own.type, own.name) == (flow_run.id, kind, "Cancelled")


def test_when_the_children_cannot_be_asked_none_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api()
    monkeypatch.setattr(api, "read_flow_runs", lambda **_: 1 / 0)
    monkeypatch.setattr(_prefect_api, "get_client", lambda **_: api)
    set_cancelled(run_with(project_id="p"), "why", ProjectKey("p", None))
    ((_, own),) = api.set
    assert (own.type, own.name) == (StateType.CRASHED, "Cancelled")
