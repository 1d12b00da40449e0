# Every task, one line each. `make up` and `make test` do all set-up themselves.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help up test check spec readers test-long test-fault docs format lock clean

help: ## list the tasks
	@grep -hE '^[a-z.-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv: .venv/installed ## install the locked dependencies and this package

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 2; }
	@$(PYTHON) -m venv .venv || { echo "python3 -m venv failed: on Debian install python3-venv"; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

up: .venv/installed ## everything on this machine: broker, ledger, services, desk; Ctrl-C ends it
	$(BIN)/amends up

test: check spec ## all checks and tests

check: .venv/installed ## formatter, linter, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

readers: .venv-readers/installed ## programs of others that read our exports in the tests, in their own environment

.venv-readers/installed: tests/readers.lock
	@$(PYTHON) -m venv .venv-readers
	.venv-readers/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes --only-binary :all: -r tests/readers.lock
	@touch $@

spec: .venv/installed .venv-readers/installed ## the tests
	$(BIN)/python -m pytest -q -n 2 --dist worksteal --durations=8

test-long: .venv/installed ## long fuzz and soak runs
	$(BIN)/python -m pytest -q -m long

test-fault: .venv/installed ## kill, cluster and pause runs
	$(BIN)/python -m pytest -q -m fault

docs: .venv/installed ## write the generated pages again
	$(BIN)/python -m tests.generate_docs

format: .venv/installed ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -o requirements.lock
	uv pip compile tests/readers.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -o tests/readers.lock

clean: ## remove what was made here, data of `make up` apart
	rm -rf .venv .venv-readers .mypy_cache .pytest_cache .ruff_cache .hypothesis
