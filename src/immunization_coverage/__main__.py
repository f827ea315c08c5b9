"""The command `icw`, also as `python -m immunization_coverage`."""

import os
import sys

from immunization_coverage.build.signals import end_at_once_on_signals


def main() -> None:
    if "build" in sys.argv:
        end_at_once_on_signals()
    # Loaded after the signals are taken care of.
    from immunization_coverage.cli import app

    try:
        app(prog_name="icw")
    except BrokenPipeError:
        # Whoever reads, `head` or a pager, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
