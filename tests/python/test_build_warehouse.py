"""Builds that fail, are killed or meet: the published warehouse is the last good build, and readers never see another.

LONG_TESTS=many kills 100 builds instead of 10, and reads with 100 processes while ten builds run and three are killed.
"""

import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pytest
from conftest import ICW, MANY, ROOT, dbt_folders, long
from filelock import lock_descriptor

KILLS = 100 if MANY else 10
READERS = 100 if MANY else 6
BUILDS_READ, BUILDS_READ_KILLED = (10, {2, 5, 8}) if MANY else (3, {1})

TABLES = ("exemptions", "exemptions_any_ispa", "school_assignment")
FEW_MODELS = (
    "--resource-type", "seed", "--resource-type", "model",
    "--select", "+exemptions_by_antigen", "+exemptions_any_ispa", "+school_assignment", "+builds",
)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="process groups and their signals are those of Unix")


def command(school_year: int = 2018) -> list[str]:
    return [str(ICW), "build", *FEW_MODELS, "--vars", f"school_year: {school_year}"]


def environment(warehouse: Path, extracts: str = "") -> dict[str, str]:
    paths = {"WAREHOUSE_PATH": str(warehouse), "EXTRACTS_DIR": extracts, "NO_COLOR": "1"}
    return os.environ | paths | dbt_folders(warehouse.parent.parent / "dbt")


def start(warehouse: Path, school_year: int = 2018, extracts: str = "") -> subprocess.Popen:
    """A build in a process group of its own, which a kill stops as a whole."""
    return subprocess.Popen(
        command(school_year), env=environment(warehouse, extracts), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True, umask=0o022,
    )


def finish(build: subprocess.Popen) -> tuple[int, str]:
    output, _ = build.communicate(timeout=600)
    return build.returncode, output


def run(warehouse: Path, school_year: int = 2018, extracts: str = "") -> tuple[int, str]:
    return finish(start(warehouse, school_year, extracts))


def beside(warehouse: Path, suffix: str) -> Path:
    return warehouse.with_name(f".{warehouse.name}.{suffix}")


def is_locked(warehouse: Path) -> bool:
    with beside(warehouse, "lock").open("rb+") as file:
        return not lock_descriptor(file.fileno(), blocking=False)


def wait_until(condition, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def kill_all(build: subprocess.Popen, warehouse: Path) -> None:
    os.killpg(build.pid, signal.SIGKILL)
    build.communicate()
    # dbt may be gone a moment after the process that started it; the kernel frees the lock with the last of them.
    wait_until(lambda: not is_locked(warehouse))


def wait_until_dbt_writes(build: subprocess.Popen) -> None:
    assert any(line.startswith("Building ") for line in build.stdout)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def read(warehouse: Path, pause: float = 0) -> dict[str, tuple[str, tuple]]:
    """By school year the one build whose rows all tables hold, and how many rows of each table."""
    with duckdb.connect(str(warehouse), read_only=True, config={"threads": 1}) as connection:
        builds, counts = {}, {}
        for table in TABLES:
            query = f"select school_year, build_id, count(*) from marts.{table} group by all"
            for school_year, build_id, count in connection.execute(query).fetchall():
                builds.setdefault(school_year, set()).add(build_id)
                counts.setdefault(school_year, []).append(count)
            time.sleep(pause)
        recorded = connection.execute("select distinct school_year, build_id from marts.builds").fetchall()
    found = {}
    for school_year, of_year in builds.items():
        (build,) = of_year
        assert (school_year, build) in recorded
        assert len(counts[school_year]) == len(TABLES)
        found[school_year] = (build, tuple(counts[school_year]))
    return found


@pytest.fixture(scope="module")
def good_builds(tmp_path_factory) -> dict[int, Path]:
    """Good builds of two years, one after the other, at the path that the tests of this file build: 2018 has both."""
    folder = tmp_path_factory.mktemp("builds")
    (folder / "shared").mkdir()
    kept = {}
    for school_year in (2017, 2018):
        warehouse = folder / "shared" / "warehouse.duckdb"
        status, output = run(warehouse, school_year)
        assert status == 0, output
        kept[school_year] = folder / f"kept_{school_year}.duckdb"
        shutil.copy(warehouse, kept[school_year])
    return kept


@pytest.fixture
def warehouse(good_builds) -> Path:
    """The published warehouse of 2017 and 2018, with nothing beside it."""
    folder = good_builds[2018].parent / "shared"
    shutil.rmtree(folder)
    folder.mkdir()
    return Path(shutil.copy(good_builds[2018], folder / "warehouse.duckdb"))


@pytest.fixture(scope="module")
def counts(good_builds) -> dict[str, tuple]:
    return {school_year: rows for school_year, (_, rows) in read(good_builds[2018]).items()}


@long
def test_a_build_of_another_year_is_added_and_the_year_before_is_as_it_was(good_builds):
    alone, both = read(good_builds[2017]), read(good_builds[2018])
    assert set(alone) == {"2017-18"}
    assert set(both) == {"2017-18", "2018-19"}
    assert both["2017-18"] == alone["2017-18"]


@long
def test_a_second_build_says_that_another_is_running_and_a_signal_ends_the_first_without_a_trace(warehouse):
    before = warehouse.read_bytes()
    first = start(warehouse)
    wait_until_dbt_writes(first)
    began = time.monotonic()
    status, output = run(warehouse)
    assert status == 3
    assert time.monotonic() - began < 5
    assert f"Another build of {warehouse} is running (since 2" in output
    assert f"process {first.pid})" in output

    first.terminate()
    status, output = finish(first)
    assert status == 128 + signal.SIGTERM
    assert "stopped by SIGTERM" in output
    assert not is_locked(warehouse)
    assert sorted(path.name for path in warehouse.parent.iterdir()) == [".warehouse.duckdb.lock", "warehouse.duckdb"]
    assert warehouse.read_bytes() == before


@long
def test_nobody_builds_beside_a_dbt_whose_parent_was_killed(warehouse):
    orphaning = start(warehouse)
    wait_until_dbt_writes(orphaning)
    # Otherwise dbt ends by itself when it next says something, sometimes before the other build asks for the lock.
    os.killpg(orphaning.pid, signal.SIGSTOP)
    os.kill(orphaning.pid, signal.SIGKILL)
    assert run(warehouse)[0] == 3
    before = read(warehouse)
    kill_all(orphaning, warehouse)
    assert read(warehouse) == before


@long
def test_a_failed_build_is_kept_aside_and_the_next_good_one_replaces_the_file_behind_a_link(warehouse, good_builds):
    before = warehouse.read_bytes()
    status, output = run(warehouse, school_year=2012)
    assert status == 1
    failed = beside(warehouse, "failed.duckdb")
    assert "No definitions for the school year 2012" in output
    assert "dbt build failed" in output and f"{warehouse} is as it was" in output and str(failed) in output
    assert warehouse.read_bytes() == before
    assert mode(failed) == 0o600
    with duckdb.connect(str(failed), read_only=True) as connection:
        assert connection.execute("select count(*) from annex.dose_rules").fetchall()[0][0] > 0
    assert not beside(warehouse, "building").exists()

    link = warehouse.parent.parent / "link.duckdb"
    link.symlink_to(warehouse)
    build = subprocess.run(
        command(2017), env=environment(warehouse) | {"WAREHOUSE_PATH": "link.duckdb"}, cwd=link.parent,
        capture_output=True, text=True, check=False, umask=0o022,
    )
    assert build.returncode == 0, build.stdout + build.stderr
    assert link.is_symlink()
    last, now = read(good_builds[2018]), read(link)
    assert now["2018-19"] == last["2018-19"]
    assert now["2017-18"][0] != last["2017-18"][0]
    assert sorted(path.name for path in warehouse.parent.iterdir()) == [".warehouse.duckdb.lock", "warehouse.duckdb"]
    assert mode(warehouse) == 0o600
    with duckdb.connect(str(link), read_only=True) as connection:
        recorded = {row[0] for row in connection.execute("select build_id from marts.builds").fetchall()}
        connection.execute("from staging.stg_panorama__clients limit 1")
    assert {build for build, _ in [*last.values(), *now.values()]} == recorded


@long
def test_extracts_that_cannot_be_prepared_stop_the_build_before_dbt(warehouse, tmp_path):
    before = warehouse.read_bytes()
    status, output = run(warehouse, extracts=str(tmp_path))
    assert status == 1
    assert "Not published." in output and "clients" in output and "Traceback" not in output
    assert "Preparing dbt" not in output
    assert warehouse.read_bytes() == before
    assert not beside(warehouse, "building").exists()


@pytest.mark.parametrize("name", ["missing/warehouse.duckdb", "folder", "loop"])
def test_a_path_without_a_place_for_a_file_is_refused_with_a_sentence(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    status, output = run(tmp_path / name)
    assert status == 1
    assert output.startswith("\nNot published. WAREHOUSE_PATH: ") and "Traceback" not in output
    assert {path.name for path in tmp_path.iterdir()} - {"dbt"} == {"folder", "loop"}


@long
def test_an_extract_that_is_written_into_while_it_is_built_is_not_published(tmp_path):
    folder, warehouse = tmp_path / "extracts", tmp_path / "built" / "warehouse.duckdb"
    folder.mkdir()
    warehouse.parent.mkdir()
    with duckdb.connect() as connection:
        for file in (ROOT / "seeds" / "extracts").glob("*.csv"):
            rows = f"read_csv('{file}', header = true, all_varchar = true)"
            connection.execute(f"copy (from {rows}) to '{folder / file.stem}.parquet' (format parquet)")
    build = start(warehouse, extracts=str(folder))
    wait_until_dbt_writes(build)
    with (folder / "immunizations.parquet").open("ab") as file:
        file.write(b" ")
    returncode, output = finish(build)
    assert returncode == 1
    assert "immunizations.parquet" in output.splitlines()[-2] + output.splitlines()[-1]
    assert not warehouse.exists()


@long
def test_a_warehouse_that_somebody_writes_or_that_is_broken_is_not_replaced(warehouse):
    with duckdb.connect(str(warehouse)):
        status, output = run(warehouse)
    assert status == 1
    assert "Close the program that writes to it" in output and "Preparing dbt" not in output
    warehouse.write_bytes(b"not a database" * 1000)
    status, output = run(warehouse)
    assert status == 1
    assert "not a valid DuckDB database file" in output
    assert warehouse.read_bytes() == b"not a database" * 1000


@long
def test_a_selection_that_leaves_out_published_tables_of_its_year_is_not_published(warehouse):
    before = warehouse.read_bytes()
    selection = [*command(2017), "--exclude", "exemptions_any_ispa"]
    done = subprocess.run(selection, env=environment(warehouse), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "tables of 2017-18 that this build lacks: marts.exemptions_any_ispa." in done.stdout
    assert warehouse.read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_first_half_second_ends_without_a_traceback(tmp_path, number):
    for delay in (0.05, 0.1, 0.2, 0.3, 0.5):
        build = start(tmp_path / "w.duckdb")
        time.sleep(delay)
        build.send_signal(number)
        status, output = finish(build)
        # Before the package is there to take care of signals, Python's own handler ends it.
        is_early = "line 0, in <module>" in output or "from immunization_coverage.__main__ import main" in output
        is_pythons_own = is_early and output.rstrip().endswith("KeyboardInterrupt")
        assert "Traceback" not in output or is_pythons_own, (delay, output)
        assert status in (128 + number, -number), (delay, output)


def unshare_works() -> bool:
    made = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return made.returncode == 0


@pytest.mark.skipif(not shutil.which("unshare") or not unshare_works(), reason="no right to mount a small disk")
@long
def test_a_full_disk_leaves_the_published_warehouse_as_it_was(warehouse):
    # On a disk of its own, gone with the processes that see it: room for the published file and a part of a second one.
    kilobytes = warehouse.stat().st_size // 1024 + 4000
    steps = f"""
        mount -t tmpfs -o size={kilobytes}k none "$FOLDER" && cp "$KEPT" "$WAREHOUSE_PATH" || exit 99
        "$@"
        status=$?
        cmp "$KEPT" "$WAREHOUSE_PATH" || exit 98
        test ! -e "$FOLDER/.warehouse.duckdb.building" || exit 97
        test ! -e "$FOLDER/.warehouse.duckdb.failed.duckdb" || exit 96
        exit $status
    """
    kept = shutil.copy(warehouse, warehouse.parent.parent / "before.duckdb")
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", steps, "sh", *command()], capture_output=True, text=True, check=False,
        env=environment(warehouse) | {"FOLDER": str(warehouse.parent), "KEPT": str(kept)},
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{warehouse} is as it was" in done.stdout
    assert "no space left on the disk" in done.stdout.lower() or "Free some space and build again" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


# Publishes small databases in a process that kills itself before the given line of the script is run.
PUBLISH = """
import os, signal, sys
from pathlib import Path
from immunization_coverage.build import builder
places = builder.Places.of(Path(sys.argv[1]))
lines_left = int(sys.argv[2])
def trace(frame, event, argument):
    global lines_left
    if frame.f_code.co_filename != builder.__file__:
        return None
    if event == "line":
        lines_left -= 1
        if lines_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return trace
sys.settrace(trace)
try:
    builder.publish(places)
except builder.NotPublished as error:
    sys.exit(str(error))
"""


def small_database(path: Path, build_id: str, *tables: str) -> None:
    path.parent.mkdir(exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for table in tables:
            connection.execute(f"create table marts.{table} as select '{build_id}' as build_id from range(5000)")


def publish(warehouse: Path, killed_before_line: int = 0) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", PUBLISH, warehouse, str(killed_before_line)],
        capture_output=True, text=True, check=False,
    )


def build_ids(warehouse: Path, *tables: str) -> set[str]:
    query = " union ".join(f"select build_id from marts.{table}" for table in tables)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return {row[0] for row in connection.execute(query).fetchall()}


@long
def test_publishing_killed_before_each_of_its_lines_leaves_the_old_file_or_the_new_one(tmp_path):
    warehouse = tmp_path / "w.duckdb"
    seen = []
    while True:
        shutil.rmtree(beside(warehouse, "building"), ignore_errors=True)
        warehouse.unlink(missing_ok=True)
        small_database(warehouse, "old", "coverage", "exemptions")
        small_database(beside(warehouse, "building") / warehouse.name, "new", "coverage", "exemptions")
        done = publish(warehouse, killed_before_line=len(seen) + 1)
        (build,) = build_ids(warehouse, "coverage", "exemptions")
        seen.append(build)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(seen) > 15
    assert seen == sorted(seen, reverse=True)
    assert mode(warehouse) == 0o600


def test_a_log_that_a_writer_left_is_not_replayed_into_the_new_file(tmp_path):
    warehouse = tmp_path / "w.duckdb"
    small_database(warehouse, "old", "coverage")
    small_database(beside(warehouse, "building") / warehouse.name, "new", "coverage")
    insert = "writer.execute(\"insert into marts.coverage values ('mine')\")"
    writer = f"import duckdb, os, sys; writer = duckdb.connect(sys.argv[1]); {insert}; os._exit(0)"
    subprocess.run([sys.executable, "-c", writer, warehouse], check=True)
    assert Path(f"{warehouse}.wal").exists()
    assert publish(warehouse).returncode == 0
    assert build_ids(warehouse, "coverage") == {"new"}


def test_a_build_that_lacks_published_tables_is_not_published(tmp_path):
    warehouse = tmp_path / "w.duckdb"
    small_database(warehouse, "old", "coverage", "exemptions")
    small_database(beside(warehouse, "building") / warehouse.name, "new", "coverage")
    done = publish(warehouse)
    assert done.returncode == 1
    assert "tables that this build lacks: marts.exemptions" in done.stderr
    assert build_ids(warehouse, "coverage", "exemptions") == {"old"}


@long
def test_a_build_killed_at_any_moment_leaves_one_good_build_and_the_next_one_works(warehouse, counts):
    began = time.monotonic()
    assert run(warehouse, 2017)[0] == 0
    duration = time.monotonic() - began
    moments = random.Random(2018)
    killed = 0
    for number in range(KILLS):
        before = read(warehouse)
        began = time.monotonic()
        build = start(warehouse, 2017)
        try:
            # One moment in each part of the time that a build takes, the last ones after it.
            build.wait((number + moments.random()) / KILLS * duration * 1.05)
        except subprocess.TimeoutExpired:
            kill_all(build, warehouse)
            killed += 1
        else:
            assert finish(build)[0] == 0
            # The machine is no longer as busy as it was.
            duration = time.monotonic() - began
        after = read(warehouse)
        assert after["2018-19"] == before["2018-19"]
        assert {school_year: rows for school_year, (_, rows) in after.items()} == counts
        assert not Path(f"{warehouse}.wal").exists()
    print(f"{killed} of {KILLS} builds killed, the others were through")
    assert killed >= KILLS * 0.8
    status, output = run(warehouse, 2017)
    assert status == 0, output
    last = read(warehouse)
    assert last["2017-18"][0] != before["2017-18"][0]
    assert {school_year: rows for school_year, (_, rows) in last.items()} == counts


def read_until(warehouse: Path, stop: Path, counts: dict[str, tuple]) -> tuple[int, set[str]]:
    reads, builds = 0, set()
    while not stop.exists():
        found = read(warehouse, pause=0.05)
        assert {school_year: rows for school_year, (_, rows) in found.items()} == counts
        builds |= {build for build, _ in found.values()}
        reads += 1
        time.sleep(READERS * 0.03)
    return reads, builds


def read_in_one_session(warehouse: Path, stop: Path) -> None:
    query = "from marts.exemptions order by all"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        first = connection.execute(query).fetchall()
        while not stop.exists():
            assert connection.execute(query).fetchall() == first
            time.sleep(0.5)


@long
def test_readers_see_whole_builds_while_builds_run_and_are_killed(warehouse, counts, tmp_path):
    stop = tmp_path / "stop"
    published = {build for build, _ in read(warehouse).values()}
    with ProcessPoolExecutor(READERS + 1, get_context("spawn")) as processes:
        session = processes.submit(read_in_one_session, warehouse, stop)
        readers = [processes.submit(read_until, warehouse, stop, counts) for _ in range(READERS)]
        try:
            for number in range(BUILDS_READ):
                build = start(warehouse, 2017 + number % 2)
                if number in BUILDS_READ_KILLED:
                    wait_until_dbt_writes(build)
                    kill_all(build, warehouse)
                else:
                    status, output = finish(build)
                    assert status == 0, output
                    published |= {build for build, _ in read(warehouse).values()}
        finally:
            stop.touch()
        session.result()
        results = [reader.result() for reader in readers]
    print(f"{sum(reads for reads, _ in results)} reads by {READERS} readers saw {len(published)} builds")
    assert all(reads > 0 for reads, _ in results)
    assert set().union(*(builds for _, builds in results)) <= published
    assert len(published) == 2 + BUILDS_READ - len(BUILDS_READ_KILLED)
