"""A daemon that must not start, and the ledger that it must not harm."""

import re
import shutil
import signal
import subprocess

from testkit.daemon import Daemon
from testkit.wire import Connection


def tell(case, *sentences):
    """Keeps what was said, for people: --keep leaves it."""
    with open(case.folder / "sentences", "a", encoding="utf-8") as file:
        file.writelines(f"{sentence}\n" for sentence in sentences)


def refuse(case, trick, database, socket, words, code, user=None):
    """The daemon must end by itself, with this code and one sentence."""
    binary = case.binaries / "lifecycled" if user is None else a_copy(case)
    try:
        run = subprocess.run(
            [binary, "--socket", socket, "--database", database], env={"SWIFT_BACKTRACE": "enable=no"},
            stdin=subprocess.DEVNULL, capture_output=True, timeout=8, user=user, group=user,
            extra_groups=None if user is None else [], check=False)
    except subprocess.TimeoutExpired as error:
        return case.find("hung", f"{trick}: not refused: {(error.stderr or b'').decode()[-300:]}")
    said = run.stderr.decode()
    sentence = said.removesuffix("\n").split("\n")[-1]
    tell(case, f"{trick}: {run.returncode}: {sentence}")
    case.expect(run.returncode == code, "wrong", f"{trick}: ended with {run.returncode}, not {code}: {said}")
    is_clear = sentence.startswith("lifecycled: ") and re.search(words, sentence)
    case.expect(is_clear, "wrong", f"{trick}: {words!r} is not said: {said}")


def a_copy(case):
    """A daemon that everybody can run: others may not enter the folders of the build."""
    copy = case.folder / "lifecycled"
    if not copy.exists():
        shutil.copy(case.binaries / "lifecycled", copy)
        copy.chmod(0o755)
    return copy


def a_ledger(case):
    """The folder of one that was stopped in order."""
    (folder := case.folder / "good").mkdir(mode=0o700)
    daemon = Daemon(case.binaries / "lifecycled", folder)
    try:
        daemon.start()
        with Connection(daemon.socket) as connection:
            connection.call("grantCredits", {"userId": "ada", "credits": 100, "reason": "r", "idempotencyKey": "1"})
            for number in range(20):
                connection.call("createProject", {"userId": "ada", "credits": 1, "idempotencyKey": f"p{number}"})
        daemon.end(signal.SIGTERM)
    finally:
        daemon.kill()
    return folder
