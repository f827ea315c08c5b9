"""Starts Streamlit with the explorer, in the environment that the command has set."""

import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from immunization_coverage import PROJECT_VARIABLE
from immunization_coverage.project import ROOT

APP = Path(__file__).with_name("app.py")


def main(arguments: list[str]) -> int:
    if importlib.util.find_spec("streamlit") is None:
        print("The explorer needs Streamlit: make explore installs it, or pip install '.[explore]'.", file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "streamlit", "run", str(APP), *arguments]
    with subprocess.Popen(command, env=os.environ | {PROJECT_VARIABLE: str(ROOT)}) as streamlit:
        # Ctrl-C reaches Streamlit too, which ends by itself.
        with contextlib.suppress(KeyboardInterrupt):
            return streamlit.wait()
        return streamlit.wait()
