# make run and make test create .venv first and install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
PIP := $(BIN)/python -m pip --disable-pip-version-check
# uv does not read pip's settings: the package index and the certificates that pip uses
# are passed on to it.
SETTING = $(PIP) config list | sed -nE "s/^(:env:|global)\.$(1)='(.*)'/\2/p" | head -n 1
UV = index="$${UV_DEFAULT_INDEX:-$$($(call SETTING,index-url))}"; \
  cert="$${SSL_CERT_FILE:-$$($(call SETTING,cert))}"; \
  env $${index:+UV_DEFAULT_INDEX="$$index"} $${cert:+SSL_CERT_FILE="$$cert"} \
  $(BIN)/uv --quiet
# Every locked package has a wheel: building one would run code of its source.
SAFELY := --require-hashes --only-binary :all:
# uv takes a package that it was installing when it was killed for a whole one. While the
# mark is in an environment, nothing there counts, and it is made again.
UNFINISHED := .unfinished
MARK := $(VENV)/$(UNFINISHED)
# Unlike pip, uv leaves it to Python to compile and keep what is imported. Where Python may
# not keep it, every start would compile TensorFlow again, 7 s.
COMPILED := $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode)
# --no-config: the constraints of pyproject.toml are for locks alone; they have no hash.
# pip and uv first download all, then install: if that failed or was interrupted before, the
# environment is whole.
MARKED = trap : INT; touch $(1)/$(UNFINISHED); $(2) && rm -f $(1)/$(UNFINISHED) || \
  { [ -n "$$(find $(1)/lib/python*/site-packages -maxdepth 0 -newer $(1)/$(UNFINISHED))" ] || \
    rm -f $(1)/$(UNFINISHED); exit 1; }
ADD_TO = $(call MARKED,$(1),$(UV) --no-config pip install --python $(1) $(COMPILED) $(2))
ADD = $(call ADD_TO,$(VENV),$(1))
INSTALL = $(call ADD,$(SAFELY) -r $(1))
MAKE_ENVIRONMENT = $(UV) venv --python $(BIN)/python $(1) \
  $$([ -e $(1)/$(UNFINISHED) ] && echo --clear || echo --allow-existing)
# requirements-dev.lock has these extras too; MLflow has a lock of its own.
LOCKED_EXTRAS := heic s3 gcs dask faiss lab
EXTRAS ?=
COMPILE := pip compile --universal --upgrade --generate-hashes --no-emit-index-url \
  --only-binary :all: --python-version 3.11 --custom-compile-command "make lock"
# pip-audit brings its own pip: in a folder of its own it does not replace the other.
AUDIT := $(VENV)/audit
LOCKS := $(wildcard *.lock benchmarks/*.lock benchmarks/*/*.lock tests/fuzz/*.lock)
# The competitors of the benchmark get an environment of their own.
COMPETITORS := benchmarks/competitors
COMPETITORS_VENV := $(VENV)/benchmark
COMPETITORS_COMPILE = $(subst make lock,make lock-benchmark,$(COMPILE)) \
  -c requirements-dev.lock --overrides $(COMPETITORS)/overrides.txt \
  --excludes $(COMPETITORS)/excludes.txt
# A wheel of PyTorch for CPUs alone, in place of PyPI's, which for Linux brings CUDA.
TORCH ?=
ARGS ?=

.PHONY: run run-people extras test faults fuzz lint viz viz-static lab mlflow benchmark
.PHONY: benchmark-detection benchmark-open-set benchmark-search benchmark-scale
.PHONY: benchmark-cluster benchmark-cnn benchmark-accuracy benchmark-step lock
.PHONY: lock-benchmark audit clean help
.NOTPARALLEL:  # two installations at once would share one mark

help:  ## list these commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 21

run: $(RUN)  ## run every method on the ORL faces and report
	$(BIN)/kedro run

run-people: $(RUN)  ## try your own people and photos: example folders, then the album
	$(BIN)/python tools/make_people.py data/01_raw
	$(BIN)/kedro run --env people

# uv checks the hashes of constraints too, and all that extras bring is in that lock.
extras: $(RUN)  ## add extras to .venv at their locked versions: EXTRAS="dask s3"
	@[ -n "$(strip $(EXTRAS))" ] && [ -z "$(filter-out $(LOCKED_EXTRAS),$(EXTRAS))" ] || \
	  { echo 'expected EXTRAS among $(LOCKED_EXTRAS), got "$(EXTRAS)"; for two of them: make extras EXTRAS="dask s3"; for MLflow: make mlflow'; exit 1; }
	@$(call ADD,--verify-hashes --only-binary :all: -c requirements-dev.lock \
	  -r pyproject.toml $(addprefix --extra ,$(EXTRAS)))

# In the order of their names, and not files of many tests first: those of few tests are
# often the slow ones, and at the end one core would wait for the other.
test: $(DEV)  ## run all tests, a file at a time on each core (each needs 2 GB)
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

faults: $(DEV)  ## break runs in thousands of ways, hours; writes docs/reliability.md
	$(BIN)/pytest tests/faults --campaign docs/reliability.md

fuzz: $(DEV)  ## feed each reader of bytes damaged and hostile files, 10 minutes a reader: hours
	@$(call INSTALL,tests/fuzz/requirements.lock)
	$(BIN)/python -m tests.fuzz.run --seconds 600

lint: $(DEV)  ## check format, style, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

viz: $(RUN)  ## look at the pipelines in the browser
	$(BIN)/kedro viz run

viz-static: $(RUN)  ## write the pipelines with previews as a web site to build/
	$(BIN)/kedro viz build --include-previews

lab: $(DEV)  ## open the notebooks, with the project's catalog loaded
	$(BIN)/kedro jupyter lab

mlflow: $(RUN)  ## add MLflow, where each later run logs its parameters and scores
	@echo "Adding MLflow to $(VENV): 0.4 GB, a few seconds or what the download takes."
	@$(call INSTALL,requirements-mlflow.lock)

# With TORCH=FILE the wheel is the user's own, so it is not checked by a hash. The locks
# leave out some dependencies on purpose, hence --no-deps.
benchmark: $(RUN)  ## compare ours with other programs; options: ARGS="--images 8 --rounds 1"
	@$(call MAKE_ENVIRONMENT,$(COMPETITORS_VENV))
	@echo "Installing the competitors into $(COMPETITORS_VENV)$(if $(TORCH),., with PyPI's PyTorch: gigabytes on Linux.)"
	@$(if $(TORCH),$(call ADD_TO,$(COMPETITORS_VENV),--no-deps $(TORCH)))
	@$(call ADD_TO,$(COMPETITORS_VENV),--no-deps $(SAFELY) \
	  -r $(COMPETITORS)/requirements.lock $(if $(TORCH),,-r $(COMPETITORS)/torch.lock))
	$(BIN)/python -m benchmarks.faces $(ARGS)

benchmark-detection: $(RUN)  ## compare our detector with the package mtcnn; options: see above
	$(BIN)/python -m benchmarks.detection $(ARGS)

benchmark-open-set: $(RUN)  ## strangers named and people named; ARGS="--people FOLDER"
	$(BIN)/python -m benchmarks.open_set $(ARGS)

benchmark-search: $(DEV)  ## time and memory of search and grouping at scale
	$(BIN)/python -m benchmarks.search $(ARGS)

benchmark-scale: $(DEV)  ## 10,000 and 100,000 photos, every engine; ARGS="--counts 200 400"
	$(BIN)/python -m benchmarks.scale $(ARGS)

benchmark-cluster: $(DEV)  ## what giving out a million shards costs; ARGS="--counts 1000"
	$(BIN)/python -m benchmarks.cluster $(ARGS)

benchmark-cnn: $(RUN)  ## compare our network with the study's network
	$(BIN)/python -m benchmarks.scratch_cnn $(ARGS)

benchmark-accuracy: $(RUN)  ## cross-validate the methods, resumable; ARGS="--seeds 1 2"
	$(BIN)/python -m benchmarks.accuracy $(ARGS)

benchmark-step: $(DEV)  ## what binds a step of training; ARGS="--methods scratch_cnn"
	$(BIN)/python -m benchmarks.training_step $(ARGS)

lock: $(RUN)  ## pin the newest versions that pyproject.toml allows
	@echo uv | ($(UV) $(COMPILE) - -o requirements-uv.lock)
	@$(UV) $(COMPILE) pyproject.toml -o requirements.lock
	@$(UV) $(COMPILE) $(addprefix --extra ,$(LOCKED_EXTRAS) dev) \
	  -c requirements.lock pyproject.toml -o requirements-dev.lock
	@$(UV) $(COMPILE) --extra mlflow -c requirements-dev.lock pyproject.toml \
	  -o requirements-mlflow.lock
	@$(UV) $(COMPILE) -c requirements-dev.lock benchmarks/requirements.in \
	  -o benchmarks/requirements.lock
	@$(UV) $(COMPILE) -c requirements-dev.lock tests/fuzz/requirements.in \
	  -o tests/fuzz/requirements.lock
	@echo pip-audit | ($(UV) $(COMPILE) -c requirements-dev.lock - \
	  -o requirements-audit.lock)

lock-benchmark: $(RUN)  ## pin the competitors of the benchmark
	@$(UV) $(COMPETITORS_COMPILE) --excludes $(COMPETITORS)/cuda.txt --no-emit-package torch \
	  $(COMPETITORS)/requirements.in -o $(COMPETITORS)/requirements.lock
	@echo torch | ($(UV) $(COMPETITORS_COMPILE) -c $(COMPETITORS)/requirements.lock - \
	  -o $(COMPETITORS)/torch.lock)

audit: $(RUN)  ## ask PyPI for known vulnerabilities of the locked packages
	@$(call MAKE_ENVIRONMENT,$(AUDIT))
	@$(call ADD_TO,$(AUDIT),$(SAFELY) -r requirements-audit.lock)
	@$(AUDIT)/bin/python tools/audit.py $(LOCKS)

# The lock tells whether a run is under way: a run that was killed leaves its note, and its
# process number may be another process's by now. Only where nobody can ask the lock does
# the note count.
LOCK := import fcntl, sys; fcntl.flock(open(sys.argv[1], "r+"), fcntl.LOCK_EX | fcntl.LOCK_NB)

# data/06_models/facenet is where version 0.1.0 had users put FaceNet's zip by hand.
clean:  ## remove .venv, caches and the outputs of runs; keep your own files
	@if [ -L data ]; then \
	  echo "expected a folder data, got a link to $$(readlink data): delete what runs wrote there by hand."; exit 1; fi
	@for folder in data/08_reporting/*/; do \
	  lock=$${folder}.run.lock; note=$${folder}.run.holder.json; \
	  said=$$($(PYTHON) -c '$(LOCK)' "$$lock" 2>&1) && continue; \
	  pid=$$(sed -n 's/.*"pid": \([0-9]*\).*/\1/p' "$$note" 2> /dev/null); \
	  case "$$said" in \
	    *BlockingIOError*) ;; \
	    *) [ -n "$$pid" ] && kill -0 "$$pid" 2> /dev/null || continue;; \
	  esac; \
	  run="one that holds $$lock"; [ -z "$$pid" ] || run="process $$pid, which $$note names"; \
	  echo "expected no run, got $$run: wait until it ends, or end it."; exit 1; done
	rm -rf $(VENV) .viz build dist info.log .hypothesis .*_cache src/*.egg-info
	find src tests benchmarks tools -name __pycache__ -prune -exec rm -rf {} +
	find data/0[2-8]_* -mindepth 1 ! -name .gitkeep \
	  ! -path data/06_models/weights ! -path 'data/06_models/weights/*' \
	  ! -path data/06_models/facenet ! -path 'data/06_models/facenet/*' \
	  \( ! -type d -o -empty \) -delete
	@echo "Kept: data/01_raw, data/06_models/weights, data/06_models/facenet, data/09_benchmarks, conf/local."

$(RUN): requirements.lock requirements-uv.lock pyproject.toml $(wildcard $(MARK))
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "expected Python 3.11 to 3.13, got $$($(PYTHON) --version 2>&1); name another with: make PYTHON=python3.12"; exit 1; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version)."
	@$(PYTHON) -m venv $$([ ! -e $(MARK) ] || echo --clear) $(VENV)
	@$(call MARKED,$(VENV),$(PIP) install --quiet $(SAFELY) -r requirements-uv.lock)
	@echo "Installing about $$(grep -c '==' requirements.lock) packages into $(VENV): 2.6 GB, 15 seconds or what the download takes."
	@$(call INSTALL,requirements.lock)
	@$(UV) --no-config pip install --python $(VENV) --no-deps --no-build-isolation -e .
	@touch $@
	@echo "Ready. To type kedro yourself: source $(VENV)/bin/activate"

$(DEV): $(RUN) requirements-dev.lock
	@echo "Adding the tools for tests, checks and notebooks to $(VENV): 0.2 GB, a few seconds."
	@$(call INSTALL,requirements-dev.lock)
	@touch $@
