# Everything a person or a machine runs. `make demo` and `make test` set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := .make/ready
UV := uv==0.13.9
DEMO ?= demo

.PHONY: demo test check bench docs lock browser clean help

help:            ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/'

demo: $(READY)   ## make a digital participant, plan and rehearse the implant, write the report
	$(BIN)/trephine demo $(DEMO)

# A thread of linear algebra for each of two workers: more of them than cores only wait for one another.
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: $(READY) browser  ## run every test
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(READY)  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(READY)  ## measure our figures beside the peers'
	$(BIN)/trephine bench

docs: $(READY)   ## rewrite the generated reference pages
	$(BIN)/python docs/generate.py

lock: $(READY)   ## pin dependencies again, with hashes and without download addresses
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --extra dev \
	  --no-header --no-emit-index-url --upgrade pyproject.toml -o requirements.lock

# The environment is rebuilt when the lock changes. The package itself is installed in place. Everything is
# compiled once: without that, a command that loads much would start two seconds later.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("trephine needs Python 3.11 or newer, found " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q src
	@mkdir -p .make && touch $(READY)

# The report is tested in a real browser. It is a Debian package, so it is installed only where that is allowed.
browser:
	@if command -v chromium >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  echo "installing chromium for the browser tests"; \
	  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium; } \
	    >/dev/null 2>&1 || echo "chromium could not be installed: the browser tests will be skipped"; \
	else echo "no chromium here and no right to install it: the browser tests will be skipped"; fi

clean:           ## remove what the targets made
	rm -rf $(VENV) .make $(DEMO)
