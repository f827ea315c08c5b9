"""Finds the project's folder, which has the models, seeds and texts; the package has none of them."""

import os
import re
import shutil
import sys
from pathlib import Path

from immunization_coverage import PROJECT_VARIABLE

NAME = re.compile(r"^name:\s*[\"']?immunization_coverage[\"']?\s*$", re.MULTILINE)


class NoProject(SystemExit):
    """Ends the program with a sentence."""


def is_project(folder: Path) -> bool:
    file = folder / "dbt_project.yml"
    return file.is_file() and NAME.search(file.read_text(encoding="utf-8")) is not None


def find_project() -> Path:
    """The folder that is named, else the current one or one above it, else the installed checkout. Raises NoProject."""
    if named := os.environ.get(PROJECT_VARIABLE):
        folder = Path(named).absolute()
        if not is_project(folder):
            raise NoProject(f"{folder} is not the project's folder: it has no dbt_project.yml of this project.")
        return folder
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if is_project(folder):
            return folder
    raise NoProject(f"{here} is not in the project's folder. Go there, or name it: icw --project FOLDER …")


ROOT = find_project()
DBT = shutil.which("dbt", path=str(Path(sys.executable).parent)) or "dbt"
