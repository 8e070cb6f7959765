# make train   set up, train the 10 × 10 colour map, say where its film is
# make test    set up, run all tests
# make test-random  the tests that draw examples, with others than ever before (SEED=7: those of an earlier run)
# make examples  install the packages whose data the examples learn from, do what their pages say
# make notebook   execute the notebooks, store them with their outputs
# make bench   set up ksom and its peers, measure them, write benchmarks/results/ (ARGS='--quick': a look at everything)

PYTHON ?= python3
BIN := .venv/bin

.PHONY: train test test-random lint examples notebook bench clean

train: .venv/ksom
	$(BIN)/ksom train --config-file configs/exp1.yaml

test: ARGS ?= -n auto --dist loadfile
test: .venv/test
	$(BIN)/python -m pytest $(ARGS)

test-random: .venv/test
	@seed=$${SEED:-$$(date +%s)}; echo "again: make test-random SEED=$$seed"; \
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=random --hypothesis-seed=$$seed $(ARGS)

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

examples: .venv/examples
	$(BIN)/python examples/run.py $(ARGS)

notebook: .venv/test
	$(BIN)/python -m tests.notebook

bench: .venv-bench/installed
	.venv-bench/bin/python -m benchmarks $(ARGS)

clean:
	rm -rf .venv .venv-bench build *.egg-info

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ksom needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv-bench/installed: pyproject.toml benchmarks/requirements.txt benchmarks/install.py
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python benchmarks/install.py
	@touch $@

.venv/ksom: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --editable .
	@touch $@

# aeon asks for older versions of what ksom stands on; only its data are read, so it comes without them.
.venv/examples: pyproject.toml | .venv/test
	$(BIN)/pip install --quiet --editable '.[examples]'
	$(BIN)/pip install --quiet --no-deps 'aeon>=1.0'
	@touch $@

.venv/test: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --editable '.[test]'
	@touch $@ .venv/ksom
