"""Fuzzing by coverage, under the address sanitizer: any bytes as what a connection sends, as what happens to the
writer's queue, as a sequence of calls.

What is checked is in Tests/Faults/fuzz. An input that was found belongs into Tests/Faults/corpus/<target>, whose files
are tried first, always."""

import os
import re
import subprocess

from parts import fuzzers
from parts.seeds import write_seeds

TITLE = "fuzz: frames and JSON; the writer's queue; sequences of calls"
# Short: how many inputs are tried, always the same ones, by targets: at most 15 seconds of each.
RUNS = {"frames": 40_000, "queue": 40_000, "sequences": 1_500}
SHORT = len(RUNS)
# Long: how many of each, and how many inputs each tries. AFL++ has its own cases, of minutes.
PLAN = [("frames", 20, 50_000_000), ("queue", 5, 10_000_000), ("sequences", 20, 500_000), ("afl", 3, 30)]
LONG = sum(count for _, count, _ in PLAN)
LEAST = sum(RUNS.values()), sum(count * most for name, count, most in PLAN if name != "afl")
LONGEST_INPUT = 4096
MOST_MEMORY = 512  # MiB, of which ASan's own books are about 60

# Leaks are not looked for: Swift keeps bits in its pointers, which the leak detector then does not know for such.
OPTIONS = "detect_leaks=0:quarantine_size_mb=16"
FAST = f"{OPTIONS}:malloc_context_size=0:symbolize=0"


def prepare(tools, binaries):
    fuzzers.build(tools, binaries)


def case(case):
    if not case.is_long:
        target = fuzzers.TARGETS[case.number]
        return fuzz(case, target, RUNS[target], seed=1)
    # Turn by turn, so that two at a time are of two sorts.
    turns = [(name, count) for number in range(max(count for _, count, _ in PLAN)) for name, most, count in PLAN if number < most]
    name, count = turns[case.number]
    if name == "afl":
        from parts import afl

        return afl.fuzz(case, fuzzers.TARGETS[case.number % len(fuzzers.TARGETS)], minutes=count)
    return fuzz(case, name, count, case.rng.getrandbits(31) | 1)


def fuzz(case, target, most, seed):
    seeds, found = case.folder / "seeds", case.folder / "found"
    dictionary = write_seeds(target, seeds)
    found.mkdir()
    command = [
        case.tools / target, found, seeds, f"-seed={seed}", f"-max_len={LONGEST_INPUT}",
        f"-rss_limit_mb={MOST_MEMORY}", "-malloc_limit_mb=64", "-timeout=20", "-print_funcs=0", "-verbosity=0",
        f"-artifact_prefix={case.folder}/",
    ]
    command += [f"-dict={dictionary}"] if dictionary else []
    done = run(command, FAST, most)
    tried = re.search(rb"tried: (\d+)", done.stderr)
    inputs = [file for file in case.folder.iterdir() if re.match("crash-|oom-|timeout-|leak-", file.name)]
    if done.returncode or inputs:
        tell(case, target, done, inputs)
    else:
        case.expect(tried and int(tried[1]) >= most, "wrong", f"too little was tried:\n{text(done.stderr)[-2000:]}")
    return int(tried[1]) if tried else 1


def run(command, options, most=None):
    # A backtrace by Swift itself would take the place of what the fuzzer says, and of the input that it keeps.
    environment = os.environ | {"ASAN_OPTIONS": options, "SWIFT_BACKTRACE": "enable=no"}
    if most:
        environment["FUZZ_COUNT"] = str(most)
    return subprocess.run(command, env=environment, capture_output=True)


def tell(case, target, done, inputs):
    if not inputs:
        return case.find("wrong", f"the fuzzer of {target} ended with {done.returncode}:\n{text(done.stderr)[-3000:]}")
    for file in inputs:
        again = run([case.tools / target, file, f"-rss_limit_mb={MOST_MEMORY}"], OPTIONS)
        report = text(again.stderr if again.returncode else done.stderr)
        why = [line for line in report.splitlines() if re.search("does not hold|Fatal error|ERROR|SUMMARY|^    #", line)]
        # The first line of what does not hold may be followed by both answers.
        shown = report[max(report.find("does not hold"), 0) :].splitlines()[:6] if "does not hold" in report else []
        what = "hung" if file.name.startswith("timeout-") else "wrong"
        kept = f"keep it as Tests/Faults/corpus/{target}/<what it is>"
        case.find(what, "\n".join([f"{target}: {file.read_bytes()!r}", *shown, *why[:25], f"The input is in {file}: {kept}"]))


def text(output):
    return output.decode(errors="replace")
