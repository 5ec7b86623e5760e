# Every command makes the virtual environment first if it is missing or out of date.
# A CPython built without optimizations, as pyenv builds them, takes a third longer: then the distribution's is taken, if it will do.
QUICK := import sys, sysconfig; sys.exit("--enable-optimizations" not in (sysconfig.get_config_var("CONFIG_ARGS") or ""))
FIT := import ensurepip, sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell python3 -c '$(QUICK)' || ! /usr/bin/python3 -c '$(FIT)' 2>/dev/null && echo python3 || echo /usr/bin/python3)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test chaos simulate mutants check bench bench-full bench-compare model dev format clean help
.DEFAULT_GOAL := help

help:  ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Amends needs Python 3.11 or newer; run: make PYTHON=python3.x …" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "… installing packages into .venv (once), for $(PYTHON)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(READY)

demo: $(READY)  ## Five trips on real servers, with real kills
	@$(BIN)/amends demo

dev: $(READY)  ## The demo's stack, kept running
	@$(BIN)/amends dev

# In the order of their names: chaos, which takes five minutes and little CPU, is not left for the end.
test: $(READY)  ## The whole suite, on the same real servers
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

chaos: $(READY)  ## Kills and outages over a running load: MINUTES=15 SEED=7
	@$(BIN)/python -m tests.chaos --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED))

SEEDS ?= 2000
simulate: $(READY)  ## The real runtime and SDK in seeded worlds full of faults: SEEDS=2000, ARGS="--seed 7"
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) $(ARGS)

mutants: $(READY)  ## Planted bugs, each of which the simulation has to find
	@$(BIN)/python -m tests.simulation.hunted

check: $(READY)  ## Format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

bench: $(READY)  ## Sagas per second and latency, everything on this machine
	@$(BIN)/python -m benchmarks

bench-full: $(READY)  ## The same with peers, two coordinators and many sagas
	@$(BIN)/python -m benchmarks full

bench-compare: $(READY)  ## This checkout against another commit, in turns: BASE=main~1
	@$(BIN)/python -m benchmarks.compare $(BASE)

model: $(READY)  ## The protocol's model, every state of it, and its buggy twins
	@$(BIN)/python -m tests.model

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:  ## Stop leftover servers and remove .venv and .amends
	@-test -x $(BIN)/amends && $(BIN)/amends dev --stop
	rm -rf .venv .amends
