# What there is to type. `make help` lists it; everything happens in .venv.

PYTHON ?= python3
ARGS   ?=
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip -qq --disable-pip-version-check  # errors only

# A stamp newer than pyproject.toml says that its extras are installed.
EXTRAS_RUN := selfplay
EXTRAS_DEV := selfplay,status,bench,dev
EXTRAS_BENCH := bench
STAMP_RUN  := $(VENV)/.ringleader-run
STAMP_DEV  := $(VENV)/.ringleader-dev
STAMP_BENCH := $(VENV)/.ringleader-bench

.DEFAULT_GOAL := help
.PHONY: help run test lint bench soak soak-bridge clean

help:
	@echo 'make run    run the self-play pipeline: three iterations, a crash every five seconds'
	@echo 'make test   run the tests; actors/ and supervisors/ must stay 90 % covered'
	@echo 'make lint   check formatting, lint and types'
	@echo 'make bench  measure against stock Pykka, blinker, pyzmq and NATS (about eight minutes)'
	@echo 'make soak   crash, hang and kill 200 actors under load for a minute; are all sums right?'
	@echo 'make soak-bridge  kill, cut off and freeze five nodes for a minute (root, Linux); are all sums right?'
	@echo 'make clean  remove .venv, caches and builds; data in .ringleader stays'
	@echo
	@echo 'ARGS="..."         adds arguments to run, test, bench and soak: make run ARGS="--seed 7"'
	@echo 'PYTHON=python3.13  makes .venv with that Python (3.11 or newer)'

run: $(STAMP_RUN)
	$(BIN)/ringleader up --iterations 3 --chaos 5 $(ARGS)

# The report of the last line covers two folders; pytest's own sees the whole package.
test: $(STAMP_DEV)
	$(BIN)/python -m pytest --cov --cov-report= $(ARGS)
	$(BIN)/python -m coverage report --include='actors/*,supervisors/*' --fail-under=90 --skip-covered

lint: $(STAMP_DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/basedpyright

bench: $(STAMP_BENCH)
	$(BIN)/python -m benchmarks --quick $(ARGS)
	$(BIN)/python -m benchmarks.supervision --quick
	$(BIN)/python -m benchmarks.events --quick
	$(BIN)/python -m benchmarks.bridge --quick

soak: $(STAMP_RUN)
	$(BIN)/python -m benchmarks.soak $(ARGS)

soak-bridge: $(STAMP_DEV)
	$(BIN)/python -m tests.bridge.soak $(ARGS)

clean:
	rm -rf $(VENV) build dist src/*.egg-info .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# A half-made environment is worse than none: where ensurepip is missing, `venv` fails and leaves one.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Ringleader needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V 2>&1)."; \
	  echo "Name another: make PYTHON=python3.12"; exit 1; } >&2
	@echo 'Making $(VENV) ...'
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }

# An environment that was here before may be too old, or (uv's) have no pip.
define install
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(VENV) holds $$($(BIN)/python -V 2>&1), and Ringleader needs 3.11 or newer."; \
	  echo "Make it anew: make clean"; exit 1; } >&2
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@echo 'Installing .[$(1)] ...'
	@$(PIP) install --editable '.[$(1)]'
endef

$(STAMP_RUN): pyproject.toml | $(BIN)/python
	$(call install,$(EXTRAS_RUN))
	@touch $@

$(STAMP_DEV): pyproject.toml | $(BIN)/python
	$(call install,$(EXTRAS_DEV))
	@touch $(STAMP_RUN) $(STAMP_BENCH) $@

$(STAMP_BENCH): pyproject.toml | $(BIN)/python
	$(call install,$(EXTRAS_BENCH))
	@touch $@
