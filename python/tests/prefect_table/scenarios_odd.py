"""Runs that end in odd ways, and odd names of projects, in a process that lives on or holds another user's project."""

from __future__ import annotations

from prefect_table import prefect_side
from prefect_table.lab import PATIENCE, Lab, Work
from prefect_table.modes import reconcile_until_ended
from prefect_table.scenario import FLOW, RECONCILER, START, is_untouched, scenario

MODE = "python flow.py"


def lives_on(case: str, lab: Lab, work: Work) -> None:
    work.now()
    process = lab.beside(work, "odd.py", "lives_on", case, work.project)
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


@scenario(
    "a generator is held open until the exit", MODE, status="completed", by=FLOW, prefect="Running", full_only=True
)
def held_open(lab: Lab, work: Work) -> None:
    process = lab.beside(work, "odd.py", "held_open", work.project)
    work.wait(work.file("held").exists, "it has given a value")
    was = work.client.get_status(work.project).deadline
    assert was is not None
    work.wait(lambda: (work.client.get_status(work.project).deadline or was) > was, "its lease is held")
    work.go()
    assert process.wait(PATIENCE) == 0


@scenario(
    "another's flow while a generator is held open",
    MODE,
    status="completed",
    by=FLOW,
    prefect="Completed",
    full_only=True,
)
def held_around(lab: Lab, work: Work) -> None:
    neighbour = lab.work(work.daemon)
    process = lab.alone(work, "odd.py", "held_around", work.project, neighbour.project)
    neighbour.attached()
    neighbour.go()
    is_untouched(neighbour)
    assert process.wait(PATIENCE) == 0


def identifies(case: str, lab: Lab, work: Work) -> None:
    assert lab.beside(work, "odd.py", "identifies", case, work.project).wait(PATIENCE) == 0
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
    assert lab.beside(work, "odd.py", "identifies", "none", work.project).wait(PATIENCE) == 0
    assert work.file("refused").exists()
    assert not work.file("body").exists()


@scenario("a flow within names no project", MODE, status="completed", by=FLOW, prefect="Completed")
def nameless_within(lab: Lab, work: Work) -> None:
    assert lab.beside(work, "odd.py", "identifies", "none within", work.project).wait(PATIENCE) == 0
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
    assert lab.beside(work, "odd.py", "of_class", work.project).wait(PATIENCE) == 0


@scenario("a timeout that is not Prefect's", MODE, code="pipelineFailed", by=FLOW, prefect="TimedOut")
def others_timeout(lab: Lab, work: Work) -> None:
    lab.beside(work, "odd.py", "others_timeout", work.project)


@scenario("strict: a failed future in a dict", MODE, code="pipelineFailed", by=FLOW, prefect="Failed")
def failed_within(lab: Lab, work: Work) -> None:
    lab.beside(work, "odd.py", "failed_within", work.project)


@scenario("an author's own second try", MODE, code="pipelineFailed", by=FLOW, prefect="Completed")
def own_retries(lab: Lab, work: Work) -> None:
    assert lab.beside(work, "odd.py", "own_retries", work.project).wait(PATIENCE) == 0
    assert work.file("failed").exists()
    assert work.file("refused").exists()
    assert len(work.file("body").read_text().split()) == 1


def never_begins(case: str, lab: Lab, work: Work) -> None:
    process = (lab.alone if "exit" in case else lab.beside)(work, "odd.py", case, work.project)
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
    "a flow with plain hooks never begins",
    MODE,
    code="pipelineFailed",
    by=RECONCILER,
    prefect="NotReady",
    full_only=True,
)
def never_begins_plain(lab: Lab, work: Work) -> None:
    assert lab.beside(work, "odd.py", "not_ready_plain", work.project).wait(PATIENCE) == 0
    work.now()
    reconcile_until_ended(lab, work)
    assert not work.file("body").exists()
