"""The projects that have not ended, as the daemon knows them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta

from ..client import Client
from ..errors import InvalidParams, ProjectNotFound
from ..models import Project

logger = logging.getLogger(__name__)


def open_projects(client: Client) -> Iterator[Project]:
    """All of them."""
    cursor = None
    while True:
        page = client.list_projects(status=["pending", "processing"], limit=500, cursor=cursor)
        yield from page.projects
        if (cursor := page.next_cursor) is None:
            return


def find_project(client: Client, name: str, *, external: bool) -> Project | None:
    """The one that has this id, or this id of the upstream's."""
    try:
        return client.get_status(external_id=name) if external else client.get_status(name)
    except (ProjectNotFound, InvalidParams):
        return None  # another daemon's, or no project's id at all


class Identities:
    """Which open project a text names, by what the daemon says: an id can be written in more than one way."""

    def __init__(self, client: Client, projects: Iterable[Project], *, external: bool) -> None:
        self._client = client
        self._external = external
        names = {project.external_id if external else project.project_id: project for project in projects}
        self._known = {name: project.project_id for name, project in names.items() if name}
        self._alike = {name.casefold() for name in self._known}
        self._asked: dict[str, str | None] = {}

    def __call__(self, name: str) -> str | None:
        """The project's id, or None."""
        if name in self._known or name.casefold() not in self._alike:
            return self._known.get(name)
        if name not in self._asked:
            found = find_project(self._client, name, external=self._external)
            self._asked[name] = found.project_id if found is not None else None
        return self._asked[name]


def that_beat(client: Client, projects: Iterable[Project], watch: timedelta) -> set[str]:
    """Those whose lease is renewed meanwhile: their flows live, whatever Prefect says of their runs."""
    known = {project.project_id: project.deadline for project in projects if project.status == "processing"}
    beating: set[str] = set()
    end = time.monotonic() + watch.total_seconds()
    while known:
        for project_id, was in sorted(known.items()):
            now = client.get_status(project_id).deadline
            # An attached lease that lost its connection has an earlier one.
            if was is not None and now is not None and now > was:
                logger.info("project %s: left to its flow, which beats", project_id)
                beating.add(project_id)
                del known[project_id]
        left = end - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(left, 0.5))
    return beating
