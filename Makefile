# make demo: build the environment, run the main job on sample_data/. make test: run the tests.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow check
demo: .venv/ready
	$(BIN)/sculpt3d demo

test: .venv/ready
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

test-slow: .venv/ready
	$(BIN)/python -m pytest -q -m slow

check: .venv/ready
	$(BIN)/ruff check . && $(BIN)/mypy

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -e '.[dev]'
	touch $@
