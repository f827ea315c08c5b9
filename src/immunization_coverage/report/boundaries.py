"""A user's GeoJSON boundaries, matched to the year's public health units and projected for drawing."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

from immunization_coverage.report.errors import BoundariesError

# Words of a unit's name that do not name a place.
GENERIC_WORDS = frozenset(
    "the of and public health unit units service services department department district districts region regional "
    "county counties city community bureau".split()
)
# Longitude and latitude of southern Ontario, where most units are.
SOUTH = (-83.4, 41.6, -74.2, 46.1)
WIDTH = 1000.0


@dataclass(frozen=True)
class Shape:
    """One drawn area: of one public health unit, of several taken together, or of none of the year's.

    `is_part`: the area is a part of a merged unit, under its name before the merger.
    """

    name: str
    phu_ids: tuple[str, ...]
    path: str
    label_x: float
    label_y: float
    size: float
    is_part: bool = False


@dataclass(frozen=True)
class Boundaries:
    shapes: list[Shape]
    width: float
    height: float
    south: tuple[float, float, float, float]
    unmatched_names: list[str]
    phu_ids_without_shape: list[str]

    @property
    def merged(self) -> list[Shape]:
        return [shape for shape in self.shapes if len(shape.phu_ids) > 1]


def place_words(name: str) -> frozenset[str]:
    words = re.findall(r"\w+", name.lower().replace("&", " and "))
    return frozenset(words) - GENERIC_WORDS


@dataclass(frozen=True)
class Match:
    """The year's units that a boundary shows; `is_part`: it is a part of one, under its name before the merger."""

    phu_ids: tuple[str, ...] = ()
    is_part: bool = False


def matched(name: str, phus: list[dict]) -> Match:
    """The unit with the same places in its name; else the unit that the named one merged into; else the units whose
    places make up the name, or that later merge into the named one."""
    words = place_words(name)
    places = {phu["phu_id"]: place_words(phu["phu_name"]) for phu in phus}
    same = [phu_id for phu_id, own in places.items() if own == words]
    if len(same) == 1:
        return Match((same[0],))
    for is_part, names in ((False, "other_names"), (True, "names_of_parts")):
        named = [phu["phu_id"] for phu in phus if words in map(place_words, phu.get(names, ()))]
        if words and len(named) == 1:
            return Match((named[0],), is_part)
    parts = [phu_id for phu_id, own in places.items() if own and own < words]
    covered = frozenset().union(*(places[phu_id] for phu_id in parts)) if parts else frozenset()
    disjoint = sum(len(places[phu_id]) for phu_id in parts) == len(covered)
    if len(parts) > 1 and covered == words and disjoint:
        return Match(tuple(parts))
    become = [phu["phu_id"] for phu in phus if words in map(place_words, phu.get("names_to_come", ()))]
    return Match(tuple(become) if words else ())


def match(names: list[str], phus: list[dict]) -> list[Match]:
    """The units of each boundary. A unit is drawn once, by its first boundary, unless the boundaries are its parts."""
    whole: set[str] = set()
    in_parts: set[str] = set()
    unique = []
    for found in (matched(name, phus) for name in names):
        ids = set(found.phu_ids)
        unique.append(Match() if ids & (whole if found.is_part else whole | in_parts) else found)
        (in_parts if found.is_part else whole).update(ids)
    return unique


def projected(longitude: float, latitude: float) -> tuple[float, float]:
    """Lambert conformal conic on a unit sphere, Ontario's parallels and meridian (EPSG 3161); y grows south."""
    parallel_1, parallel_2, origin = math.radians(44.5), math.radians(53.5), math.radians(-85)
    n = math.log(math.cos(parallel_1) / math.cos(parallel_2)) / math.log(
        math.tan(math.pi / 4 + parallel_2 / 2) / math.tan(math.pi / 4 + parallel_1 / 2)
    )
    f = math.cos(parallel_1) * math.tan(math.pi / 4 + parallel_1 / 2) ** n / n
    rho = f / math.tan(math.pi / 4 + math.radians(latitude) / 2) ** n
    theta = n * (math.radians(longitude) - origin)
    return rho * math.sin(theta), rho * math.cos(theta)


def rings(geometry: dict | None) -> list[list[tuple[float, float]]]:
    """The rings of a Polygon or MultiPolygon, in degrees. Raises BoundariesError for other shapes and coordinates."""
    geometry = geometry or {}
    polygons = {"Polygon": lambda c: [c], "MultiPolygon": lambda c: c}.get(geometry.get("type", ""))
    if polygons is None:
        raise BoundariesError("boundaries_not_polygons")
    found = [
        [(float(p[0]), float(p[1])) for p in ring] for polygon in polygons(geometry["coordinates"]) for ring in polygon
    ]
    if any(not (-180 <= x <= 180 and -90 <= y <= 90) for ring in found for x, y in ring):
        raise BoundariesError("boundaries_not_in_degrees")
    return found


def centroid(ring: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Centre and area of a ring."""
    area = x_sum = y_sum = 0.0
    for (x_0, y_0), (x_1, y_1) in zip(ring, ring[1:] + ring[:1], strict=True):
        cross = x_0 * y_1 - x_1 * y_0
        area += cross
        x_sum += (x_0 + x_1) * cross
        y_sum += (y_0 + y_1) * cross
    if abs(area) < 1e-12:
        return ring[0][0], ring[0][1], 0.0
    return x_sum / (3 * area), y_sum / (3 * area), abs(area / 2)


def names_of(features: list[dict], phus: list[dict]) -> list[str]:
    """Each feature's name: the text property by which most of them match a unit."""
    texts = [
        {key: value for key, value in (feature.get("properties") or {}).items() if isinstance(value, str) and value}
        for feature in features
    ]
    keys = dict.fromkeys(key for properties in texts for key in properties)
    counts = {
        key: sum(bool(found.phu_ids) for found in match([properties.get(key, "") for properties in texts], phus))
        for key in keys
    }
    best = max(counts, key=lambda key: counts[key], default="")
    return [properties.get(best, "?") for properties in texts]


def read_boundaries(path: str | Path, phus: list[dict]) -> Boundaries:
    """Reads a GeoJSON file and matches it with the year's units. Raises BoundariesError if it cannot be drawn."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise BoundariesError("boundaries_not_read", path=path) from error
    except json.JSONDecodeError as error:
        raise BoundariesError("boundaries_not_json", path=path, line=error.lineno) from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        raise BoundariesError("boundaries_without_features", path=path)

    names = names_of(features, phus)
    matches = match(names, phus)
    if not any(found.phu_ids for found in matches):
        raise BoundariesError("boundaries_without_units", path=path)

    drawn = [[[projected(*point) for point in ring] for ring in rings(feature.get("geometry"))] for feature in features]
    points = [point for areas in drawn for ring in areas for point in ring]
    left, top = min(x for x, _ in points), min(y for _, y in points)
    scale = WIDTH / (max(x for x, _ in points) - left)
    height = (max(y for _, y in points) - top) * scale

    def on_page(point: tuple[float, float]) -> tuple[float, float]:
        return (point[0] - left) * scale, (point[1] - top) * scale

    shapes = []
    for name, found, areas in zip(names, matches, drawn, strict=True):
        on_paper = [[on_page(point) for point in ring] for ring in areas]
        path_data = "".join("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in ring) + "Z" for ring in on_paper)
        label_x, label_y, size = max((centroid(ring) for ring in on_paper), key=lambda found: found[2])
        shapes.append(Shape(name, found.phu_ids, path_data, label_x, label_y, size, found.is_part))

    corners = [on_page(projected(x, y)) for x in (SOUTH[0], SOUTH[2]) for y in (SOUTH[1], SOUTH[3])]
    x_from, y_from = min(x for x, _ in corners), min(y for _, y in corners)
    south = (x_from, y_from, max(x for x, _ in corners) - x_from, max(y for _, y in corners) - y_from)
    drawn_ids = {phu_id for found in matches for phu_id in found.phu_ids}
    return Boundaries(
        shapes=shapes,
        width=WIDTH,
        height=height,
        south=south,
        unmatched_names=[name for name, found in zip(names, matches, strict=True) if not found.phu_ids],
        phu_ids_without_shape=[phu["phu_id"] for phu in phus if phu["phu_id"] not in drawn_ids],
    )
