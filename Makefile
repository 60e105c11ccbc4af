# The whole developer interface. `make run` and `make test` prepare the machine by themselves.
.DEFAULT_GOAL := help
.PHONY: help setup run test check bench format types imports sizes lock
BIN := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.venv/node:$(PATH):/usr/sbin
WORKERS ?= 2

help: ## say what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

setup: ## prepare everything: environment, locked dependencies, Debian packages, the page
	@scripts/setup test

run: ## start the demo at http://127.0.0.1:8123 (HUB_PORT changes the port)
	@scripts/setup run
	@exec config/demo/run

test: ## run every test, with real peers; T="tests/house -k layers" narrows it
	@scripts/setup test
	@page=0; if [ -z "$(T)" ]; then (cd frontend && npm test --silent && npm run size --silent) || page=1; fi; \
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(T) && exit $$page

check: ## formatting, lint, types, import directions, gates of the house
	@scripts/setup test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -q tests/house

bench: ## measure; every benchmark prints JSON
	@scripts/setup test
	@for file in tests/benchmarks/bench_*.py; do echo "# $$file"; $(BIN)/python "$$file" || exit 1; done

format: ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: ## check types only
	$(BIN)/mypy

imports: ## check import directions only
	$(BIN)/lint-imports --no-logo

sizes: ## print the largest modules; an aim to notice, never a failure
	@git ls-files '*.py' '*.ts' | xargs wc -l | sort -rn | sed -n '2,21p'

lock: ## write the lock files anew (needs the network)
	@scripts/lock
