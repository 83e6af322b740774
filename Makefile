# Two commands matter: `make demo` shows the product, `make test` checks it. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null)
BIN := .venv/bin
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test quick lint bench lock clean

help:  ## list what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: .venv/installed  ## play a crisis of a made-up brand: crawler, workers, dashboard
	@exec $(BIN)/tingchao demo

test: lint .venv/installed-train  ## every check: lint, types, rooms, and all tests with real servers and a browser
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

quick: .venv/installed-dev  ## the tests that need no servers and no browser
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m "not services and not browser and not slow and not replay" -q

lint: .venv/installed-dev  ## style, types, and which room may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: .venv/installed-dev  ## measure; writes docs/benchmarks.md
	$(BIN)/python -m tests.bench

lock:  ## write the lock files anew
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url pyproject.toml -o requirements.lock
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --extra dev --extra services -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --extra dev --extra services --extra train -c requirements-dev.lock pyproject.toml \
	  -o requirements-train.lock

clean:  ## remove the environment and what was built
	rm -rf .venv .build .mypy_cache .ruff_cache .pytest_cache

.venv/installed: requirements.lock pyproject.toml
	@deploy/install.sh "$(PYTHON)" requirements.lock
	@touch $@

.venv/installed-dev: requirements-dev.lock pyproject.toml
	@deploy/install.sh "$(PYTHON)" requirements-dev.lock
	@touch $@ .venv/installed

.venv/installed-train: requirements-train.lock pyproject.toml | .venv/installed-dev
	@deploy/install.sh "$(PYTHON)" requirements-train.lock
	@touch $@ .venv/installed .venv/installed-dev
