# Thin on purpose: every target is a command or two that the README also gives for machines without make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.8
UV := .uv/bin/uv
SIZES ?= 50000 400000 1600000
export UV_PYTHON_DOWNLOADS := never

.PHONY: build test tested-demonstration lint setup docs demonstration benchmark clean

build: setup  ## The warehouse with all its data tests, published in one step; VARS='{school_year: 2016}' for another year
	.venv/bin/python scripts/build_warehouse.py $(if $(VARS),--vars '$(VARS)')

test: export WAREHOUSE_PATH = target/test.duckdb
test: export EXTRACTS_DIR =
test: setup  ## Lint, the demonstration with its data tests, every rule's unit test, the comparison with the independent reading
	$(MAKE) --jobs 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) lint tested-demonstration
	DEMONSTRATION=$$WAREHOUSE_PATH .venv/bin/pytest

# Each dbt has its target folder: lint runs beside the build, and pytest reads what the build left in its own.
tested-demonstration: export WAREHOUSE_PATH = target/test.duckdb
tested-demonstration: export EXTRACTS_DIR =
tested-demonstration: setup
	mkdir -p target && rm -f target/test.duckdb target/test.duckdb.wal
	DBT_TARGET_PATH=target/test.target .venv/bin/dbt build
	DBT_TARGET_PATH=target/unit_tests .venv/bin/dbt test --select test_type:unit

lint: setup
	.venv/bin/ruff check benchmarks scripts tests
	mkdir -p target
	WAREHOUSE_PATH=target/lint.duckdb DBT_TARGET_PATH=target/lint .venv/bin/sqlfluff lint models tests analyses

setup: .venv/.locked

.venv/.locked: uv.lock pyproject.toml $(UV)
	$(UV) sync --locked --python $(PYTHON)
	touch $@

$(UV):
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet uv==$(UV_VERSION)

docs: setup  ## The catalogue of tables and columns, in target/
	.venv/bin/dbt docs generate

demonstration: setup  ## Writes seeds/extracts again
	.venv/bin/python scripts/generate_extracts.py seeds/extracts --students 2500 --seed 2018 --school-year 2018 --format csv --flaws demonstration

benchmark: setup  ## What a build costs, by size: docs/performance.md. SIZES='16000000', PEERS=0, PUBLISHED=1, EXTRACTS=folder
	$(UV) sync --locked --inexact --group benchmark --python $(PYTHON)
	.venv/bin/python benchmarks/benchmark.py $(SIZES) $(if $(filter 0,$(PEERS)),--peers) $(if $(PUBLISHED),--published) \
	    $(if $(EXTRACTS),--extracts '$(EXTRACTS)')
	.venv/bin/python benchmarks/render_results.py

clean:
	rm -rf .venv .uv target logs warehouse.duckdb
