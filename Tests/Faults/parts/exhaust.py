"""What every limit needs: to have ended, to go on, to have worked meanwhile."""

import subprocess
import threading

from testkit.wire import Connection, Gone
from . import teller
from .bench import PATIENCE
from .clerk import Unknown
from .limits import wait_for


def ended(bench, allowed, within=PATIENCE):
    """It must have ended by now, in one of these ways."""
    try:
        code = bench.daemon.process.wait(within)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"it has not ended in {within} s: {bench.daemon.last_words()}") from error
    bench.case.expect(code in allowed, "wrong", f"it ended with {code}, not {allowed}: {bench.daemon.last_words()}")


def recover(bench, about):
    """After the limit: what it left, and that all goes on."""
    bench.daemon.kill()
    bench.examine(about)
    bench.recover()
    bench.case.expect(bench.work(50) > 0, "wrong", f"{about}: it does not go on")
    bench.recover()


def work_on(bench, answers=50):
    """What was not answered is asked again, then more; the daemon may go meanwhile."""
    try:
        if bench.is_running:
            teller.settle(bench.clerks, bench.daemon.socket)
            bench.work(answers)
    except (ConnectionError, Unknown):
        pass


def meanwhile(bench, action):
    """Carries the action out while the clerks work."""
    thread = threading.Timer(0.05, action)
    thread.start()
    bench.work(50)
    while thread.is_alive():
        work_on(bench)
    thread.join()


def serves(bench):
    """Whether it answers; false when it has ended."""
    def is_decided():
        return bench.daemon.process.poll() is not None or answers(bench.daemon.socket)

    if not wait_for(is_decided, PATIENCE):
        raise TimeoutError(f"neither serves nor ends: {bench.daemon.last_words()}")
    return bench.is_running


def answers(path):
    try:
        with Connection(path, 1) as connection:
            connection.call("getBalance", {"userId": "ada"})
        return True
    except (Gone, TimeoutError):
        return False
