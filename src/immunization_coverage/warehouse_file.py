"""Checks the warehouse's path, whose name dbt and DuckDB must accept, and its file mode, since it is person-level."""

import os
import re
import stat
from pathlib import Path

# dbt names the catalog after the file, and reads its path as a URL.
UNUSABLE = re.compile(r"""[?#;'"\\]""")
UNUSABLE_IN_FOLDERS = re.compile(r"[?#]")
# Catalogs and schemas of DuckDB's own; `earlier` is the warehouse that COMPARE_WITH names.
TAKEN = ("earlier", "main", "system", "temp")
MODES = ("0600", "0640", "0660")


def problem_of_path(warehouse: Path) -> str | None:
    """Why a file cannot be a warehouse, in a sentence."""
    if UNUSABLE.search(warehouse.name) or UNUSABLE_IN_FOLDERS.search(str(warehouse.parent)):
        return f"WAREHOUSE_PATH: {warehouse} has one of ? # ; \\ ' \" in its name. Use letters, digits, - and _."
    if warehouse.name.split(".")[0].lower() in TAKEN:
        return (
            f"WAREHOUSE_PATH: {warehouse.name} is a name that DuckDB reserves ({', '.join(TAKEN)}). "
            "Choose another, such as warehouse.duckdb."
        )
    if not warehouse.parent.is_dir():
        return f"WAREHOUSE_PATH: there is no folder {warehouse.parent}. Create it, or name another."
    if warehouse.is_dir():
        return f"WAREHOUSE_PATH: {warehouse} is a folder. Name the file in it."
    return None


def problem_of_mode() -> str | None:
    mode = os.environ.get("WAREHOUSE_MODE", "")
    if mode and mode not in MODES:
        return f"WAREHOUSE_MODE is '{mode}': it must be one of {', '.join(MODES)}. The warehouse has person-level data."
    group = os.environ.get("WAREHOUSE_GROUP", "")
    if group:
        try:
            group_id(group)
        except (KeyError, ImportError):
            return f"WAREHOUSE_GROUP: there is no group '{group}'."
    return None


def group_id(group: str) -> int:
    # Not on Windows.
    import grp

    return int(group) if group.isdigit() else grp.getgrnam(group).gr_gid


def close_to_others(warehouse: Path) -> None:
    """Gives the file the group and mode of WAREHOUSE_GROUP and WAREHOUSE_MODE; else only its owner may read it."""
    group = os.environ.get("WAREHOUSE_GROUP", "")
    warehouse.chmod(0o600)
    if group:
        os.chown(warehouse, -1, group_id(group))
    warehouse.chmod(int(os.environ.get("WAREHOUSE_MODE") or ("0640" if group else "0600"), 8))


def is_open_to_others(file: Path) -> bool:
    return bool(stat.S_IMODE(file.stat().st_mode) & 0o077)
