"""Which part of the province the data hold: every public health unit of the year, some of them, or one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """The public health units with students, and those of the school year without any."""

    units: tuple[dict, ...]
    lacking: tuple[dict, ...]

    @property
    def total(self) -> int:
        return len(self.units) + len(self.lacking)

    @property
    def kind(self) -> str:
        """`province`, `units` or `unit`; without any student, there is nothing that is only a part."""
        if len(self.units) in (0, self.total):
            return "province"
        return "unit" if len(self.units) == 1 else "units"

    @property
    def is_unit(self) -> bool:
        return self.kind == "unit"

    @property
    def phu_ids(self) -> frozenset[str]:
        return frozenset(unit["phu_id"] for unit in self.units)

    @property
    def has_map(self) -> bool:
        """A map of a few units is mostly empty, and says less than their ranking."""
        return len(self.units) * 2 >= self.total > 1


def scope_of(rows: list[dict]) -> Scope:
    """The scope of a school year's rows by unit. A number of students that is withheld is not zero."""
    units: dict[str, dict] = {}
    held: set[str] = set()
    for row in rows:
        units.setdefault(row["phu_id"], {"phu_id": row["phu_id"], "phu_name": row["phu_name"]})
        if row["students"] is None or row["students"] > 0:
            held.add(row["phu_id"])
    return Scope(
        tuple(unit for phu_id, unit in units.items() if phu_id in held),
        tuple(unit for phu_id, unit in units.items() if phu_id not in held),
    )
