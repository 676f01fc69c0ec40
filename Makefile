# Everything a newcomer needs: `make demo` and `make test` on a fresh checkout.
# The environment .venv is made from requirements.lock (every file hash-checked), and made again
# when the lock or pyproject.toml changes. ARGS passes options on:
#   make demo ARGS="--no-browser --port 8765"      make test ARGS="-m 'not slow'"

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
READY := .venv/ready
LOCKED := --extra kafka --extra grafana --group dev --group browser --group bench

.DEFAULT_GOAL := help
.PHONY: help setup demo test faults check format docs bench lock

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## Make the environment .venv from the lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer with its venv module is needed (Debian: python3-venv)." >&2; exit 1; }
	@echo "Making .venv from requirements.lock ..."
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) install --require-hashes --only-binary :all: -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $(READY)

demo: $(READY) ## A county hall lives through its day; pages open in the browser
	@$(BIN)/hall demo $(ARGS)

test: $(READY) ## Run all tests; what cannot run here is listed with its reason
	@$(BIN)/python -m pytest $(ARGS)

faults: $(READY) ## Let all faults happen at length; the report goes into OPERATING.md
	@HALL_FAULTS=long $(BIN)/python -m pytest -s -p no:randomly tests/faults $(ARGS)

check: $(READY) ## Lint, format, types and import contracts; writes no source
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(READY) ## Put imports and layout in order (writes)
	@$(BIN)/ruff check --select I --fix .
	@$(BIN)/ruff format .

docs: $(READY) ## Write what is generated: tables of OPERATING.md, RULES.md, files of deploy/
	@$(BIN)/python -m consoles.documents

bench: $(READY) ## Print the figures of the README, measured here
	@$(BIN)/python -m bench $(ARGS)

lock: ## Renew requirements.lock with uv (newest versions: ARGS=--upgrade)
	@uv pip compile pyproject.toml --universal --generate-hashes $(LOCKED) $(ARGS) \
	  --custom-compile-command "make lock" --quiet --output-file requirements.lock
