SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
T ?= tests
HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= 1
export PYTHONPATH :=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help

##@ Use
run: .venv/run ## install, start everything, print the demo accounts (http://127.0.0.1:8000/docs)
	@exec $(BIN)/distro serve --demo --host $(HOST) --port $(PORT) --workers $(WORKERS)

worker: .venv/run ## the worker alone
	@exec $(BIN)/distro worker

migrate: .venv/run ## bring the database to the newest schema
	@$(BIN)/distro migrate

verify: .venv/run ## prove the books
	@$(BIN)/distro ledger verify

##@ Develop
install: .venv/dev ## everything for development, from hash-locked requirements

test: .venv/dev ## every test but the browser's; T=path picks some
	@$(BIN)/python -m pytest -n auto --dist loadfile $(T)

browser: .venv/dev ## Swagger UI driven by Chromium
	@$(BIN)/python -m pytest -m browser tests/browser

races: .venv/dev ## what happens at once
	@$(BIN)/python -m pytest tests/engine

kill: .venv/dev ## kill API and database in mid-load; no acknowledged order may be lost
	@PYTHONPATH=tests $(BIN)/python benchmarks/kill.py

check: .venv/dev format-check lint types imports drift dependencies ## all that is not a test

format-check: .venv/dev
	@$(BIN)/ruff format --check .

lint: .venv/dev
	@$(BIN)/ruff check .

types: .venv/dev
	@$(BIN)/mypy

imports: .venv/dev
	@$(BIN)/lint-imports --no-logo

drift: .venv/dev ## models against migrations, documents against code
	@$(BIN)/python migrations/develop.py check
	@$(BIN)/distro openapi --check
	@$(BIN)/distro errors --check
	@$(BIN)/distro permissions --check
	@$(BIN)/distro messages --check
	@$(BIN)/distro capabilities --check

dependencies: .venv/dev
	@$(BIN)/deptry .
	@$(BIN)/pip check

format: .venv/dev ## put code into form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: .venv/run ## the product beside pgbench, into benchmarks/; ARGS="--quick --only hot64" is the quick look
	@command -v wrk > /dev/null || { apt-get update -q && apt-get install -qy wrk; }
	@$(BIN)/python -m benchmarks.run $(ARGS)

cost: .venv/dev ## what audit rows and row policies cost in CPU; ARGS="audit walls"
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.cost $(ARGS)

openapi: .venv/dev ## write openapi/ and docs/ from the code
	@$(BIN)/distro openapi --write
	@$(BIN)/distro errors --write
	@$(BIN)/distro permissions --write
	@$(BIN)/distro messages --write
	@$(BIN)/distro capabilities --write

migration: .venv/dev ## a migration from the models: make migration n=0042 m="what it brings"
	@$(BIN)/python migrations/develop.py new "$(n)" "$(m)"

docker-lint: .venv/docker ## Dockerfile by hadolint, compose.yaml by the Compose specification
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/python tests/run/lint_compose.py

COMPILE := $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11
lock: .venv/dev ## solve the requirements again
	@$(COMPILE) pyproject.toml -o requirements.lock
	@$(COMPILE) pyproject.toml --group dev -o requirements-dev.lock
	@$(COMPILE) --group build -o requirements-build.lock
	@$(COMPILE) --group docker -o requirements-docker.lock

help: ## this list
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*##/ {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv

# the checkout itself is put on the path, so that running needs nothing that builds packages
.venv/run: .venv/bin/python requirements.lock
	@echo "installing into .venv ..."
	@$(BIN)/pip install -q --require-hashes -r requirements.lock
	@echo "$(CURDIR)/src" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/distro_api.pth"
	@printf '#!/bin/sh\nexec "%s/$(BIN)/python" -m distro_api.cli "$$@"\n' "$(CURDIR)" > $(BIN)/distro
	@chmod +x $(BIN)/distro
	@touch $@

.venv/dev: .venv/run requirements-dev.lock
	@$(BIN)/pip install -q --require-hashes -r requirements-dev.lock
	@touch $@

.venv/docker: .venv/dev requirements-docker.lock
	@$(BIN)/pip install -q --require-hashes -r requirements-docker.lock
	@touch $@

.PHONY: bench cost run worker migrate verify install test browser races kill check format-check lint types imports drift dependencies \
	format openapi migration docker-lint lock help
