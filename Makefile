# Thin on purpose: every target is a command or two that the README also gives for machines without make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.8
UV := .uv/bin/uv
export UV_PYTHON_DOWNLOADS := never

.PHONY: build test lint setup docs report explore demonstration clean

build: setup  ## The warehouse with all its data tests, published in one step; VARS='{school_year: 2016}' for another year
	.venv/bin/python scripts/build_warehouse.py $(if $(VARS),--vars '$(VARS)')

test: export WAREHOUSE_PATH = target/test.duckdb
test: export EXTRACTS_DIR =
test: lint .venv/.browser  ## Lint, the demonstration with its data tests, every rule's unit test, the comparison with the independent reading
	.venv/bin/dbt build
	.venv/bin/dbt test --select test_type:unit
	.venv/bin/pytest

lint: setup
	.venv/bin/ruff check scripts tests report
	mkdir -p target && WAREHOUSE_PATH=target/lint.duckdb .venv/bin/sqlfluff lint models tests analyses

setup: .venv/.locked

.venv/.locked: uv.lock pyproject.toml $(UV)
	$(UV) sync --locked --python $(PYTHON)
	touch $@

.venv/.report .venv/.explore .venv/.browser: .venv/.%: .venv/.locked
	$(UV) sync --locked --inexact --group $*
	touch $@

$(UV):
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet uv==$(UV_VERSION)

report: .venv/.report  ## The annual report, HTML and PDF in English and French, in reports/; RELEASE=1 with small counts withheld
	.venv/bin/python report/build_report.py $(if $(filter-out 0,$(RELEASE)),--release)

explore: .venv/.explore  ## The explorer, in a browser on this computer; WAREHOUSES='2016.duckdb 2018.duckdb' for several years
	.venv/bin/streamlit run report/explorer.py

docs: setup  ## The catalogue of tables and columns, in target/
	.venv/bin/dbt docs generate

demonstration: setup  ## Writes seeds/extracts again
	.venv/bin/python scripts/generate_extracts.py seeds/extracts --students 2500 --seed 2018 --school-year 2018 --format csv --flaws demonstration

clean:
	rm -rf .venv .uv target logs reports warehouse.duckdb
