"""
dbt as a build starts it: it reads the project without --vars, which makes dbt read every file anew, and then runs the
command with what it has read. No `config` of the project reads a var, so the project is the same for every school year.
"""

import argparse
import gc
import sys

from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg
from dbt_common.events.functions import env_scrubber, msg_to_json

from immunization_coverage.build.dbt_events import make_few

# What the project is read for.
OPTIONS_OF_READING = (("--target", "-t"), ("--profile",), ("--profiles-dir",), ("--project-dir",))


def reading(arguments: list[str]) -> list[str]:
    """The command that reads the project, with those of the arguments that it depends on."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for names in OPTIONS_OF_READING:
        parser.add_argument(*names)
    given = vars(parser.parse_known_args(arguments)[0])
    return ["parse", *(f"--{name.replace('_', '-')}={value}" for name, value in given.items() if value)]


def status(done: dbtRunnerResult) -> int:
    """dbt's exit status: 1 if a node failed, 2 if the command could not run."""
    return 0 if done.success else 2 if done.exception else 1


def line_of(event: EventMsg) -> str:
    """The event as in dbt's JSON log: nothing for those of debugging, which only a file keeps, if it is asked to."""
    return "" if event.info.level == "debug" else env_scrubber(msg_to_json(event)) + "\n"


def main(arguments: list[str]) -> int:
    make_few()
    # What is read stays: there is no garbage to find.
    gc.disable()
    said: list[str] = []
    read = dbtRunner(callbacks=[lambda event: said.append(line_of(event))]).invoke(reading(arguments))
    gc.enable()
    if not isinstance(read.result, Manifest):
        sys.stdout.writelines(said)
        return status(read)

    def tell(event: EventMsg) -> None:
        if line := line_of(event):
            sys.stdout.write(line)
            sys.stdout.flush()

    return status(dbtRunner(manifest=read.result, callbacks=[tell]).invoke(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
