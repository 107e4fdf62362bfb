# Two commands do everything, set-up included:
#   make drive   installs, trains a model to drive, and shows how it does
#   make test    installs, and checks: lint, format, types, tests

PYTHON ?= python3.11
BIN := .venv/bin
SOURCES := pyproject.toml $(shell find emergent envs -name '*.py' -o -name '*.yaml')

.PHONY: drive test clean

drive: .venv/installed
	$(BIN)/emergent train
	@if [ "$$(uname)" = Darwin ] || [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then $(BIN)/emergent replay latest; fi

test: .venv/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses auto --dist loadfile

# The tests run against the installed packages, as users have them.
.venv/installed: $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check .
	touch $@

.venv/tested: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check '.[test]'
	touch $@

clean:
	rm -rf .venv build dist
