"""Options of a build that are vars of dbt."""

import json
from typing import Any

import yaml


def vars_argument(given: str | None, **options: int | str | None) -> list[str]:
    """The value of dbt's --vars, from YAML and from options of the command. Raises ValueError with a sentence."""
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
        raise ValueError(f"{twice[0]} is given in --vars and as an option: give it once.")
    return ["--vars", json.dumps(others | own, default=str)]
