"""Builds the fuzzers of Tests/Faults/fuzz with plain swiftc, as SwiftPM renames `main` and so cannot link libFuzzer.

Only what is fuzzed is compiled with the sanitizers, from the files of the product that it takes; the packages that it
uses come from the release build."""

import concurrent.futures
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCES, FUZZ = ROOT / "Sources", ROOT / "Tests/Faults/fuzz"
TARGETS = ("frames", "queue", "sequences")

# With assertions, and fast.
COMMON = ["-O", "-assert-config", "Debug", "-wmo", "-parse-as-library", "-swift-version", "6", "-package-name", "fuzz"]
FEATURES = ["ExistentialAny", "MemberImportVisibility", "InternalImportsByDefault"]
LIBFUZZER = ["-sanitize=fuzzer,address"]
# The modules of other packages that are linked.
PACKAGES = (
    "Atomics _AtomicsShims CNIOAtomics CNIODarwin CNIOFreeBSD CNIOLinux CNIOOpenBSD CNIOPosix CNIOWASI CNIOWindows"
    " ContainersPreview DequeModule InternalCollectionsUtilities NIOConcurrencyHelpers NIOCore"
    " _NIOBase64 _NIODataStructures"
).split()
# Threads, other processes and what opens the file: a fuzzed sequence has one thread and one transaction.
NOT_FUZZED = {"OfflineLedger", "Restore", "Store+SQLite", "WriterLoop", "WriterThread"}


def build(folder, binaries, instrumentation=LIBFUZZER, link=(), targets=TARGETS):
    """Leaves the fuzzers in `folder`, by their targets' names. About 70 seconds of one core, on two at once."""
    Build(folder, binaries, instrumentation, link).run(targets)


class Build:
    def __init__(self, folder, binaries, instrumentation, link):
        self.folder, self.instrumentation, self.link = folder, instrumentation, list(link)
        self.release = binaries.resolve()
        if not (self.release / "Modules").is_dir():
            raise RuntimeError(f"{self.release} is not the folder of a release build: make release")
        # `Modules` has our own as well, compiled otherwise: those made here are found first.
        maps = [*self.release.glob("*.build/module.modulemap")]
        maps += self.release.parents[1].glob("checkouts/*/Sources/*/include/module.modulemap")
        self.imports = ["-I", folder, "-I", self.release / "Modules", "-I", SOURCES / "CSQLite"]
        for one in maps:
            self.imports += ["-Xcc", f"-fmodule-map-file={one}"]

    def run(self, targets):
        core = swift_files(SOURCES / "Core")
        self.compile("LifecycleCore", core, "-emit-module", "-experimental-skip-non-inlinable-function-bodies", is_object=False)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(self.compile, "LifecycleCore", core)]
            waiting.append(pool.submit(self.archive))
            waiting += [pool.submit(getattr(self, target)) for target in targets]
            for done in concurrent.futures.as_completed(waiting):
                done.result()
            for done in [pool.submit(self.link_target, target) for target in targets]:
                done.result()

    # What each fuzzer is made of.

    def frames(self):
        # Not instrumented: it is what the product is compared with, and only its answers count.
        self.compile("Plain", swift_files(FUZZ / "plain"), "-emit-module", instrumentation=[])
        dispatch = [SOURCES / "LifecycleRPC/Dispatch" / f"{name}.swift" for name in ("Dispatcher", "ReplyWriter", "RequestSequence")]
        self.compile("frames", [SOURCES / "Wire/LineFramer.swift", *dispatch, *fuzz_files("frames")])

    def queue(self):
        writer = SOURCES / "LifecycleRPC/Writer"
        names = ("CommitGroup", "CommitQueue", "LoopQuestion", "WakeUps", "WriteJob", "WriterMessage")
        self.compile("queue", [*(writer / f"{name}.swift" for name in names), *fuzz_files("queue")])

    def sequences(self):
        self.compile("LifecycleSQLite", [*swift_files(SOURCES / "SQLite"), self.resources()], "-emit-module")
        daemon = SOURCES / "LifecycleRPC"
        files = [*swift_files(daemon / "SQLite"), *swift_files(daemon / "Writer")]
        disk = [file for file in files if file.stem not in NOT_FUZZED]
        disk += [daemon / "Clock.swift", daemon / "Dispatch/Dispatcher.swift"]
        disk.append(ROOT / "Tests/EndToEndTests/Client/ProjectNames.swift")
        ledger = ROOT / "Tests/LifecycleRPCTests/Ledger"
        disk += [ledger / "Call.swift", ledger / "ModelOperation.swift", *ledger.glob("ModelLedger*.swift")]
        disk += ledger.glob("ModelReferee*.swift")
        self.compile("sequences", [*disk, *fuzz_files("sequences")])

    def resources(self):
        """As SwiftPM embeds them."""
        texts = [(file.stem, file.read_bytes()) for file in (SOURCES / "SQLite/Schema").glob("*.sql")]
        members = "".join(f"    static let {name}_sql: [UInt8] = {list(text)}\n" for name, text in texts)
        file = self.folder / "PackageResources.swift"
        file.write_text(f"enum PackageResources {{\n{members}}}\n")
        return file

    # The steps.

    def compile(self, module, files, *options, is_object=True, instrumentation=None):
        command = ["swiftc", *COMMON, *(self.instrumentation if instrumentation is None else instrumentation), *self.imports]
        for feature in FEATURES:
            command += ["-enable-upcoming-feature", feature]
        if "-emit-module" in options:
            command += ["-emit-module-path", self.folder / f"{module}.swiftmodule"]
        if is_object:
            command += ["-emit-object", "-o", self.folder / f"{module}.o"]
        execute([*command, "-module-name", module, *options, *files])

    def archive(self):
        objects = [file for name in PACKAGES for file in (self.release / f"{name}.build").rglob("*.o")]
        execute(["ar", "rcsT", self.folder / "packages.a", *objects])

    def link_target(self, target):
        modules = {"frames": ["frames", "Plain"], "queue": ["queue"], "sequences": ["sequences", "LifecycleSQLite"]}[target]
        objects = [self.folder / f"{module}.o" for module in [*modules, "LifecycleCore"]]
        execute(
            ["swiftc", *self.instrumentation, "-use-ld=lld", *objects, self.folder / "packages.a", *self.link]
            + ["-lsqlite3", "-o", self.folder / target]
        )


def swift_files(folder):
    return sorted(folder.rglob("*.swift"))


def fuzz_files(target):
    return [*FUZZ.glob("*.swift"), *swift_files(FUZZ / target)]


def execute(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command[:4]))} …:\n{done.stdout}{done.stderr}"[:8000])
