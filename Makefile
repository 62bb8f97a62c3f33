# `make` prints this list. Each target is enough alone: it installs or names what is missing first.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup test demo build release install deb bench bench-guard-update format check faults sanitize fuzz soak idle test-systemd test-prefect test-web demo-web docs clean check-links

# Package.swift turns warnings into errors where this is set. One value for every target here, so that
# no two of them make each other build again.
export LIFECYCLE_STRICT := 1

STEP := dev/step
SWIFT_FLAGS := --explicit-target-dependency-import-check error
# What ships is what is tested and measured: one release build, which needs no Swift where it runs.
RELEASE := swift build -c release --static-swift-stdlib $(SWIFT_FLAGS)
# The date of man pages and of the package.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || date +%s)
WEB_BUILD := swift build --package-path Examples/StoryEditor --build-tests $(SWIFT_FLAGS)
COUNT ?= 1000000
MINUTES ?= 10
SIZES ?= 1000 100000
BENCH ?=
FAULTS ?=
# All but eio, which waits for what another kernel does in its own time.
FAULT_KINDS := kill,power,syncerror,syscalls,uml,limits,mutants,history,fuzz,abuse,reads,tricks

help: ## Print this list.
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r t d; do printf '  make %-18s %s\n' "$$t" "$$d"; done

setup: ## Install the Debian packages that are missing (as root), or name them.
	@dev/setup

test: setup ## Everything CI runs: checks, both builds, every test, the documents' commands, the demo.
	@$(STEP) "static checks" $(MAKE) --no-print-directory check
	@$(STEP) "debug build, warnings are errors" swift build --build-tests $(SWIFT_FLAGS)
	@$(STEP) "release build" $(RELEASE)
	@$(STEP) "linked libraries" $(MAKE) --no-print-directory check-links
	@$(STEP) "man pages and completions" dev/generate-cli-docs
	@$(STEP) "man page and OpenRPC document of the protocol" dev/generate-protocol-docs
	@$(STEP) "Debian package" dev/build-deb
	@$(STEP) "tests of the package and of make install" dev/test-deb
	@$(STEP) "tests" dev/run-tests
	@$(STEP) "tests of dev/" dev/test-dev
	@$(STEP) "commands in the documents" dev/test-docs README.md protocol.md docs/backup.md docs/import.md docs/prefect.md
	@$(STEP) "units and package in a real systemd" Tests/Systemd/run --if-possible
	@$(STEP) "python package, and real Prefect" dev/test-python
	@$(MAKE) --no-print-directory test-web
	@$(STEP) "demo" dev/demo --quiet
	@$(STEP) "soak of a minute" Tests/Soak/soak --minutes 1
	@dev/setup --faults
	@$(STEP) "faults: the short forms" Tests/Faults/faults --only $(FAULT_KINDS)
	@$(STEP) "instructions of a request" Benchmarks/guard

demo: setup ## Play the real story aloud against a fresh daemon and check every figure.
	@$(STEP) "release build" $(RELEASE)
	@dev/demo

demo-web: setup ## Start the web app with all that belongs to it, and say where to look. Ctrl-C ends it.
	@$(STEP) "release build" $(RELEASE)
	@$(STEP) "the web app" swift build --package-path Examples/StoryEditor --product story-editor $(SWIFT_FLAGS)
	@dev/demo-web

build: setup ## Build everything for debugging, tests included.
	swift build --build-tests $(SWIFT_FLAGS)

release: setup ## Build the daemon and the command as they ship, with man pages and completions.
	$(RELEASE)
	@$(MAKE) --no-print-directory check-links
	dev/generate-cli-docs
	dev/generate-protocol-docs

install: ## Install what `make release` built: make install DESTDIR= PREFIX=/usr/local (the default).
	@dev/install

deb: release ## Make the Debian package in .build-deb from the release build.
	dev/build-deb

check-links:
	@dev/check-links .build/release/lifecycled
	@dev/check-links --client .build/release/lifecyclectl
	@dev/check-links --client .build/release/StartProject

bench: setup ## Measure beside floor and peers: make bench SIZES="1000 1000000" BENCH="--only create".
	@$(STEP) "release build" $(RELEASE)
	@Benchmarks/bench --sizes "$(SIZES)" $(BENCH)

bench-guard-update: setup ## Keep the instruction counts of now as those that `make test` guards.
	@$(STEP) "release build" $(RELEASE)
	@Benchmarks/guard --update

format: ## Format every Swift file in place.
	dev/format

check: setup ## The static checks: format, imports, file sizes, the tree.
	@dev/check-format
	@dev/check-imports
	@dev/check-sizes
	@dev/check-tree

soak: setup ## Agents lost in every way, watchers, kill -9 and restarts: make soak MINUTES=10 (the default).
	@$(STEP) "release build" $(RELEASE)
	@Tests/Soak/soak --minutes $(MINUTES)

faults: setup ## Break the machine under the daemon, the long forms (hours): make faults FAULTS="--only kill --cases 50".
	@dev/setup --faults --afl
	@$(STEP) "release build" $(RELEASE)
	@Tests/Faults/faults --long $(FAULTS)

test-systemd: deb ## Boot a real systemd in a container, install the package there and test it (as root).
	@Tests/Systemd/run

test-web: setup ## Test the web app in Examples/StoryEditor, its pages in a real browser, with the release build's daemon.
	@dev/setup --browser
	@$(STEP) "web app: build" $(WEB_BUILD)
	@$(STEP) "web app: tests" dev/run-tests --package-path Examples/StoryEditor
	@$(STEP) "web app: pages in a browser" Examples/StoryEditor/Tests/Browser/story.py

sanitize: setup ## Every test under the thread and address sanitizers, the daemon under valgrind (an hour): make sanitize SANITIZE=thread.
	@$(STEP) "release build" $(RELEASE)
	@Tests/Sanitizers/run $(SANITIZE)

idle: setup ## A thousand callers in the very moment at which the idle daemon goes (some minutes).
	LIFECYCLE_IDLE_COUNT=1000 swift test $(SWIFT_FLAGS) --disable-xctest --filter IdleExitTests

fuzz: setup ## Fuzz the JSON reader longer: make fuzz COUNT=5000000 (default 1000000).
	LIFECYCLE_FUZZ_COUNT=$(COUNT) swift test --disable-xctest --filter Fuzz $(SWIFT_FLAGS)

test-prefect: setup ## The whole table of what comes of Prefect flows, all three ways to start them (some minutes).
	@$(STEP) "release build" $(RELEASE)
	@dev/test-python --prefect full

docs: setup ## Make the client's documentation in .build-docs/client.
	LIFECYCLE_DOCS=1 swift package --scratch-path .build-docs --allow-writing-to-directory .build-docs/client \
		generate-documentation --target LifecycleClient --output-path .build-docs/client --warnings-as-errors

clean: ## Remove what the builds made.
	rm -rf .build .build-thread .build-address .build-docs .build-deb .build-python Benchmarks/.build Examples/StoryEditor/.build
