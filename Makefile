# `make help` lists what there is. The two commands to know: make demo, make test.
PYTHON ?= python3
BIN := .venv/bin
SETUP := $(PYTHON) scripts/setup.py
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo up test check format bench proof lock messages clean

help:  ## list these targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## make .venv, fetch packages and front-end files, compile messages
	@$(SETUP)

setup-dev:
	@$(SETUP) --dev

demo: setup  ## two brands to try, in a few seconds (CHECK=1: play seven days and balance; PORT=8000)
	@exec $(BIN)/siyu demo $(if $(CHECK),--check) $(if $(RESET),--reset) $(if $(PORT),--port $(PORT))

up: setup  ## run an installation: web, worker, embedded PostgreSQL
	@exec $(BIN)/siyu up $(if $(PORT),--port $(PORT))

test: setup-dev  ## every test: unit, property, flows, architecture, API schema, browser
	@sh scripts/test_needs.sh
	@$(BIN)/pytest $(ARGS)

check: setup-dev  ## ruff, mypy, import contracts, architecture, migrations, messages
	@sh scripts/check.sh

format: setup-dev  ## let ruff format and mend what it can
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

bench: setup-dev  ## measure; figures go to benchmarks/results
	@if [ -f benchmarks/__main__.py ]; then $(BIN)/python -m benchmarks $(ARGS); else echo "no benchmark yet"; exit 1; fi

proof: setup-dev  ## busy days under kill -9 and faults, then every promise checked (SIZE=ci|full|days, SEED=1)
	@$(BIN)/python -m proof --size $(or $(SIZE),ci) --seed $(or $(SEED),1) $(ARGS)

messages: setup-dev  ## compile .po to .mo
	@$(BIN)/python scripts/compile_messages.py

lock: setup-dev  ## write requirements/*.txt anew from the .in files
	@sh scripts/lock.sh

clean:  ## remove what set-up made (not the data)
	rm -rf .venv node_modules build
