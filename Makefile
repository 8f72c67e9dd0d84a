# Every chore of this project. `make` lists them; CI runs the same ones.

PYTHON ?= python3
VENV ?= .venv
DATA ?= demo-data
PROMPT ?= Eine blaue Blume auf der Wiese erzählt dem alten Mond eine lange Geschichte.
ARGS ?=
WORKERS ?= $(shell expr $$(nproc) + 1)

BIN := $(VENV)/bin
PACKAGES := otel_tracking collectors exporters devserver
NEEDED := pyproject.toml tools/setup.sh tools/uv_as_pip.py tools/constraints.txt

# Handed over in the environment: a prompt may hold quotes.
export PROMPT

# Tests start some thousand processes: what Python compiles is kept, or each of them would do it anew.
test test-browser test-integration test-scale: export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo serve test test-browser test-integration test-scale pictures check format bench bench-floors golden constraints engines clean
.DEFAULT_GOAL := help

help:
	@echo "make CHORE, where CHORE is one of:"
	@awk -F ' *:.*## ' '/^[a-z-]+:.*## / { printf "  %-18s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Variables: PYTHON=$(PYTHON)  DATA=$(DATA)  PROMPT=\"…\"  ARGS=\"…\" (for pytest, for serve)"
	@echo "           WORKERS=$(WORKERS) (processes of make test, at most four: one more than cores, since each waits at times)"

demo: $(VENV)/.ready ## from nothing to records and pictures: sets up, runs PROMPT, says where everything is
	@tools/install_engines.sh
	@tools/demo.sh $(BIN)/otel-tracking "$(DATA)" "$$PROMPT"

serve: $(VENV)/.ready ## the DevServer in the browser, on http://127.0.0.1:17801/; sets up first, ARGS="--port 8080"
	@tools/install_engines.sh || echo "Pipelines that need these engines say so on the start page."
	@$(BIN)/otel-tracking serve --data "$(DATA)" $(ARGS)

test: $(VENV)/.ready-dev ## set up and run all tests; what needs something that cannot be had is skipped, visibly
	@tools/install_engines.sh || echo "Without these engines the tests that need them are skipped; each says so below."
	@tools/install_test_tools.sh || echo "Without these tools the tests that need them are skipped; each says so below."
	$(BIN)/python -m pytest -rsfE -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

test-integration: $(VENV)/.ready-dev ## real servers: Jaeger behind a Collector, Ollama; built with Go the first time; Kafka, veraPDF, QualCoder
	OTEL_TRACKING_INTEGRATION=1 $(BIN)/python -m pytest tests/integration $(ARGS)

test-scale: $(VENV)/.ready-dev ## many executions through a Collector, Kafka and S3, all of them killed; needs Java, Maven, Go
	OTEL_TRACKING_SCALE=1 $(BIN)/python -m pytest -s tests/scale $(ARGS)

test-browser: $(VENV)/.ready-dev ## only the tests in a real browser; skipped, visibly, where there is no Chromium
	@tools/install_test_tools.sh
	$(BIN)/python -m pytest -rs tests/browser $(ARGS)

pictures: $(VENV)/.ready-dev ## take the pictures of docs/pictures anew, in a real browser
	PYTHONPATH=.:tests/web:tests/browser $(BIN)/python tests/browser/take_pictures.py docs/pictures

check: $(VENV)/.ready-dev ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(addprefix -p ,$(PACKAGES))

format: $(VENV)/.ready-dev ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.ready-dev ## run the benchmarks, or some of them: ONLY="bench_hot_path bench_assembly"
	@set -e; for bench in $(or $(ONLY),$(basename $(notdir $(wildcard benchmarks/bench_*.py)))); do \
		echo "== $$bench"; $(BIN)/python -m benchmarks.$$bench $(ARGS); done

bench-floors: $(VENV)/.ready-dev ## those whose figures have floors, on an otherwise quiet machine; BEFORE=../checkout to compare with
	@set -e; for bench in bench_hot_path bench_capture bench_otlp_in "bench_assembly $(BEFORE)" bench_large_run \
		bench_open_runs "bench_large_stores --list"; do echo "== $$bench"; $(BIN)/python -m benchmarks.$$bench; done

golden: $(VENV)/.ready-dev ## write the golden files anew; look at the diff before you commit it
	@if grep -qs update-golden tests/conftest.py; then $(BIN)/python -m pytest --update-golden $(ARGS); \
	else echo "There are no golden files yet."; fi

constraints: $(VENV)/.ready-dev ## pin the newest versions in tools/constraints.txt; run check and test before you commit it
	$(BIN)/python tools/uv_as_pip.py pip compile --quiet --upgrade pyproject.toml --extra dev --python-version 3.11 \
		--annotation-style line --custom-compile-command "make constraints" --output-file tools/constraints.txt

engines: ## install the Debian packages of the translation engines
	@tools/install_engines.sh

clean: ## remove what make made: the virtual environment, caches and the demo's data
	rm -rf $(VENV) $(DATA) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.ready: $(NEEDED)
	@tools/setup.sh "$(PYTHON)" "$(VENV)" all
	@touch $@

$(VENV)/.ready-dev: $(NEEDED)
	@tools/setup.sh "$(PYTHON)" "$(VENV)" dev
	@touch $@ $(VENV)/.ready
