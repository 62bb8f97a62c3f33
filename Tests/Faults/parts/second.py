"""A second daemon at a database that is in use: it must refuse, and say who has it."""

import subprocess

from testkit.daemon import Daemon

WITHIN = 20  # seconds, of which it waits 1.5 for one that only sweeps


def detect(case):
    daemon = Daemon(case.binaries / "lifecycled", case.folder)
    try:
        daemon.start()
        command = [*daemon.command]
        command[command.index("--socket") + 1] += "2"
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WITHIN)
        except subprocess.TimeoutExpired:
            case.find("wrong", "a second daemon runs at the same database")
            return 1
        said = f"{done.stdout}{done.stderr}"
        case.expect(done.returncode not in (0, -6, -11) and f"pid {daemon.process.pid}" in said, "wrong",
                    f"a second daemon ended with {done.returncode} and says {said!r}")
        daemon.end()
        return 1
    finally:
        daemon.kill()
