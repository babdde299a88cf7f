# Two commands matter: `make run` and `make test`. Each does its own set-up and can be repeated at will.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: help setup setup-test build run test test-swift test-clients test-unprivileged test-containers bench simulate reality check format clean

COMPUTING := TimeTests|JSONTests|SimulatorTests|ScalingTests|ForecastingTests|PolicyImportTests|BatchingTests|TrafficTests|ReportsTests|WireTests|TensorsTests|SettingsTests|ScaleInTests|WorkerCoreTests|ScalerCoreTests|GatewayCoreTests
SPATE := .build/release/spate
# Without debug information and symbols: a quarter of the size, and built sooner. SPATE_SYMBOLS=1 keeps the symbols, for profilers.
RELEASE := swift build -c release --product spate -debug-info-format none $(if $(SPATE_SYMBOLS),,-Xlinker -s)

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: ## install what a run needs (apt packages, ONNX Runtime, models); instant the second time
	@cluster/setup/setup.sh run

setup-test:
	@cluster/setup/setup.sh test

build: setup ## release build
	@echo "== building (the first time takes 10 to 15 minutes on two cores)"
	@$(RELEASE)

run: build ## start a cluster, replay the morning peak with real files, report, stop
	@$(SPATE) rehearse --config cluster/spate.yaml --profile cluster/load/morning-peak.yaml --requests .spate/recordings/morning.jsonl --report .spate/report

test: setup-test test-swift test-clients test-unprivileged ## everything that must be green; the last part as an ordinary user

test-swift: setup-test
	@echo "== building the tests (the first time takes about 11 minutes on two cores)"
	@swift build --build-tests
	@echo "== what only computes, apart from what waits for servers: it would take their processor"
	@swift test --skip-build --filter '$(COMPUTING)'
	@echo "== what talks to real servers and processes, four tests at a time: more would starve one another of processor"
	@SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 timeout 20m swift test --skip-build --skip '$(COMPUTING)'

test-clients: setup-test
	@swift build --build-tests
	@for folder in CommandLine Clients Keda Drivers Operator; do .spate/venv-test/bin/python -m pytest -q Tests/$$folder; done

test-unprivileged: setup-test ## what an ordinary user meets; started by root it becomes one, in a copy of its own
	@swift build --build-tests
	@Tests/Unprivileged/run.sh

test-containers: setup-test ## build the image and run compose.yaml with podman or docker (minutes; skips where there is neither)
	@Tests/Containers/run.sh

bench: build ## measure the numbers that the README quotes
	@$(SPATE) bench --config cluster/spate.yaml --report .spate/bench

simulate: build ## try the policy on thirteen traces beside the known autoscalers; writes .spate/suite.html
	@$(SPATE) simulate --suite --html .spate/suite.html --json .spate/suite.json

reality: build ## replay a peak against a synthetic model, simulate the same arrivals, and compare
	@$(SPATE) rehearse --config cluster/simulation/spate.yaml --profile cluster/simulation/peak.yaml --requests cluster/simulation/requests.jsonl --speed 1 --report .spate/reality
	@$(SPATE) simulate --config cluster/simulation/spate.yaml --compare .spate/reality/report.json

check: build ## validate the cluster file and every model file
	@$(SPATE) check --config cluster/spate.yaml

format:
	@swift format --in-place --recursive Sources Tests Package.swift

clean: ## remove builds and everything that set-up and runs made
	@rm -rf .build .build-* .spate
