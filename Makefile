# Every target works from a bare checkout: it makes .venv and fetches what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
KAFKA := .kafka/.fetched

.PHONY: help install demo up test test-kafka kills check format bench lock dashboards rooms kafka clean
.DEFAULT_GOAL := help

help: ## say what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

install: $(VENV)/.runtime ## make .venv with volcross in it: .venv/bin/volcross

demo: install ## replay how NVDA became more volatile than Bitcoin, alerts and all
	$(BIN)/volcross demo

up: install ## run the monitor on this machine until Ctrl-C
	$(BIN)/volcross up

# Two at a time: many tests wait, for a broker, a time-out, a process to come up.
# A file stays with one of them, which has a broker of its own.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 10

test: $(VENV)/.dev ## run the tests, on the embedded broker
	$(PYTEST)

test-kafka: $(VENV)/.dev $(KAFKA) ## run what needs a broker on Apache Kafka (Java 17, Maven)
	VOLCROSS_TEST_BROKER=kafka $(PYTEST) -m kafka

COUNT ?= 200
KILLS ?= kills.jsonl

kills: $(VENV)/.dev ## kill the alerts room COUNT times; what was done stands in KILLS
	$(BIN)/python -m tests.alerts.kills --count $(COUNT) --state $(KILLS)

check: $(VENV)/.dev ## style, types, architecture, spelling, packaging
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/validate-pyproject pyproject.toml
	$(BIN)/hadolint Dockerfile
	$(BIN)/docker-compose --profile '*' config --quiet
	$(BIN)/compose-lint check --strict-config --skip-suppressed --fail-on medium docker-compose.yml

format: $(VENV)/.dev ## put the code in the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.bench ## measure this pipeline beside its peers, in one run
	$(BIN)/python -m benchmarks.pipeline

# Pins are kept where they still fit; UPGRADE=--upgrade renews them all.
COMPILE = env -u PIP_FIND_LINKS $(BIN)/uv pip compile --quiet $(UPGRADE) \
	--all-extras \
	--universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

lock: $(VENV)/.dev ## write the lock files anew from pyproject.toml
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --group dev -o requirements-dev.lock
	$(COMPILE) pyproject.toml --group bench -o requirements-bench.lock

dashboards: $(VENV)/.dev ## write Grafana's dashboards anew from monitoring/dashboards
	$(BIN)/python -W ignore -m monitoring.dashboards

rooms: ## write the README's map of rooms anew
	$(PYTHON) docs/rooms.py

kafka: $(KAFKA) ## fetch Apache Kafka for the tests

clean: ## remove all that make made
	rm -rf $(VENV) .kafka

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || \
		{ echo 'volcross needs Python 3.11 or newer; $(PYTHON) is not installed' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "volcross needs Python 3.11 or newer; $$($(PYTHON) -V) is older." \
		'Name another: make PYTHON=python3.12 …' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo 'could not make $(VENV); on Debian:' \
		'apt-get install python3-venv' >&2; exit 1; }

# Pinned and hashed first; then the project itself, in place and without a look
# at its dependencies, so that nothing unpinned can come in beside it.
$(VENV)/.%: requirements-%.lock pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r $<
	$(PIP) --no-deps --editable .
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r $<
	$(PIP) --no-deps --editable .
	@touch $@

$(KAFKA): tests/kafka/pom.xml
	@command -v java >/dev/null && command -v mvn >/dev/null || \
		{ echo 'Apache Kafka needs Java 17 and Maven; on Debian:' \
		'apt-get install openjdk-17-jre-headless maven' >&2; exit 1; }
	rm -rf .kafka
	mvn --quiet --batch-mode --file $< -Dkafka.home=$(CURDIR)/.kafka dependency:copy-dependencies
	@touch $@
