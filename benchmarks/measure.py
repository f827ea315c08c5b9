"""A command's wall time, and the peak of its memory and of its disk."""

import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

SECONDS_BETWEEN_SAMPLES = 0.2
# The share of the machine's memory at which a command is stopped, before the system stops another process.
LARGEST_SHARE_OF_MEMORY = 0.9


class CommandFailed(Exception):
    """A command failed. The message has its exit status and last lines."""


class OutOfMemory(CommandFailed):
    """The command was stopped before it took the machine's memory."""


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
    """Samples a process tree and a folder until told to stop; it does not wait for a system without free memory."""

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

    Raises CommandFailed if the exit status is not 0, OutOfMemory if it had to be stopped.
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
        name, last_lines = " ".join(Path(part).name for part in command[:2]), "\n".join(text.splitlines()[-25:])
        if sampler.stopped_for_memory:
            raise OutOfMemory(f"{name} was stopped at {sampler.memory_bytes / 1e9:.1f} GB of memory.\n{last_lines}")
        raise CommandFailed(f"{name} ended with status {process.returncode}.\n{last_lines}")
    # Samples may miss the peak of the process itself, which the system reports, with what this process held.
    memory, own_peak = sampler.memory_bytes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if usage.ru_maxrss > own_peak:
        memory = max(memory, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
    return Measured(seconds, memory, sampler.disk_bytes, sampler.temporary_bytes, started_at, ended_at, text)
