# Everything is set up in .venv from pinned, hashed requirements. Python 3.11+ and make are all it takes.
PYTHON ?= python3
BIN := .venv/bin
DOCS := target/docs
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

.DEFAULT_GOAL := help
.PHONY: help demo docs test test-spark torture lint format bench pins clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' \
		| while IFS='|' read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

demo: .venv/ready ## From nothing to a release of 531 synthetic authors; no token needed
	$(BIN)/influx-m2 demo

# The types of the page are read from a warehouse: an empty one of its own, so that yours is neither opened nor shown.
# CHECK=--check renews no page, and fails where one is stale.
docs: export INFLUX_DB := $(DOCS)/warehouse.duckdb
docs: export DBT_EXCLUDE_RESOURCE_TYPES := test unit_test
docs: .venv/ready ## The dbt docs as one static page; the generated pages of docs/ anew
	@mkdir -p $(DOCS)
	$(BIN)/dbt --quiet build --target-path $(DOCS) --log-path $(DOCS)
	$(BIN)/dbt --quiet docs generate --static --target-path $(DOCS) --log-path $(DOCS)
	$(BIN)/python docs/pages.py $(CHECK) $(DOCS)/manifest.json
	@echo 'dbt docs   $(abspath $(DOCS))/static_index.html'

test: .venv/ready-dev .venv/browser lint ## Check style and types, then run all tests
	$(BIN)/pytest -n 2

test-spark: .venv/ready-spark .venv/java ## The same project on Apache Spark, held against DuckDB row by row
	$(BIN)/pytest tests/spark

torture: .venv/ready-dev ## Kill each fifty times: harvest, run, export, backup, purge, upgrade
	INFLUX_TORTURE=1 $(BIN)/pytest tests/python/test_survival.py tests/python/test_limits.py tests/python/test_releases.py \
		tests/python/test_rewriting.py tests/python/test_backup.py tests/python/test_upgrades.py \
		tests/python/test_purge.py tests/python/test_lake.py tests/python/test_faults.py tests/python/test_existing_automation.py \
		tests/python/test_influx_validate.py tests/python/test_resources.py tests/python/test_incremental.py

lint: .venv/ready-dev ## Check format, style and types of Python and SQL
	$(BIN)/ruff format --check docs extract tests
	$(BIN)/ruff check docs extract tests
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 analyses models tests/sql tests/spark

format: .venv/ready-dev ## Put Python into the house format
	$(BIN)/ruff format docs extract tests
	$(BIN)/ruff check --fix docs extract tests

bench: .venv/ready-dev ## The whole path against one DuckDB pass over the same users; FULL=1: ten million too
	$(BIN)/python tests/bench/bench.py $(if $(FULL),--full)

pins: .venv/ready-dev ## Resolve the requirements anew (needs the package index)
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile $(PIN) --extra setup -c constraints.txt -o requirements.txt pyproject.toml
	$(BIN)/pip-compile $(PIN) --extra setup --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml
	$(BIN)/pip-compile $(PIN) --extra setup --extra dev --extra spark -c requirements-dev.txt -o requirements-spark.txt pyproject.toml

PIN := --quiet --upgrade --generate-hashes --no-strip-extras --allow-unsafe --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

clean: ## Remove what make made (the warehouse and the releases stay)
	rm -rf .venv target logs

.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "influx-m2 needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The tests open the report in Debian's Chromium. Where it cannot be installed they say loudly that they did not.
.venv/browser: .venv/ready-dev
	@command -v chromium >/dev/null || ( $(AS_ROOT) apt-get update -qq; \
		$(AS_ROOT) apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null ) \
		|| echo "no Chromium could be installed: nothing will look at the report" >&2
	@touch $@

AS_ROOT = $(if $(filter-out 0,$(shell id -u)),sudo -n)

.venv/ready-dev: .venv/ready requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.venv/ready-spark: .venv/ready-dev requirements-spark.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.txt
	@touch $@

# Spark 4 runs on Java 17 or newer.
.venv/java: .venv/ready
	@command -v java >/dev/null || ( $(AS_ROOT) apt-get update -qq; \
		$(AS_ROOT) apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless >/dev/null )
	@touch $@
