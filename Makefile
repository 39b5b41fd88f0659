# Every target sets up .venv from the lock by itself; Python 3.11 or newer and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed

.PHONY: demo test run check soak bench format openapi system

demo: $(READY) ## set up, then play the demo clinic into a sandbox EHR until Ctrl-C
	$(BIN)/python -m tests.demo_clinic.play

test: $(READY) ## run what this machine can, and say what was skipped and why
	$(BIN)/python -m pytest
	$(BIN)/python -m tests.system

run: $(READY) ## run the service with the settings of the environment
	$(BIN)/python -m service run

check: $(READY) ## the quick part without servers, for every commit
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

soak: $(READY) ## the long runs: thousands of deliveries, killed again and again
	$(BIN)/python -m tests.system --soak

bench: $(READY) ## speed as ratios within one run
	$(BIN)/python -m tests.bench

openapi: $(READY) ## write openapi/openapi.json from the app
	$(BIN)/python -m service openapi > openapi/openapi.json

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(READY): requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $(READY)
