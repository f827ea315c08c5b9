"""A command's wall time, the peak of its memory and of its disk, and what dbt's own record says of the time within."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

SECONDS_BETWEEN_SAMPLES = 0.2
# What a command may take of the machine before it is stopped: beyond, the system would stop something of its choice.
LARGEST_SHARE_OF_MEMORY = 0.9


class CommandFailed(Exception):
    """Says what a command ended with, and its last lines."""


@dataclass(frozen=True)
class Measured:
    """seconds: wall time from start to exit. memory_bytes: the largest sum of the resident memory of the command and
    its children. disk_bytes and temporary_bytes: the largest size of the watched folder, and of what in it DuckDB
    spills (`*.tmp` folders). output: what the command printed."""

    seconds: float
    memory_bytes: int
    disk_bytes: int
    temporary_bytes: int
    started_at: float
    ended_at: float
    output: str

    def figures(self) -> dict:
        return {
            "seconds": self.seconds,
            "memory_bytes": self.memory_bytes,
            "disk_bytes": self.disk_bytes,
            "temporary_bytes": self.temporary_bytes,
        }


class Sampler(threading.Thread):
    """Looks at a process tree and a folder until told to stop; a system without memory left is not waited for."""

    def __init__(self, pid: int, folder: Path) -> None:
        super().__init__(daemon=True)
        self.process = psutil.Process(pid)
        self.folder = folder
        self.memory_bytes = self.disk_bytes = self.temporary_bytes = 0
        self.stopped_for_memory = False
        self.stop = threading.Event()

    def run(self) -> None:
        limit = LARGEST_SHARE_OF_MEMORY * psutil.virtual_memory().total
        while not self.stop.wait(SECONDS_BETWEEN_SAMPLES):
            processes = self.tree()
            memory = sum(resident_bytes(process) for process in processes)
            self.memory_bytes = max(self.memory_bytes, memory)
            disk, temporary = folder_bytes(self.folder)
            self.disk_bytes = max(self.disk_bytes, disk)
            self.temporary_bytes = max(self.temporary_bytes, temporary)
            if memory > limit:
                self.stopped_for_memory = True
                for process in processes:
                    with_no_such_process(process.kill)

    def tree(self) -> list[psutil.Process]:
        return [self.process, *(with_no_such_process(self.process.children, recursive=True) or [])]


def with_no_such_process(call, **arguments):
    try:
        return call(**arguments)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def resident_bytes(process: psutil.Process) -> int:
    memory = with_no_such_process(process.memory_info)
    return memory.rss if memory else 0


def folder_bytes(folder: Path) -> tuple[int, int]:
    """Bytes on disk of a folder, and of the `*.tmp` folders in it."""
    total = temporary = 0
    for parent, _, names in os.walk(folder):
        in_temporary = any(part.endswith(".tmp") for part in Path(parent).relative_to(folder).parts)
        for name in names:
            try:
                size = os.stat(os.path.join(parent, name)).st_blocks * 512
            except FileNotFoundError:
                continue
            total += size
            temporary += size if in_temporary else 0
    return total, temporary


def measure(command: list[str | Path], folder: Path, cwd: Path, environment: dict[str, str] | None = None) -> Measured:
    """Runs a command to its end. `folder` is where it writes; what it prints goes to a file there.

    Raises CommandFailed where the exit status is not 0.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "output.txt"
    with log.open("wb") as output:
        started_at, started = time.time(), time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command], cwd=cwd, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        sampler = Sampler(process.pid, folder)
        sampler.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        seconds, ended_at = time.perf_counter() - started, time.time()
        process.returncode = os.waitstatus_to_exitcode(status)
        sampler.stop.set()
        sampler.join()
    text = log.read_text(encoding="utf-8", errors="replace")
    if process.returncode != 0:
        why = (
            f"was stopped at {sampler.memory_bytes / 1e9:.1f} GB of memory"
            if sampler.stopped_for_memory
            else f"ended with status {process.returncode}"
        )
        last_lines = "\n".join(text.splitlines()[-25:])
        raise CommandFailed(f"{Path(command[1]).name if len(command) > 1 else command[0]} {why}.\n{last_lines}")
    # Samples may miss the peak of the process itself, which the system knows.
    memory = max(sampler.memory_bytes, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
    return Measured(seconds, memory, sampler.disk_bytes, sampler.temporary_bytes, started_at, ended_at, text)


def phase_of(node: dict) -> str:
    """The phase that a node of dbt's manifest belongs to; `other` for what none of the folders says."""
    if node["resource_type"] in ("test", "seed"):
        return f"{node['resource_type']}s"
    folders = node["fqn"][1:-1]
    antigen = re.fullmatch(r"int_(\w+?)__valid_doses", node["name"])
    if antigen:
        return f"valid doses: {antigen[1]}"
    if folders[:2] == ["staging", "base"]:
        return "read"
    if folders[:1] == ["staging"]:
        return "staging"
    if folders[:2] in (["intermediate", "students"], ["intermediate", "doses"]):
        return folders[1]
    if folders[:1] == ["marts"]:
        return node["schema"]
    return "other"


def phases(target: Path, started_at: float, ended_at: float) -> dict[str, dict[str, float]]:
    """What each phase of a dbt build took, in seconds, from run_results.json and manifest.json in its target folder.

    summed_seconds    of the phase's nodes; two run side by side, so phases together exceed the wall time
    wall_seconds      the phase's part of the wall time: each moment divided among the nodes that run in it. Phases add
                      up to the build's wall time with `start` (before the first node: Python, dbt's parsing, its
                      hooks), `between` (no node runs) and `end` (after the last)
    """
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    intervals = []
    for result in results:
        moments = [
            datetime.fromisoformat(timing[key]).timestamp()
            for timing in result["timing"]
            for key in ("started_at", "completed_at")
            if timing.get(key)
        ]
        if moments:
            node = nodes.get(result["unique_id"])
            intervals.append((min(moments), max(moments), phase_of(node) if node else "other"))
    took = defaultdict(lambda: {"summed_seconds": 0.0, "wall_seconds": 0.0, "nodes": 0})
    for start, end, phase in intervals:
        took[phase]["summed_seconds"] += end - start
        took[phase]["nodes"] += 1
    edges = sorted({moment for start, end, _ in intervals for moment in (start, end)})
    for left, right in zip(edges, edges[1:], strict=False):
        running = [phase for start, end, phase in intervals if start <= left and end >= right]
        for phase in running or ["between"]:
            took[phase]["wall_seconds"] += (right - left) / max(1, len(running))
    took["start"]["wall_seconds"] = edges[0] - started_at
    took["end"]["wall_seconds"] = ended_at - edges[-1]
    return dict(took)
