# `make` prints the targets. Each of them first installs what it needs into .venv, once.

.DEFAULT_GOAL := help

# The first interpreter that is Python 3.11 (not that of an active environment: it may
# be the one that is replaced); set PYTHON to use another one.
PYTHON ?= $(shell for candidate in python3.11 python3 python; do \
	found=$$($$candidate -c 'import sys; v = sys.version_info[:2]; \
		print(sys._base_executable if v == (3, 11) else "")' 2>/dev/null); \
	[ -n "$$found" ] && echo "$$found" && break; done)
# Processes for tests, and arguments for the command that a target runs.
JOBS ?= 2
ARGS ?=

INSTALLED := .venv/.installed
# The platform's own binary: killing the package's wrapper would leave anvil running.
ANVIL := $(firstword $(wildcard $(CURDIR)/node_modules/@foundry-rs/anvil-*/bin))

# Ape finds the pinned compiler, and ape-foundry anvil, by their names on the path.
export PATH := $(CURDIR)/.venv/bin:$(if $(ANVIL),$(ANVIL):)$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
unexport PYTHONHOME PYTHONPATH

.PHONY: help install anvil demo test deep guards mutants check prove prove-deep prove-table bench devnet \
	keeper snapshot clean has-anvil

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s%s\n", $$1, $$2 }' Makefile

install: $(INSTALLED) ## install everything that is pinned into .venv
	@mkdir -p "$(HOME)/.vvm" # ape-vyper lists it before it looks at the path

$(INSTALLED): requirements.lock
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 is needed, as python3.11 or python3; or set PYTHON" >&2; \
		exit 1; fi
	@echo "installing into .venv (takes a minute)"
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement requirements.lock
	@touch $@

anvil: ## install anvil into node_modules (needs npm); bench and devnet use it
	@if ! command -v npm >/dev/null; then \
		echo "npm is needed: install Node.js 20 or later, which has it" >&2; \
		exit 1; fi
	@npm ci --loglevel=error

demo: install ## the main job on an embedded EVM; ARGS are those of ape run replay
	@ape run replay $(ARGS)

test: install ## every test that CI runs
	@pytest -n $(JOBS) --dist loadgroup --hypothesis-profile=ci $(ARGS)

deep: install ## ten million random transactions; ARGS are those of tests.deep
	@python -m tests.deep --jobs $(JOBS) $(ARGS)

guards: install ## weaken every guard of the contracts; make test does every sixteenth
	@pytest -n $(JOBS) --hypothesis-profile=ci --all-guards tests/mutants/test_guards.py

mutants: install ## small faults in contracts and specs; ARGS are those of tests.mutation
	@python -m tests.mutation --jobs $(JOBS) $(ARGS)

check: install ## formatting, types, compiler warnings and runtime sizes
	@ruff check
	@ruff format --check
	@mypy
	@python -m scripts._check

prove: install ## every proof; ARGS are those of tests.proofs
	@python -m tests.proofs --jobs $(JOBS) $(ARGS)

prove-deep: install ## the same, then what takes a night
	@python -m tests.proofs --deep --jobs $(JOBS) $(ARGS)

prove-table: install ## write the tables of specs/README.md from proofs.json
	@python -m tests.proofs --table

bench: install has-anvil ## gas on anvil, printed and written to bench.json
	@ape run bench $(ARGS)

devnet: install has-anvil ## anvil with everything deployed; Ctrl-C stops it
	@ape run devnet $(ARGS)

keeper: install ## the keeper against the devnet; Ctrl-C stops it
	@ape run keeper $(ARGS)

snapshot: install ## write tests/snapshots again, to be reviewed
	@ape run snapshot $(ARGS)

clean: ## remove all that was installed, remembered or reported
	@rm -rf .venv node_modules .build .cache .hypothesis .mypy_cache .pytest_cache \
		.ruff_cache report devnet.json
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

has-anvil:
	@if ! command -v anvil >/dev/null; then \
		if command -v npm >/dev/null; then \
			echo "anvil is missing: make anvil installs it" >&2; \
		else \
			echo "anvil is missing: install Node.js, then make anvil" >&2; \
		fi; exit 1; fi
