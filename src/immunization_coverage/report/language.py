"""Texts and number formats of the report's two languages. The texts are data: `texts/<language>.yml`."""

from __future__ import annotations

import copy
import datetime
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml
from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal

from immunization_coverage.project import ROOT

if TYPE_CHECKING:
    from immunization_coverage.report.scope import Scope
    from immunization_coverage.years import BuiltYear

FOLDER = ROOT / "report" / "texts"
LOCALES = {"en": "en_CA", "fr": "fr_CA"}
LANGUAGES = tuple(LOCALES)
# Where French typography has no-break spaces: wide ones before a colon, a percent sign and within quotation marks,
# narrow ones before the other marks, and one between a number and what it counts.
UNITS = "ans?|mois|jours?|points?|janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
FRENCH_SPACES = (
    (re.compile(r" (?=[:%»])|(?<=«) "), "\u00a0"),
    (re.compile(rf"(?<=\d) (?=(?:{UNITS})\b)|(?<=1er) (?={UNITS}\b)"), "\u00a0"),
    (re.compile(r"(?<=\S) ?(?=[;!?](?:\s|$))"), "\u202f"),
)


def rounded(value: float, decimals: int) -> Decimal:
    """Half away from zero, as people round; Python's own `round` goes to the even digit."""
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


# A report prints most of its numbers several times: on the map, in the ranking and in the table.
@cache
def formatted(value: float, decimals: int, locale: Locale) -> str:
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(rounded(value, decimals), pattern, locale).replace("-", "\u2212")


class Language:
    """One language's texts, called with a dotted key: `language("coverage.title", age=7)`.

    Raises KeyError for a key that the file lacks, so that a report never mixes languages.
    """

    def __init__(self, code: str):
        if code not in LANGUAGES:
            raise ValueError(f"no texts for the language {code!r}; there are {', '.join(LANGUAGES)}")
        self.code = code
        self.locale = Locale.parse(LOCALES[code])
        self.texts = yaml.safe_load((FOLDER / f"{code}.yml").read_text(encoding="utf-8"))
        self.place: dict[str, str] = {}
        self.place = self._place("province")

    def within(self, scope: Scope) -> Language:
        """The same texts, in which the whole is called what the data hold."""
        within = copy.copy(self)
        unit = scope.units[0] if scope.is_unit else {"phu_id": None}
        names = {"unit": self.phu(unit), "unit_name": self.phu(unit, "name"), "units": self.number(len(scope.units))}
        within.place = self._place(scope.kind, **names)
        return within

    def _place(self, kind: str, **names: str) -> dict[str, str]:
        """Words that every text may use, for what the data hold."""
        forms = {"place": "short", "place_label": "label", "place_name": "name", "place_in": "in"}
        return {word: self(f"places.{kind}.{form}", **names) for word, form in forms.items()}

    def find(self, key: str) -> Any:
        found = self.texts
        for part in key.split("."):
            if not isinstance(found, dict) or part not in found:
                return None
            found = found[part]
        return found

    def __call__(self, key: str, **values: Any) -> str:
        """The text of `key`. Where it has the forms `one` and `other` (and `none`), `count` decides."""
        text = self.find(key)
        if isinstance(text, dict):
            text = text[self._form(values["count"], text)]
        if not isinstance(text, str):
            raise KeyError(f"texts/{self.code}.yml has no text {key}")
        if isinstance(values.get("count"), int):
            values["count"] = self.number(values["count"])
        return self._spaced(text.format(**self.place | values))

    def _spaced(self, text: str) -> str:
        """No-break spaces where French typography has them."""
        if self.code == "fr":
            for place, space in FRENCH_SPACES:
                text = place.sub(space, text)
        return text

    def _form(self, count: int | Decimal, forms: dict) -> str:
        if count == 0 and "none" in forms:
            return "none"
        # French has a form for millions ("un million d'élèves"), which no text needs.
        return "one" if self.locale.plural_form(count) == "one" else "other"

    def spaced(self, key: str) -> str | None:
        """A text that may be missing, without values to fill in."""
        text = self.find(key)
        return self._spaced(text) if isinstance(text, str) else None

    def entries(self, key: str) -> dict | list:
        """The texts below `key`, as a dictionary or list. Raises KeyError if there are none."""
        found = self.find(key)
        if not isinstance(found, dict | list):
            raise KeyError(f"texts/{self.code}.yml has no entries {key}")
        if isinstance(found, list):
            return [self._spaced(text) for text in found]
        return found

    def number(self, value: float | None, decimals: int = 0) -> str:
        """`12,345.6` or `12 345,6` (with a no-break space)."""
        return "" if value is None else formatted(value, decimals, self.locale)

    def percent(self, value: float, decimals: int = 1) -> str:
        return self.number(value, decimals) + ("\u00a0%" if self.code == "fr" else "%")

    def goal(self, value: float) -> str:
        """A goal as it is set: 95 %, not 95.0 %."""
        return self.percent(value, 0 if float(value).is_integer() else 1)

    def date(self, value: datetime.date) -> str:
        """`December 1, 2018` or `1er décembre 2018`, which Babel writes without the ordinal."""
        text = format_date(value, "long", self.locale)
        return self._spaced(re.sub(r"^1 ", "1er ", text) if self.code == "fr" else text)

    def joined(self, items: list[str]) -> str:
        """`a, b and c`."""
        return format_list(items, locale=self.locale)

    def what_if(self, year: BuiltYear, text: str = "notice") -> str:
        """That numbers are not those that are reported of the school year, and how they differ; `label` for a list."""
        definitions, _, day = year.definitions.partition(", recorded by ")
        said = []
        if definitions != year.school_year:
            said.append(self("what_if.definitions", definitions=self.school_year(definitions)))
        if day:
            said.append(self("what_if.recorded_by", day=self.date(datetime.date.fromisoformat(day))))
        return self(f"what_if.{text}", school_year=self.school_year(year.school_year), how=self.joined(said))

    def year(self, year: BuiltYear) -> str:
        return self.school_year(year.school_year) if year.is_as_reported else self.what_if(year, "label")

    def school_year(self, school_year: str) -> str:
        """`2018-19` as the language writes it: 2018–19 or 2018-2019."""
        first = int(school_year[:4])
        return f"{first}-{first + 1}" if self.code == "fr" else school_year.replace("-", "\u2013")

    def antigen(self, antigen: str, form: str = "name") -> str:
        """`name` starts a label, `plain` stands in a list, `of` goes with coverage, vaccination or vaccine."""
        return self(f"antigens.{antigen}.{form}")

    def phu(self, row: dict, form: str = "short") -> str:
        """Name of a row's public health unit; the mart's own for one that the texts do not know."""
        if row["phu_id"] is None:
            return self.place["place_name" if form == "name" else "place_label"]
        known = self.find(f"public_health_units.{row['phu_id']}")
        return known.get(form, row["phu_name"]) if isinstance(known, dict) else row["phu_name"]

    def diseases(self, names: str | None) -> str:
        """Names of designated diseases, separated by commas, as the warehouse lists them."""
        return ", ".join(self.spaced(f"diseases.{name}") or name for name in (names or "").split(", "))

    def school_type(self, name: str | None) -> str:
        """A school type as the registry spells it; in words of the language where it is a known one."""
        known = " ".join(re.findall(r"[a-z]+", (name or "").casefold()))
        return self.spaced(f"school_types.{known}") or name or "–"

    def rule(self, definition: str) -> str:
        """A rule of `antigen_definitions` or a recommended age, which are English, by the phrases of the language."""
        for pattern, replacement in _phrases(self):
            definition = pattern.sub(replacement, definition)
        return self._spaced(definition)


@cache
def _phrases(language: Language) -> list[tuple[re.Pattern, str]]:
    return [(re.compile(pattern), replacement) for pattern, replacement in language.find("rule_phrases") or []]


def sort_key(text: str) -> str:
    """Alphabetic order without regard to case and accents."""
    return unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode("ascii").casefold()


def first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
