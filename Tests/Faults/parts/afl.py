"""A second opinion: AFL++ on the same targets. It chooses its inputs by another measure of coverage than libFuzzer."""

import os
import re
import shutil
import subprocess

from . import fuzzers
from .seeds import write_seeds

DRIVER = ["/usr/lib/afl/libAFLDriver.a", "/usr/lib/afl/afl-compiler-rt-64.o"]
INSTRUMENTATION = ["-sanitize=address", "-sanitize-coverage=edge,trace-pc-guard"]
OPTIONS = "detect_leaks=0:abort_on_error=1:symbolize=0:malloc_context_size=0:quarantine_size_mb=16"
SETTINGS = {"AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1", "AFL_NO_AFFINITY": "1"}


def fuzz(case, target, minutes):
    """- Returns: how many inputs it tried."""
    if not shutil.which("afl-fuzz"):
        case.find("wrong", "afl-fuzz is not there: dev/setup --afl installs it (Debian's package afl++)")
        return 0
    tools = case.folder / "tools"
    tools.mkdir()
    fuzzers.build(tools, case.binaries, INSTRUMENTATION, DRIVER, [target])
    seeds, out = case.folder / "seeds", case.folder / "out"
    dictionary = write_seeds(target, seeds)
    command = ["afl-fuzz", "-V", str(round(minutes * 60)), "-s", str(case.rng.getrandbits(31)), "-t", "5000", "-i", seeds, "-o", out]
    command += ["-x", dictionary] if dictionary else []
    environment = os.environ | SETTINGS | {"ASAN_OPTIONS": OPTIONS, "SWIFT_BACKTRACE": "enable=no"}
    done = subprocess.run([*command, "--", tools / target], env=environment, capture_output=True, text=True)
    if done.returncode:
        case.find("wrong", f"afl-fuzz ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-1000:]}")
        return 0
    for what, kind in [("crashes", "wrong"), ("hangs", "hung")]:
        for file in (out / "default" / what).glob("id:*"):
            case.find(kind, f"AFL++, {target}: {file.read_bytes()!r}\nThe input is in {file}")
    statistics = (out / "default/fuzzer_stats").read_text()
    return int(re.search(r"execs_done\s*:\s*(\d+)", statistics)[1])
