# `make` prints this list. Each target is enough alone: it installs or names what is missing first.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-python setup-test setup-system test test-system test-quick flakes demo build release install deb bench bench-guard-update format check faults sanitize fuzz soak idle test-systemd test-prefect soak-prefect test-web demo-web docs clean check-links

# Package.swift turns warnings into errors where this is set. One value for every target here, so that
# no two of them make each other build again.
export LIFECYCLE_STRICT := 1

STEP := dev/step
SWIFT_FLAGS := --explicit-target-dependency-import-check error
# What ships is what is tested and measured: one release build, which needs no Swift where it runs.
RELEASE := dev/check-build-folder && swift build -c release --static-swift-stdlib $(SWIFT_FLAGS)
# The date of man pages and of the package.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || date +%s)
# One scratch folder for both packages: the web app's takes what the daemon's build has compiled.
WEB := --package-path Examples/StoryEditor --scratch-path .build
COUNT ?= 1000000
MINUTES ?= 10
RUNS ?= 10
BUSY ?= 0
SIZES ?= 1000 100000
BENCH ?=
BASE ?=
FAULTS ?=
help: ## Print this list.
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r t d; do printf '  make %-18s %s\n' "$$t" "$$d"; done

setup: ## Install the Debian packages that building and the demo need (as root), or name them.
	@dev/setup

setup-python:
	@dev/setup --python

setup-test:
	@dev/setup --test

setup-system:
	@dev/setup --test --system

test: ## What a developer waits for: checks, both builds, all unit and end-to-end tests, the documents, the demo.
	@dev/setup --test
	@dev/gate test

test-system: ## What needs more than this machine as it is: a container, a browser, real Prefect, broken disks, a soak.
	@dev/setup --test --system --browser --faults
	@dev/gate system

test-quick: setup-python ## After an edit of one rule: its unit tests, the model of the ledger, the cases of the wire.
	@dev/gate quick

flakes: ## Both gates again and again, alone and beside busy processes: make flakes RUNS=10 BUSY=8.
	@dev/setup --test --system --browser --faults
	@dev/flakes $(RUNS) $(BUSY)

demo: setup ## Play the real story aloud against a fresh daemon and check every figure.
	@$(STEP) "release build" bash -c '$(RELEASE)'
	@dev/demo

demo-web: setup-python ## Start the web app with all that belongs to it, and say where to look. Ctrl-C ends it.
	@$(STEP) "release build" bash -c '$(RELEASE)'
	@$(STEP) "the web app" swift build $(WEB) --product story-editor $(SWIFT_FLAGS)
	@dev/demo-web

build: setup ## Build everything for debugging, tests included.
	@dev/check-build-folder
	swift build --build-tests $(SWIFT_FLAGS)

release: setup-test ## Build the daemon and the command as they ship, with man pages and completions.
	$(RELEASE)
	@$(MAKE) --no-print-directory check-links
	dev/generate-cli-docs
	dev/generate-protocol-docs

install: ## Install what `make release` built: make install DESTDIR= PREFIX=/usr/local (the default).
	@dev/install

deb: setup-system release ## Make the Debian package in .build-deb from the release build.
	dev/build-deb

check-links:
	@dev/check-links .build/release/lifecycled
	@dev/check-links --client .build/release/lifecyclectl
	@dev/check-links --client .build/release/callers

bench: setup-test ## Measure beside floor, peers and another commit: make bench BASE=HEAD~1 BENCH="--only create".
	@$(STEP) "release build" bash -c '$(RELEASE)'
	@Benchmarks/bench --sizes "$(SIZES)" $(if $(BASE),--base "$(BASE)") $(BENCH)

bench-guard-update: setup-test ## Keep the instruction counts of now as those that `make test` guards.
	@$(STEP) "release build" bash -c '$(RELEASE)'
	@Benchmarks/guard --update

format: ## Format every Swift file in place.
	dev/format

check: setup-test ## The static checks: format, imports, file sizes, lines, the tree, the messages of commits.
	@dev/check-format
	@dev/check-imports
	@dev/check-sizes
	@dev/check-lines
	@dev/check-tree
	@dev/check-paths
	@dev/check-commits

soak: setup-test ## Agents lost in every way, watchers, kill -9 and restarts: make soak MINUTES=10 (the default).
	@$(STEP) "release build" bash -c '$(RELEASE)'
	@Tests/Soak/soak --minutes $(MINUTES)

faults: setup-test ## Break the machine under the daemon, the long forms (hours): make faults FAULTS="--only kill --cases 50".
	@dev/setup --faults --afl
	@$(STEP) "release build" bash -c '$(RELEASE)'
	@Tests/Faults/faults --long $(FAULTS)

test-systemd: deb ## Boot a real systemd in a container, install the package there and test it (as root).
	@Tests/Systemd/run

test-web: setup-test ## Test the web app in Examples/StoryEditor, its pages in a real browser, with the release build's daemon.
	@dev/setup --browser
	@$(STEP) "release build" bash -c '$(RELEASE)'
	@$(STEP) "web app: build" swift build $(WEB) --build-tests $(SWIFT_FLAGS)
	@$(STEP) "web app: tests" dev/run-tests $(WEB)
	@$(STEP) "web app: pages in a browser" Examples/StoryEditor/Tests/Browser/story.py

sanitize: setup-test ## Every test under the thread and address sanitizers, the daemon under valgrind (an hour): make sanitize SANITIZE=thread.
	@$(STEP) "release build" bash -c '$(RELEASE)'
	@Tests/Sanitizers/run $(SANITIZE)

idle: setup-test ## A thousand callers in the very moment at which the idle daemon goes (some minutes).
	LIFECYCLE_IDLE_COUNT=1000 swift test $(SWIFT_FLAGS) --disable-xctest --filter IdleExitTests

fuzz: setup-test ## Fuzz the JSON reader longer: make fuzz COUNT=5000000 (default 1000000).
	LIFECYCLE_FUZZ_COUNT=$(COUNT) swift test --disable-xctest --filter Fuzz $(SWIFT_FLAGS)

test-prefect: setup-test ## The whole table of what comes of Prefect flows, all three ways to start them (some minutes).
	@$(STEP) "release build" bash -c '$(RELEASE)'
	@dev/test-python --prefect full

soak-prefect: setup-test ## Real Prefect flows that end in every way, at random: make soak-prefect MINUTES=60.
	@$(STEP) "release build" bash -c '$(RELEASE)'
	@dev/test-python --soak $(MINUTES)

docs: setup ## Make the client's documentation in .build-docs/client, and that for tests in .build-docs/testing.
	for each in Client:client Testing:testing; do LIFECYCLE_DOCS=1 swift package --scratch-path .build-docs \
		--allow-writing-to-directory .build-docs/$${each#*:} generate-documentation --target Lifecycle$${each%:*} \
		--output-path .build-docs/$${each#*:} --warnings-as-errors || exit; done

clean: ## Remove what the builds made.
	rm -rf .build .build-thread .build-address .build-docs .build-deb .build-gate .build-python .build-base Benchmarks/.build
