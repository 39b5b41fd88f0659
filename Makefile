# Every target sets up .venv from the lock by itself; Python 3.11 or newer and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
# A database in memory waits for no disk; where there is no such folder with a gigabyte free, it is on the disk.
IN_MEMORY := $(shell [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'END {print $$4}')" -gt 1000000 ] 2>/dev/null && \
  echo TMPDIR=/dev/shm)

.PHONY: demo test run check lint security soak bench format openapi

demo: $(READY) ## play the demo clinic into a sandbox EHR until Ctrl-C (ARGS=--once: check it and end)
	$(BIN)/python -m tests.demo_clinic.play $(ARGS)

test: $(READY) ## run what this machine can, and say what was skipped and why
	$(IN_MEMORY) $(BIN)/python -m pytest -n auto
	@if [ "$$CI" = true ]; then echo "tests/system: left to the next step of CI (.ci/run)"; \
	else $(BIN)/python -m tests.system; fi

run: $(READY) ## run the service with the settings of the environment
	$(BIN)/python -m service run

check: lint ## the quick part without servers, for every commit
	$(IN_MEMORY) $(BIN)/python -m pytest -n auto

lint: $(READY) ## format, lint, types, import contract, Dockerfile
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

security: $(READY) ## what the code and its dependencies are known to be weak at; writes build/sbom.json
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml service fhir_mappings
	$(BIN)/python -m tests.security.audit requirements.lock
	@mkdir -p build
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --mc-type application --of JSON \
	  --output-file build/sbom.json $(BIN)/python
	$(BIN)/python -m tests.security.bill build/sbom.json requirements.lock

soak: $(READY) ## the long runs: thousands of deliveries, killed again and again
	EHR_MEMORY=4g $(BIN)/python -m tests.system --soak

bench: $(READY) ## speed as ratios within one run
	$(BIN)/python -m tests.bench $(ARGS)

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
