"""Which part of the province the data hold: every public health unit of the year, some of them, or one."""

from __future__ import annotations

from dataclasses import dataclass

# One unit's extract also holds students who have changed to a school elsewhere: the unit has at least this share.
SHARE_OF_ONE = 0.95


@dataclass(frozen=True)
class Scope:
    """The public health units with students, those of the school year without any, and those whose students are only
    the few in one unit's extract who go to school elsewhere."""

    units: tuple[dict, ...]
    lacking: tuple[dict, ...]
    elsewhere: tuple[dict, ...] = ()

    @property
    def total(self) -> int:
        return len(self.units) + len(self.lacking) + len(self.elsewhere)

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
    def has_all(self) -> bool:
        """Whether its units are all that the data hold."""
        return not self.elsewhere

    @property
    def has_map(self) -> bool:
        """A map of a few units is mostly empty, and says less than their ranking."""
        return len(self.units) * 2 >= self.total > 1


def scope_of(rows: list[dict]) -> Scope:
    """The scope of a school year's rows by unit. A number of students that is withheld is not zero, and may be large:
    where one is, no unit is taken for nearly all."""
    units: dict[str, dict] = {}
    sizes: dict[str, int] = {}
    is_known = all(row["students"] is not None for row in rows)
    for row in rows:
        units.setdefault(row["phu_id"], {"phu_id": row["phu_id"], "phu_name": row["phu_name"]})
        if row["students"] is None or row["students"] > 0:
            sizes[row["phu_id"]] = sizes.get(row["phu_id"], 0) + (row["students"] or 0)
    largest = max(sizes, key=lambda phu_id: sizes[phu_id], default=None)
    is_of_one = is_known and largest is not None and 0 < SHARE_OF_ONE * sum(sizes.values()) <= sizes[largest]
    shown = {largest} if is_of_one else set(sizes)

    def of(phu_ids: set) -> tuple[dict, ...]:
        return tuple(unit for phu_id, unit in units.items() if phu_id in phu_ids)

    return Scope(of(shown), of(units.keys() - sizes.keys()), of(sizes.keys() - shown))
