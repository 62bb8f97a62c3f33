"""Processes that hold two users' projects, or live on after a run: what comes to one is nothing to the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import httpx

from prefect_table import prefect_side
from prefect_table.lab import FLOWS, PATIENCE, Lab, Work
from prefect_table.scenario import FLOW, START, is_untouched, scenario

MODE = "python flow.py"


def start(lab: Lab, work: Work, *arguments: str) -> subprocess.Popen[bytes]:
    command = (sys.executable, str(FLOWS / "shared.py"), *arguments)
    return lab.processes.start(f"direct-{work.project}", *command, LIFECYCLE_SOCKET=str(work.daemon.socket))


def beside(how: str, lab: Lab, work: Work) -> None:
    """The app cancels one of two that run at once in processes of the same origin."""
    neighbour = lab.work(work.daemon)
    process = start(lab, work, how, work.project, neighbour.project)
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
    process = start(lab, work, "one_after_the_other", work.project, neighbour.project)
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
    process = start(lab, work, "within", work.project, neighbour.project)
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
    process = start(lab, work, "web", work.project, neighbour.project)
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


def lives_on(case: str, lab: Lab, work: Work) -> None:
    work.now()
    process = start(lab, work, "lives_on", case, work.project)
    work.ended()
    assert process.poll() is None, "its process has not ended"
    work.file("go").touch()
    assert process.wait(PATIENCE) == 0


@scenario("returns Cancelled()", MODE, code="cancelled", by=FLOW, prefect="Cancelled")
def returns_cancelled(lab: Lab, work: Work) -> None:
    lives_on("Cancelled", lab, work)


@scenario("returns Paused(), and runs again", MODE, status="completed", by=FLOW, prefect="Completed")
def returns_paused(lab: Lab, work: Work) -> None:
    lives_on("Paused", lab, work)


@scenario("returns Scheduled(), and runs again", MODE, status="completed", by=FLOW, prefect="Completed")
def returns_scheduled(lab: Lab, work: Work) -> None:
    lives_on("Scheduled", lab, work)


@scenario("raises Abort", MODE, code="crashed", by=FLOW, prefect="Running")
def raises_abort(lab: Lab, work: Work) -> None:
    lives_on("Abort", lab, work)


@scenario("its hooks were replaced", MODE, status="completed", by=FLOW, prefect="Completed")
def replaced_hooks(lab: Lab, work: Work) -> None:
    lives_on("replaced hooks", lab, work)


@scenario("an async generator is left open", MODE, status="completed", by=FLOW, prefect="Running")
def left_open(lab: Lab, work: Work) -> None:
    lives_on("generator", lab, work)


def identifies(case: str, lab: Lab, work: Work) -> None:
    assert start(lab, work, "identifies", case, work.project).wait(PATIENCE) == 0
    assert work.file("body").exists()


@scenario("named by a model's alias", MODE, status="completed", by=FLOW, prefect="")
def by_alias(lab: Lab, work: Work) -> None:
    identifies("alias", lab, work)


@scenario("named in a list", MODE, status="completed", by=FLOW, prefect="")
def by_list(lab: Lab, work: Work) -> None:
    identifies("list", lab, work)


@scenario("named by a secret", MODE, status="completed", by=FLOW, prefect="")
def by_secret(lab: Lab, work: Work) -> None:
    identifies("secret", lab, work)


@scenario("named by a future", MODE, status="completed", by=FLOW, prefect="")
def by_future(lab: Lab, work: Work) -> None:
    identifies("future", lab, work)


@scenario("names no project", MODE, code="startTimeout", by=START, prefect="", start_timeout=10)
def nameless(lab: Lab, work: Work) -> None:
    assert start(lab, work, "identifies", "none", work.project).wait(PATIENCE) == 0
    assert work.file("refused").exists()
    assert not work.file("body").exists()


@scenario("a flow within names no project", MODE, status="completed", by=FLOW, prefect="Completed")
def nameless_within(lab: Lab, work: Work) -> None:
    assert start(lab, work, "identifies", "none within", work.project).wait(PATIENCE) == 0
    assert work.file("refused").exists()
    assert not (lab.folder / f"{work.project}-inner.body").exists()


def cancelled_in_prefect(long: bool, asked: bool, lab: Lab, work: Work) -> None:
    """`long` is as when the body goes on for longer than the server waits for it."""
    process = lab.direct(work, "work", "waits")
    work.attached()
    flow_run = prefect_side.run_of(work.project)
    prefect_side.cancel(flow_run)
    if long:
        prefect_side.give_up(flow_run)
    if asked:
        work.client.cancel_project(work.project)
        work.wait(lambda: "to stop" in lab.log_of(f"direct-{work.project}"), "the flow hears of it")
    work.go()
    assert process.wait(PATIENCE) == 0


@scenario("cancelled in Prefect, ends soon", MODE, status="completed", by=FLOW, prefect="Cancelling")
def cancelled_shortly(lab: Lab, work: Work) -> None:
    cancelled_in_prefect(False, False, lab, work)


@scenario("cancelled in Prefect, ends late", MODE, status="completed", by=FLOW, prefect="Completed")
def cancelled_long(lab: Lab, work: Work) -> None:
    cancelled_in_prefect(True, False, lab, work)


@scenario("cancelled in both, ends soon", MODE, code="cancelled", by=FLOW, prefect="Cancelled")
def cancelled_shortly_and_asked(lab: Lab, work: Work) -> None:
    cancelled_in_prefect(False, True, lab, work)


@scenario("cancelled in both, ends late", MODE, code="cancelled", by=FLOW, prefect="Cancelled")
def cancelled_long_and_asked(lab: Lab, work: Work) -> None:
    cancelled_in_prefect(True, True, lab, work)


@scenario("a class method", MODE, status="completed", by=FLOW, prefect="Completed")
def of_class(lab: Lab, work: Work) -> None:
    assert start(lab, work, "of_class", work.project).wait(PATIENCE) == 0


@scenario("a timeout that is not Prefect's", MODE, code="pipelineFailed", by=FLOW, prefect="TimedOut")
def others_timeout(lab: Lab, work: Work) -> None:
    start(lab, work, "others_timeout", work.project)


@scenario("strict: a failed future in a dict", MODE, code="pipelineFailed", by=FLOW, prefect="Failed")
def failed_within(lab: Lab, work: Work) -> None:
    start(lab, work, "failed_within", work.project)


@scenario("an author's own second try", MODE, code="pipelineFailed", by=FLOW, prefect="Completed")
def own_retries(lab: Lab, work: Work) -> None:
    assert start(lab, work, "own_retries", work.project).wait(PATIENCE) == 0
    assert work.file("failed").exists()
    assert work.file("refused").exists()
    assert len(work.file("body").read_text().split()) == 1


def never_begins(case: str, lab: Lab, work: Work) -> None:
    process = start(lab, work, case, work.project)
    lab.tools[process.pid] = FLOW
    work.wait(work.file("called").exists, "it was called")
    assert work.client.get_status(work.project).status == "pending", "the flow around it may try it again"
    work.go()
    work.ended()
    (lab.folder / f"{work.project}-exit.go").touch()
    assert process.wait(PATIENCE) == 0
    assert not work.file("body").exists()


@scenario("a flow within never begins", MODE, code="pipelineFailed", by=FLOW, prefect="NotReady")
def never_begins_within(lab: Lab, work: Work) -> None:
    never_begins("not_ready", lab, work)


@scenario("a flow within never begins, at exit", MODE, code="pipelineFailed", by=FLOW, prefect="NotReady")
def never_begins_at_exit(lab: Lab, work: Work) -> None:
    never_begins("not_ready_at_exit", lab, work)


@scenario(
    "daemon hangs, other coroutines do not", MODE, status="completed", by=FLOW, prefect="Completed", own_daemon=True
)
def beside_a_hook(lab: Lab, work: Work) -> None:
    os.kill(work.daemon.pid, signal.SIGSTOP)
    try:
        process = start(lab, work, "beside_a_hook", work.project)
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
