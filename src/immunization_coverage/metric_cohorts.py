"""Refuses queries of metrics that would add up antigens or ages, and says what to add to the query."""

import functools
import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

MANIFEST = Path("target/semantic_manifest.json")
# The entities that a query has to name if the metric's rows have them.
COHORT = ("age", "antigen")


def missing_entities(manifest: dict, metrics: Iterable[str], named: str) -> dict[str, list[str]]:
    """By metric, the entities of its cohorts that `named` (groupings and filters) does not mention."""
    entities = {
        measure["name"]: {entity["name"] for entity in model["entities"]}
        for model in manifest["semantic_models"]
        for measure in model["measures"]
    }
    measures = {
        metric["name"]: [measure["name"] for measure in metric["type_params"]["input_measures"]]
        for metric in manifest["metrics"]
    }
    words = set(re.findall(r"[a-z]+", named.lower()))
    found = {}
    for metric in metrics:
        asked = set().union(*(entities[measure] for measure in measures.get(metric, [])))
        if missing := [name for name in COHORT if name in asked and name not in words]:
            found[metric] = missing
    return found


def refusal(found: dict[str, list[str]]) -> str:
    """The sentence for the metric that lacks most entities, with what to add."""
    metric, missing = max(found.items(), key=lambda item: len(item[1]))
    filters = {"age": "{{ Entity('age') }} = 7", "antigen": "{{ Entity('antigen') }} = 'measles'"}
    return (
        f"{metric} does not add up over {' and '.join(f'{name}s' for name in missing)}: group by {','.join(missing)}, "
        f'or filter to one, as --where "{" and ".join(filters[name] for name in missing)}".'
    )


def refusing(query: Callable) -> Callable:
    """MetricFlow's query, once every cohort is named."""

    @functools.wraps(query)
    def checked(
        *arguments: Any,
        metrics: Sequence[str] | None = None,
        group_by: Sequence[str] | None = None,
        where: str | Sequence[str] | None = (),
        **options: Any,
    ) -> Any:
        conditions = [where] if isinstance(where, str) else list(where or ())
        if metrics and MANIFEST.is_file():
            manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
            if found := missing_entities(manifest, metrics, " ".join([*(group_by or ()), *conditions])):
                raise click.UsageError(refusal(found))
        return query(*arguments, metrics=metrics, group_by=group_by, where=where, **options)

    return checked
