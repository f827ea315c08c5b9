"""Runs Streamlit with the explorer in this process, whose environment has its settings."""

from pathlib import Path

APP = Path(__file__).with_name("app.py")


def main(arguments: list[str]) -> None:
    """Ends the program with Streamlit's exit status."""
    from streamlit.web import cli

    cli.main(["run", str(APP), *arguments], prog_name="streamlit")
