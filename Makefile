# make run, make test: everything else is set up on the way.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test lint viz viz-static lab benchmark benchmark-cnn lock clean help

help:  ## show what there is to make
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

run: $(READY)  ## run every method on the ORL faces and report
	$(BIN)/kedro run

test: $(READY)  ## run all tests
	$(BIN)/pytest

lint: $(READY)  ## check format, style, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

viz: $(READY)  ## look at the pipelines in the browser
	$(BIN)/kedro viz run

viz-static: $(READY)  ## write the pipelines with previews as a web site to build/
	$(BIN)/kedro viz build --include-previews

lab: $(READY)  ## open the notebooks with the project's catalog at hand
	$(BIN)/kedro jupyter lab

benchmark: $(READY)  ## compare our encoders with those they come from
	$(BIN)/pip install --quiet --require-hashes -r benchmarks/requirements.lock
	$(BIN)/python benchmarks/encoder.py

benchmark-cnn: $(READY)  ## compare our network with the study's
	$(BIN)/python benchmarks/scratch_cnn.py

lock:  ## pin the newest versions that pyproject.toml allows; needs uv
	uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url \
	  --python-version 3.11 --extra lab --extra dev --custom-compile-command "make lock" \
	  pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url \
	  --python-version 3.11 --custom-compile-command "make lock" \
	  -c requirements.lock benchmarks/requirements.in -o benchmarks/requirements.lock

clean:  ## remove the environment and everything that runs left
	rm -rf $(VENV) .viz build info.log
	find data -mindepth 2 ! -name .gitkeep -delete

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "expected Python 3.11 to 3.13, got $$($(PYTHON) --version); name another with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
