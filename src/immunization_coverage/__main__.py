"""The command `icw`, also as `python -m immunization_coverage`."""

import os
import sys

from immunization_coverage.build.signals import end_at_once_on_signals


def main() -> None:
    if "build" in sys.argv:
        end_at_once_on_signals()
    # Imported after the signal handlers are set.
    from immunization_coverage.cli import app

    try:
        app(prog_name="icw")
    except BrokenPipeError:
        # The program that reads the output, such as `head` or a pager, has closed it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
