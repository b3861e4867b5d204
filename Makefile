# The words of this project. A fresh machine needs python3 (3.11 or newer, with venv), make and nothing else.
#
#   make run     play: open the page that it names in a browser (ARGS="-c my.toml" goes to impsy run)
#   make test    the fast tests
#   make fmt     put the code into its one format
#   make lint    what ruff and the floors of docs/design.md have to say
#   make types   mypy --strict
#   make slow    the tests that train, drive a browser and take their time (ARGS="-k page" chooses)
#   make all     fmt lint types test slow
#
# PYTHON=python3.12 chooses another Python, which gets a .venv of its own.

PYTHON ?= python3
VENV   ?= .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
ARGS   ?=
PIP    := $(VENV)/bin/python -m pip --disable-pip-version-check
BIN    := $(VENV)/bin

.PHONY: run test fmt lint types slow all

run: $(VENV)/.base
	@$(BIN)/impsy run $(ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(ARGS)

fmt: $(VENV)/.dev
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy

slow: $(VENV)/.train
	$(BIN)/python -m pytest -m "slow or browser" $(ARGS)

all:
	$(MAKE) fmt
	$(MAKE) lint types test
	$(MAKE) slow

# Each stamp is one installation, made again when pyproject.toml changes.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("impsy needs Python 3.11 or newer: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.base: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.base

$(VENV)/.train: pyproject.toml | $(VENV)/.dev
	$(PIP) install --quiet --editable '.[dev,train,cluster,jax]'
	@touch $@
