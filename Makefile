# The commands a person needs. `make demo` and `make test` prepare all they use.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
# More than there are cores: tests wait for browsers, servers and leases.
WORKERS ?= 3
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: help setup demo demo-reset test test-full lint audit bench vendor test-programs

help:
	@echo "make demo [PORT=8000]  emulator, portal and worker on this machine; Ctrl-C stops them"
	@echo "make demo-reset        remove the demo's data (var/)"
	@echo "make test              lint, then the tests on SQLite and PostgreSQL; about 25 minutes on two cores"
	@echo "make test-full         the same and the long proofs"
	@echo "make lint              the checks that come before the tests"
	@echo "make audit             are weaknesses known of the packages in requirements.lock? Needs a feed of them"
	@echo "make bench             measure, against yardsticks taken in the same run"
	@echo "make setup             only build .venv"
	@echo "make vendor            fetch the front end's files again and check their hashes"

setup: .venv/requirements.lock

# The copy of the lock says what is installed; it is written last, so an interrupted installation is repeated.
.venv/requirements.lock: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv is missing; install it (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@if uv --version >/dev/null 2>&1; then \
		uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock; \
	else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; \
	fi
	@cp requirements.lock $@

demo: setup
	@PORTAL_DEMO=true $(MANAGE) demo $(if $(PORT),--port $(PORT))

demo-reset:
	rm -rf var

test-programs:
	@tests/support/install-programs.sh

# SQLite last: its run holds every test, so the last line of the output counts them all.
test: lint test-programs
	$(PYTEST) -m "database and not full and not anywhere" --engine postgresql
	$(PYTEST) -m "not full" --engine sqlite

test-full: export PORTAL_ODD_SEED ?= $(shell shuf -i 1-4294967295 -n 1)
test-full: lint audit test-programs
	@echo "PORTAL_ODD_SEED=$$PORTAL_ODD_SEED"
	$(PYTEST) -m database --engine postgresql
	$(PYTEST) --engine sqlite

# What a deployment sets, so that `check --deploy` judges a production and not a demo.
PRODUCTION = PORTAL_DEMO=false PORTAL_DEBUG=false PORTAL_ALLOWED_HOSTS=portal.example.test PORTAL_TRUSTED_PROXIES=1 \
	PORTAL_EMAIL_URL=smtps://mail.example.test PORTAL_EMAIL_FROM=portal@example.test \
	PORTAL_SECRET_KEY=$$(head -c 48 /dev/urandom | base64 -w0) PORTAL_DATA_DIR="$$data"

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@find . -name '*.html' -not -path './.venv/*' -not -path './var/*' -not -path '*/node_modules/*' -print0 | \
		xargs -0 -r $(BIN)/djade --check --target-version 5.2
	$(BIN)/lint-imports
	$(BIN)/python -m django makemigrations --check --dry-run --settings portal.emulator.settings
	@data=$$(mktemp -d); trap 'rm -rf "$$data"' EXIT; \
		$(PRODUCTION) $(MANAGE) makemigrations --check --dry-run; \
		$(PRODUCTION) $(MANAGE) check --deploy --fail-level WARNING

audit: setup
	@tests/support/audit-packages.sh

bench: setup
	@$(BIN)/python -m tests.bench.run $(NAMES)

vendor: setup
	@$(BIN)/python -m portal.web.vendor.refresh
