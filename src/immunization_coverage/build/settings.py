"""Options of a build that are vars of dbt."""

import json
from typing import Any

import yaml


def vars_argument(given: str | None, **options: int | str | None) -> list[str]:
    """--vars for dbt, of what is given as YAML and by options of its own; a ValueError says what is wrong with it."""
    own: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if not own:
        return ["--vars", given] if given else []
    try:
        others = yaml.safe_load(given or "{}")
    except (yaml.YAMLError, ValueError):
        others = None
    if not isinstance(others, dict):
        raise ValueError(f"--vars is '{given}': it must be YAML such as {{suppress_below: 11}}.")
    if twice := sorted(own.keys() & others.keys()):
        raise ValueError(f"{twice[0]} is in --vars and an option of its own: name it once.")
    return ["--vars", json.dumps(others | own, default=str)]
