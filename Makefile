# Thin on purpose: every target is a command or two that the README also gives for machines without make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.8
UV := .uv/bin/uv
export UV_PYTHON_DOWNLOADS := never

.PHONY: build test lint setup docs publish superset demonstration clean

build: setup  ## The warehouse with all its data tests, published in one step; VARS='{school_year: 2016}' for another year
	.venv/bin/python scripts/build_warehouse.py $(if $(VARS),--vars '$(VARS)')

test: export WAREHOUSE_PATH = target/test.duckdb
test: export EXTRACTS_DIR =
test: lint  ## Lint, the demonstration with its data tests, every rule's unit test, the comparison with the independent reading
	.venv/bin/dbt build
	.venv/bin/dbt test --select test_type:unit
	.venv/bin/pytest

lint: setup
	.venv/bin/ruff check scripts tests bi
	mkdir -p target && WAREHOUSE_PATH=target/lint.duckdb .venv/bin/sqlfluff lint models tests analyses

setup: .venv/.locked

.venv/.locked: uv.lock pyproject.toml $(UV)
	$(UV) sync --locked --python $(PYTHON)
	touch $@

$(UV):
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet uv==$(UV_VERSION)

docs: setup  ## The catalogue of tables, columns, lineage and metrics as one page: target/static_index.html
	.venv/bin/dbt docs generate --static

publish: setup  ## What may leave the house, in published/: Parquet, CSV, a read-only DuckDB file; attacked first
	.venv/bin/python scripts/publish.py

superset: .superset/.locked  ## Apache Superset with its dashboard on the published file; its own environment
	.superset/bin/python bi/superset/start.py

.superset/.locked: bi/superset/requirements.txt $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .superset
	$(UV) pip sync --python .superset/bin/python --require-hashes bi/superset/requirements.txt
	touch $@

demonstration: setup  ## Writes seeds/extracts again
	.venv/bin/python scripts/generate_extracts.py seeds/extracts --students 2500 --seed 2018 --school-year 2018 --format csv --flaws demonstration

clean:
	rm -rf .venv .uv .superset target logs warehouse.duckdb
