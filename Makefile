# make train   set up, train the 10 × 10 colour map, say where its film is
# make test    set up, run all tests

PYTHON ?= python3
BIN := .venv/bin

.PHONY: train test lint clean

train: .venv/ksom
	$(BIN)/ksom train --config-file configs/exp1.yaml

test: .venv/test
	$(BIN)/python -m pytest $(ARGS)

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv build *.egg-info

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ksom needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/ksom: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --editable .
	@touch $@

.venv/test: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --editable '.[test]'
	@touch $@ .venv/ksom
