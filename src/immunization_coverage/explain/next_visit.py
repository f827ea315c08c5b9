"""The student's next visit in one sentence for a parent, as `icw explain` and `icw lists` print it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date


def listed(texts: list[str]) -> str:
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def lower_first(name: str) -> str:
    """A disease's name within a sentence."""
    return name[:1].lower() + name[1:] + (" disease" if name == "Meningococcal" else "")


def day_of_list(as_of: date, assessment_date: date) -> str:
    return f"{as_of}, the end of the school year" if as_of == assessment_date else str(as_of)


def next_visit(doses: list[dict], not_offered: Sequence[str] = ()) -> str:
    """`doses` have visit_date, agent and name (of the disease), in the order in which diseases are named.
    `not_offered` are the diseases against which no product is offered."""
    visits: dict[date, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for dose in doses:
        visits[dose["visit_date"]][dose["agent"]].append(lower_first(dose["name"]))
    said: list[str] = []
    for day, agents in sorted(visits.items()):
        injections = f"{len(agents)} injection{'' if len(agents) == 1 else 's'}"
        against = listed(list(dict.fromkeys(name for names in agents.values() for name in names)))
        visit = "then" if said else "Next visit"
        said.append(f"{visit} on {day} or later: {listed(list(agents))} ({injections}), against {against}")
    if not_offered:
        nothing = f"no vaccine is offered against {listed([lower_first(name) for name in not_offered])}"
        said.append(nothing if said else nothing[:1].upper() + nothing[1:])
    return f"{'; '.join(said) or 'No visit is needed'}."
