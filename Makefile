# Thin on purpose: what a target does beside installing is one command, icw in most (.venv/bin/icw --help).
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := .uv/bin/uv
SIZES ?= 50000 400000 1600000
LINTERS ?= 2
# A value as one word of the shell, whatever it holds.
quoted = '$(subst ','\'',$(1))'
export UV_PYTHON_DOWNLOADS := never

.PHONY: build test test-all tested-demonstration unit-tests python-tests lint setup docs report explore demonstration benchmark publish superset clean
.PHONY: setup-spark spark-build spark-test spark-parity spark-cluster spark-cluster-stop

build: setup  ## The warehouse with all its data tests, published in one step; VARS='{school_year: 2016}' for another year
	.venv/bin/icw build $(if $(VARS),--vars $(call quoted,$(VARS)))

test unit-tests python-tests tested-demonstration: export EXTRACTS_DIR =
test: .venv/.browser  ## Lint, the demonstration with its data tests, every rule's unit test, the comparison with the independent reading
	$(MAKE) --jobs 2 LINTERS=1 $(if $(filter output-sync,$(.FEATURES)),--output-sync=line) lint unit-tests python-tests

test-all: export LONG_TESTS ?= 1
test-all: test  ## Also the tests that take minutes, and every table of the demonstration on Spark: an hour
	$(MAKE) spark-parity EXTRACTS_DIR= WITH=target/demonstration/demonstration.duckdb

# Each dbt has its target folder and pytest its copy of what was built: two of these run at once.
tested-demonstration unit-tests: export WAREHOUSE_PATH = target/demonstration/demonstration.duckdb
tested-demonstration: setup
	rm -rf target/demonstration target/tested && mkdir -p target/demonstration
	DBT_TARGET_PATH=target/demonstration/demonstration.target .venv/bin/dbt build
	cp -r target/demonstration target/tested

unit-tests: tested-demonstration
	mkdir -p target/unit_tests && cp target/demonstration/demonstration.target/partial_parse.msgpack target/unit_tests/
	DBT_TARGET_PATH=target/unit_tests .venv/bin/python scripts/run_unit_tests.py

python-tests: tested-demonstration
	DEMONSTRATION=$(call quoted,$(CURDIR)/target/tested) .venv/bin/pytest

lint: setup
	.venv/bin/ruff check benchmarks bi scripts src tests
	.venv/bin/mypy
	.venv/bin/sqlfluff lint --processes $(LINTERS) models tests analyses

setup: .venv/.locked

.venv/.locked: uv.lock pyproject.toml $(UV)
	$(UV) sync --locked --extra metrics --python $(PYTHON)
	touch $@

.venv/.explore: .venv/.locked
	$(UV) sync --locked --inexact --extra explore
	touch $@

.venv/.browser: .venv/.explore
	$(UV) sync --locked --inexact --group browser
	touch $@

$(UV): requirements-uv.txt
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --require-hashes --requirement requirements-uv.txt
	touch $@

report: setup  ## The annual report, HTML and PDF in English and French, in reports/; RELEASE=1 as it was published
	.venv/bin/icw report

explore: .venv/.explore  ## The explorer, in a browser on this computer; WAREHOUSES='2016.duckdb 2018.duckdb' for several years; SCHOOLS=1, EXPLAIN=1
	.venv/bin/icw explore

docs: setup  ## The catalogue of tables, columns, lineage and metrics as one page: target/static_index.html
	.venv/bin/icw docs

publish: setup  ## What is safe to publish, in published/: Parquet, CSV, a read-only DuckDB file; attacked first
	.venv/bin/icw publish

superset: .superset/.locked  ## Apache Superset with its dashboard on the published file; its own environment
	.superset/bin/python bi/superset/start.py

.superset/.locked: bi/superset/requirements.txt $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .superset
	$(UV) pip sync --python .superset/bin/python --require-hashes bi/superset/requirements.txt
	touch $@

demonstration: setup  ## Writes seeds/extracts again
	.venv/bin/python scripts/generate_extracts.py seeds/extracts --students 6000 --seed 2018 --school-year 2018 --format csv --flaws demonstration

benchmark: setup  ## What a build costs, by size: docs/performance.md. SIZES='16000000', PEERS=0, PUBLISHED=1, EXTRACTS=folder
	$(UV) sync --locked --inexact --group benchmark
	.venv/bin/python benchmarks/benchmark.py $(SIZES) $(if $(filter 0,$(PEERS)),--peers) $(if $(PUBLISHED),--published) \
	    $(if $(EXTRACTS),--extracts $(call quoted,$(EXTRACTS)))
	.venv/bin/python benchmarks/render_results.py

# The other engine: docs/spark.md. SPARK_MASTER names a cluster; without it Spark runs in dbt's own process.
spark-build spark-test spark-parity spark-cluster: export SPARK_LOCAL_IP ?= 127.0.0.1

spark-build: setup-spark  ## The warehouse on Spark with its data tests, published when all have passed
	@.venv/bin/icw rules > /dev/null
	SPARK_BUILD=$$(date -u +%Y%m%d_%H%M%S) .venv/bin/dbt build --target spark $(if $(VARS),--vars $(call quoted,$(VARS)))

# The demonstration costs Spark more in compiling than in rows, and each small table that is broadcast a page of memory.
ifeq ($(EXTRACTS_DIR)$(SPARK_MASTER),)
spark-test spark-parity: export SPARK_PARTITIONS ?= 2
spark-test spark-parity: export PYSPARK_SUBMIT_ARGS = --conf spark.sql.codegen.wholeStage=false \
	--conf spark.sql.codegen.factoryMode=NO_CODEGEN --conf spark.sql.adaptive.enabled=false \
	--conf spark.sql.lightweightPlanChangeValidation=false --conf spark.buffer.pageSize=1m pyspark-shell
spark-test spark-parity: export SPARK_SUBMIT_OPTS = -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseParallelGC -Xms2g -Xmn1400m
spark-parity: export SPARK_CATALOG = in-memory
endif

spark-test: setup-spark  ## Every seed, model, data test and unit test on Spark: the demonstration, some forty minutes
	EXTRACTS_DIR= SPARK_WAREHOUSE=$(call quoted,$(CURDIR)/target/spark-test) .venv/bin/dbt build --target spark
	EXTRACTS_DIR= SPARK_WAREHOUSE=$(call quoted,$(CURDIR)/target/spark-test) .venv/bin/dbt test --target spark --select test_type:unit

spark-parity: setup-spark  ## The same extracts on both engines, every table that readers read compared; WITH=a warehouse that DuckDB has built
	.venv/bin/python scripts/spark_parity.py $(if $(WITH),--with $(call quoted,$(WITH))) --resource-type seed --resource-type model $(if $(VARS),--vars $(call quoted,$(VARS)))

spark-cluster: setup-spark  ## A master and two workers on the loopback address; make spark-cluster-stop ends them
	.venv/bin/python scripts/spark_cluster.py start

spark-cluster-stop:
	.venv/bin/python scripts/spark_cluster.py stop

setup-spark: .venv/.locked-spark  ## dbt-spark and pyspark beside the rest; Java 17 has to be there

.venv/.locked-spark: .venv/.locked
	$(UV) sync --locked --inexact --extra spark
	@java -version 2>&1 | grep -q 'version "\(17\|21\)' || { echo 'Spark needs Java 17 or 21 on the PATH (Debian: apt-get install openjdk-17-jre-headless).'; exit 1; }
	touch $@

clean:
	rm -rf .venv .uv target .superset logs reports published warehouse.duckdb spark-warehouse
