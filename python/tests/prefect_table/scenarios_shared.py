"""Processes that hold two users' projects: what comes to one is nothing to the other."""

from __future__ import annotations

import os
import signal
import threading

import httpx

from prefect_table.lab import PATIENCE, Lab, Work
from prefect_table.scenario import FLOW, is_untouched, scenario

MODE = "python flow.py"


def beside(how: str, lab: Lab, work: Work) -> None:
    """The app cancels one of two that run at once in processes of the same origin."""
    neighbour = lab.work(work.daemon)
    process = lab.alone(work, "shared.py", how, work.project, neighbour.project)
    work.attached()
    neighbour.attached()
    work.now()
    work.client.cancel_project(work.project)
    work.ended()
    work.wait(work.file("stopped").exists, "its caller hears of it")
    assert neighbour.client.get_status(neighbour.project).status == "processing"
    neighbour.go()
    is_untouched(neighbour)
    assert process.wait(PATIENCE) == 0


@scenario("cancelled beside another's coroutines", MODE, code="cancelled", by=FLOW, prefect="Cancelled")
def beside_coroutines(lab: Lab, work: Work) -> None:
    beside("coroutines", lab, work)


@scenario("cancelled beside another's thread", MODE, code="cancelled", by=FLOW, prefect="Cancelled")
def beside_thread(lab: Lab, work: Work) -> None:
    beside("in_threads", lab, work)


@scenario("cancelled in a pool (fork)", MODE, code="cancelled", by=FLOW, prefect="Cancelled")
def in_forked_pool(lab: Lab, work: Work) -> None:
    beside("forked", lab, work)


@scenario("cancelled in a pool (spawn)", MODE, code="cancelled", by=FLOW, prefect="Cancelled")
def in_spawned_pool(lab: Lab, work: Work) -> None:
    beside("spawned", lab, work)


@scenario("cancelled in Prefect's process pool", MODE, code="cancelled", by=FLOW, prefect="Cancelled")
def in_prefects_pool(lab: Lab, work: Work) -> None:
    beside("prefects_pool", lab, work)


@scenario("cancelled in a loop over projects", MODE, code="cancelled", by=FLOW, prefect="Cancelled")
def in_loop(lab: Lab, work: Work) -> None:
    neighbour = lab.work(work.daemon)
    process = lab.alone(work, "shared.py", "one_after_the_other", work.project, neighbour.project)
    work.attached()
    work.now()
    work.client.cancel_project(work.project)
    work.ended()
    neighbour.attached()
    neighbour.go()
    is_untouched(neighbour)
    assert process.wait(PATIENCE) == 0


@scenario("cancelled around another's flow", MODE, code="cancelled", by=FLOW, prefect="Cancelled")
def around_another(lab: Lab, work: Work) -> None:
    neighbour = lab.work(work.daemon)
    process = lab.alone(work, "shared.py", "within", work.project, neighbour.project)
    work.attached()
    neighbour.attached()
    work.client.cancel_project(work.project)
    work.wait(lambda: work.client.get_status(work.project).cancel_requested, "it is asked for")
    neighbour.go()
    is_untouched(neighbour)
    work.now()
    work.ended()
    assert process.wait(PATIENCE) == 0


@scenario("cancelled in a web server", MODE, code="cancelled", by=FLOW, prefect="Cancelled")
def in_web_server(lab: Lab, work: Work) -> None:
    neighbour = lab.work(work.daemon)
    process = lab.alone(work, "shared.py", "web", work.project, neighbour.project)
    answers: dict[str, int] = {}
    path = work.file("web")

    def post(project: str) -> None:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path), retries=5), timeout=PATIENCE) as client:
            answers[project] = client.post(f"http://web/{project}").status_code

    work.wait(path.exists, "the web server listens")
    requests = [threading.Thread(target=post, args=[each.project]) for each in (work, neighbour)]
    for request in requests:
        request.start()
    work.attached()
    neighbour.attached()
    work.now()
    work.client.cancel_project(work.project)
    work.ended()
    neighbour.go()
    is_untouched(neighbour)
    for request in requests:
        request.join()
    assert answers == {work.project: 409, neighbour.project: 200}, answers
    assert process.poll() is None, "the web server has ended"
    process.terminate()


@scenario("cancelled, and asked at its next task", MODE, code="cancelled", by=FLOW, prefect="Cancelled")
def at_next_task(lab: Lab, work: Work) -> None:
    process = lab.direct(work, "work", "calls tasks")
    work.attached()
    work.now()
    work.client.cancel_project(work.project)
    work.ended()
    assert process.wait(PATIENCE) == 1


@scenario(
    "daemon hangs, other coroutines do not", MODE, status="completed", by=FLOW, prefect="Completed", own_daemon=True
)
def beside_a_hook(lab: Lab, work: Work) -> None:
    os.kill(work.daemon.pid, signal.SIGSTOP)
    try:
        process = lab.alone(work, "shared.py", "beside_a_hook", work.project)
        name = f"direct-{work.project}"
        work.wait(lambda: "Running hook 'lifecycle_on_running'" in lab.log_of(name), "the hook waits for the daemon")
        ticks = len(work.file("ticks").read_text())
        work.wait(lambda: len(work.file("ticks").read_text()) > ticks + 100, "the event loop is not held")
        assert "finished running" not in lab.log_of(name), "the hook does not wait"
        assert not work.file("body").exists()
    finally:
        os.kill(work.daemon.pid, signal.SIGCONT)
    work.go()
    assert process.wait(PATIENCE) == 0
