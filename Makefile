# make run     try it: installs, starts everything on this machine, offers demo data
# make test    all tests
# make check   format, lint, types
# make lock    choose the newest versions pyproject.toml allows, and pin them
# make migration   write revision 0001 afresh from the tables (until the first release; after it, revisions are added)

PYTHON ?= python3
BIN := .venv/bin
HEARTHSIDE_DEMO ?= 1
PORT ?= 8000
TESTS ?=
# What tests write lies in memory where there is room for it (4 GB): thousands of times nobody waits for a disk.
SHM := $(shell df --output=avail /dev/shm 2>/dev/null | tail -1)
TEMP := $(or $(TMPDIR),$(if $(shell [ "$(SHM)" -gt 4000000 ] 2>/dev/null && [ -w /dev/shm ] && echo yes),/dev/shm),/tmp)

.PHONY: run setup test check lock migration tools

run: setup
	@if [ "$(HEARTHSIDE_DEMO)" = 1 ]; then \
		echo "Demo data is on (HEARTHSIDE_DEMO=1): rooms, peers and a moderator to try things with."; \
		echo "To leave it: make run HEARTHSIDE_DEMO=0 HEARTHSIDE_VAR=./data (a fresh folder; ./var keeps the demo)."; \
	fi
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONUNBUFFERED=1 HEARTHSIDE_DEMO="$(HEARTHSIDE_DEMO)" \
		exec $(BIN)/honcho start -p "$(PORT)"

setup:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Hearthside needs Python 3.11 or newer; $(PYTHON) is older. Say which: make PYTHON=python3.12"; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@cmp -s requirements.lock .venv/installed.lock || { \
		echo "Installing what requirements.lock names (once, some minutes) ..."; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock \
		&& cp requirements.lock .venv/installed.lock; }

test: setup tools
	@TMPDIR="$(TEMP)" $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)

# What the tests start as child processes. Installed where Debian's apt-get and the right to use it are at hand.
tools:
	@missing=""; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	[ -z "$$missing" ] && exit 0; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "Installing$$missing ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	else \
		echo "The tests need$$missing. On Debian or Ubuntu: sudo apt-get install$$missing"; exit 1; \
	fi

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy chat matcher web
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_imports.py
	@if command -v node >/dev/null && command -v tsc >/dev/null && ls web/static/js/*.js >/dev/null 2>&1; then \
		echo tsc --checkJs web/static/js; \
		find web/static/js -name '*.js' | xargs tsc --noEmit --allowJs --checkJs --strict --target es2022 \
			--module es2022 --moduleResolution bundler --lib es2023,dom,dom.iterable,webworker.importscripts; \
	else \
		echo "No node with tsc here: the types of the JavaScript were not checked."; \
	fi

lock: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-tools
	$(BIN)/pip-compile --quiet --upgrade --extra dev --strip-extras --allow-unsafe --no-header --annotation-style line \
		--no-emit-find-links --no-emit-index-url --output-file requirements.lock pyproject.toml
	@sed -i 's/+cpu//' requirements.lock

migration: setup
	$(BIN)/python -m tests.migration
