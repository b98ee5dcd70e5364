# Every target does its own set-up: Python 3.11 or newer is all that a machine must have.
# `make` alone explains.

.DEFAULT_GOAL := help
.PHONY: help setup run run-clean prove rehearse costs seed-data test check format bench demo-pr docs screenshots package clean

PYTHON ?= python3
UV := $(or $(shell command -v uv),build/uv/bin/uv)
RUN := $(UV) run --frozen --no-sync
STACK ?= prod
JOBS ?= 2

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup: .venv/.synced ## Install what the project needs into .venv

build/uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12")'
	@echo "uv is not installed: getting it into build/uv"
	@$(PYTHON) -m venv build/uv
	@build/uv/bin/pip install --quiet --disable-pip-version-check uv

.venv/.synced: $(UV) pyproject.toml policy/pyproject.toml service/pyproject.toml uv.lock
	@echo "installing the locked packages into .venv"
	@$(UV) sync --frozen --quiet
	@touch $@

run: prove ## Prove the architecture, then run the whole product on this machine until Ctrl-C
	@$(RUN) python -m cinema_local

run-clean: setup ## Forget what `make run` kept
	@$(RUN) python -m cinema_local clean

prove: setup build/thumbnailer.sha256 ## Evaluate the program, prove its architecture, print the report (STACK=prod|dev|seed)
	@$(RUN) stackproof check --stack $(STACK)

rehearse: setup ## Make a stack with Pulumi against an emulator of AWS, compare, take it down (STACK=prod|dev|seed)
	@$(RUN) python -m tests.rehearsal $(STACK)

costs: setup build/thumbnailer.sha256 ## Print what each stack costs a month
	@$(RUN) python stack/costs.py

seed-data: setup ## Load forty-eight films into the database that CINEMA_DATABASE_URI names
	@$(RUN) cinema-api seed

test: setup ## Every test; those of the real engine are skipped where neither Pulumi nor Go is
	@$(RUN) pytest --numprocesses $(JOBS) --dist loadgroup

check: setup ## Lint, types, import contracts, formatting: the same as CI
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@$(RUN) mypy stack
	@$(RUN) lint-imports
	@$(RUN) zizmor --offline --quiet .github policy
	@tests/workflows/linter/run

format: setup ## Format the code and mend what ruff can mend
	@$(RUN) ruff check --fix
	@$(RUN) ruff format

bench: setup ## Time proofs, thumbnails and the API beside their peers, and measure memory
	@$(UV) sync --frozen --quiet --group bench
	@$(RUN) python -m tests.bench

demo-pr: setup ## Show what a pull request with two bad changes gets, in build/demo-pr
	@PATH="$(dir $(abspath $(UV))):$$PATH" $(RUN) python -m tests.workflows.demo build/demo-pr

docs: setup ## Write docs/claims.md anew from the docstrings
	@$(RUN) stackproof claims --markdown > docs/claims.md

screenshots: setup ## Take the pictures of the documentation of the running product
	@$(RUN) python -m tests.browser.screenshots

package: build/thumbnailer.sha256 ## Build the thumbnail function's package into build/thumbnailer

build/thumbnailer.sha256: .venv/.synced $(wildcard thumbnailer/*.py) thumbnailer/requirements.txt
	@echo "building the thumbnail function's package"
	@UV=$(UV) $(RUN) python thumbnailer/build.py

clean: ## Remove everything that the targets made
	rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
