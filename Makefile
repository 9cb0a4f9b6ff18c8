SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
T ?= tests
PORT ?= 8000
export PYTHONPATH :=

.DEFAULT_GOAL := help

##@ Use
run: .venv/run ## install, start everything, print the demo accounts (http://127.0.0.1:8000/docs)
	@exec $(BIN)/distro serve --demo --port $(PORT)

worker: .venv/run ## the worker alone
	@exec $(BIN)/distro worker

migrate: .venv/run ## bring the database to the newest schema
	@$(BIN)/distro migrate

##@ Develop
install: .venv/dev ## everything for development, from hash-locked requirements

test: .venv/dev ## every test; T=path picks some
	@$(BIN)/python -m pytest $(T)

check: .venv/dev ## format, lint, types, imports, dependencies (drift is in the tests)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@$(BIN)/pip check
	@git diff --exit-code --quiet -- openapi || true

format: .venv/dev ## put code into form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

openapi: .venv/dev ## write openapi/openapi.json and docs/ from the code
	@$(BIN)/distro openapi --write

lock: .venv/dev ## solve the requirements again
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --group dev pyproject.toml -o requirements-dev.lock

help: ## this list
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*##/ {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/run: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@test -e .venv/dev || echo $(CURDIR)/src > $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/distro_api.pth
	@touch $@

.venv/dev: requirements-dev.lock .venv/run
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

.PHONY: run worker migrate install test check format openapi lock help
