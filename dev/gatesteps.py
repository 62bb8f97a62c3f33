"""The steps of each gate, in the order in which they begin. `dev/gate` runs them; this file only names them."""

from dataclasses import dataclass

SWIFT = "--explicit-target-dependency-import-check error"
# One scratch folder for both packages: the web app's takes what the daemon's build has compiled.
WEB = "--package-path Examples/StoryEditor --scratch-path .build"


@dataclass(frozen=True)
class Step:
    name: str
    command: str
    # What it proves, in a line, for `--list`.
    holds: str
    # How many it keeps busy: steps run beside each other up to the machine's. One that waits for the network counts as 0.
    cores: int = 1
    after: tuple[str, ...] = ()


RELEASE = Step(
    "release build", f"dev/check-build-folder && swift build -c release --static-swift-stdlib {SWIFT}",
    "the programs that ship", cores=2)
DEBUG = Step(
    "debug build", f"dev/check-build-folder && swift build --build-tests {SWIFT}",
    "everything compiles, warnings are errors", cores=2)

PYTHON = Step(
    "python environment", "dev/test-python --prepare", "all that the Python tests need, at exact versions", cores=0)


def fault(name: str, kinds: str, holds: str, cores: int = 1) -> Step:
    return Step(name, f"Tests/Faults/faults --only {kinds}", holds, cores, (RELEASE.name,))


GATES = {
    "test": [
        Step("static checks", "make --no-print-directory check", "format, imports, file sizes, lines, the tree, commits", cores=2),
        PYTHON,
        DEBUG,
        Step("tests", "dev/run-tests", "rules, ledger, wire, daemon, client, command: each as it is specified", 2,
             (DEBUG.name,)),
        RELEASE,
        Step("linked libraries", "make --no-print-directory check-links", "no Foundation, no ICU", 1, (RELEASE.name,)),
        Step("python package", "dev/test-python --prefect none --durations=20 --durations-min=0.5",
             "the client for Python and the flow hooks, against the real daemon", 1,
             (PYTHON.name, RELEASE.name)),
        Step("tests of dev", "dev/test-dev", "each check finds what it is for", 1, (RELEASE.name,)),
        Step("documents", "dev/test-docs README.md protocol.md docs/backup.md docs/import.md docs/prefect.md",
             "each command shown in the documents answers what is shown", 1, (RELEASE.name,)),
        Step("demo", "dev/demo --quiet", "every figure of the story", 1, (RELEASE.name,)),
        # Alone: the daemon's timers fire more often in a run that has to wait for a core.
        Step("instructions of a request", "Benchmarks/guard", "what a create and a getStatus cost", 2,
             (RELEASE.name,)),
    ],
    "system": [
        PYTHON,
        RELEASE,
        Step("web app build", f"dev/check-build-folder && swift build {WEB} --build-tests {SWIFT}",
             "the web app compiles, warnings are errors", 2, (RELEASE.name,)),
        Step("package", "dev/generate-cli-docs && dev/generate-protocol-docs && dev/build-deb && dev/test-deb",
             "man pages, completions, the Debian package, make install", 1, (RELEASE.name,)),
        Step("systemd", "Tests/Systemd/run --if-possible",
             "units and package in a real systemd: activation, restart, upgrade, reboot, removal", 1, ("package",)),
        Step("web app tests", f"dev/run-tests {WEB}", "the web app's routes, live pages and stand-ins", 1,
             ("web app build",)),
        Step("pages in a browser", "Examples/StoryEditor/Tests/Browser/story.py", "the pages in Chromium", 1,
             ("web app build",)),
        Step("real Prefect", "dev/test-python --prefect short --table-only", "the table of real flow runs", 1,
             (PYTHON.name, RELEASE.name)),
        fault("faults of processes", "kill,syscalls,limits,abuse,reads,tricks",
              "kill -9, failing system calls, limits, hostile peers, floods of reads, forged files"),
        fault("faults of disks", "power,syncerror,uml,mutants,history",
              "power cuts, sync errors, a real kernel, mutants that must be caught, histories"),
        fault("fuzzing", "fuzz", "the corpus and new inputs of frames, the writer's queue and sequences"),
        Step("soak of a minute", "Tests/Soak/soak --minutes 1", "agents, watchers and kill -9 at random", 1,
             (RELEASE.name,)),
    ],
    "quick": [
        DEBUG,
        Step("rules and wire", "dev/run-tests --filter 'CoreTests|WireTests|InProcess|ModelTests'"
             " --filter 'EndToEndTests.*(Envelope|Parameter|BadInput|Batch)'",
             "unit tests, the model of the ledger, the cases of the wire", 2, (DEBUG.name,)),
    ],
}
