"""Texts and number formats of the report's two languages. The texts are data: `texts/<language>.yml`."""

from __future__ import annotations

import datetime
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

import yaml

from immunization_coverage.project import ROOT

FOLDER = ROOT / "report" / "texts"
LANGUAGES = ("en", "fr")


def rounded(value: float, decimals: int) -> Decimal:
    """Half away from zero, as people round; Python's own `round` goes to the even digit."""
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


class Language:
    """One language's texts, called with a dotted key: `language("coverage.title", age=7)`.

    A key that the file lacks is an error: a report with half of its texts in another language is no report.
    """

    def __init__(self, code: str):
        if code not in LANGUAGES:
            raise ValueError(f"no texts for the language {code!r}; there are {', '.join(LANGUAGES)}")
        self.code = code
        self.texts = yaml.safe_load((FOLDER / f"{code}.yml").read_text(encoding="utf-8"))

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
            text = text[self._form(int(values["count"]), text)]
        if not isinstance(text, str):
            raise KeyError(f"texts/{self.code}.yml has no text {key}")
        if isinstance(values.get("count"), int):
            values["count"] = self.number(values["count"])
        return self._spaced(text.format(**values))

    def _spaced(self, text: str) -> str:
        """No-break spaces where French typography has them."""
        if self.code != "fr":
            return text
        return re.sub(r" (?=[:%»])|(?<=«) ", "\u00a0", text)

    def _form(self, count: int, forms: dict) -> str:
        if count == 0 and "none" in forms:
            return "none"
        # French counts 0 with the singular.
        return "one" if count == 1 or (count == 0 and self.code == "fr") else "other"

    def spaced(self, key: str) -> str | None:
        """A text that may be missing, without values to fill in."""
        text = self.find(key)
        return self._spaced(text) if isinstance(text, str) else None

    def entries(self, key: str) -> dict | list:
        found = self.find(key)
        if not isinstance(found, dict | list):
            raise KeyError(f"texts/{self.code}.yml has no entries {key}")
        if isinstance(found, list):
            return [self._spaced(text) for text in found]
        return found

    def number(self, value: float | None, decimals: int = 0) -> str:
        """`12,345.6` or `12 345,6` (with a no-break space)."""
        if value is None:
            return ""
        text = f"{rounded(value, decimals):,}"
        if self.code == "fr":
            text = text.replace(",", "\u00a0").replace(".", ",")
        return text.replace("-", "\u2212")

    def percent(self, value: float, decimals: int = 1) -> str:
        return self.number(value, decimals) + ("\u00a0%" if self.code == "fr" else "%")

    def goal(self, value: float) -> str:
        """A goal as it is set: 95 %, not 95.0 %."""
        return self.percent(value, 0 if float(value).is_integer() else 1)

    def date(self, value: datetime.datetime) -> str:
        month = self.entries("months")[value.month - 1]
        return self("date", day=self("first_day") if value.day == 1 else value.day, month=month, year=value.year)

    def joined(self, items: list[str]) -> str:
        """`a, b and c`."""
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} {self('and')} {items[-1]}"

    def school_year(self, school_year: str) -> str:
        return school_year.replace("-", "\u2013")

    def antigen(self, antigen: str, form: str = "name") -> str:
        """`name` starts a label, `plain` stands in a list, `of` follows or precedes the word coverage."""
        return self(f"antigens.{antigen}.{form}")

    def phu(self, row: dict, form: str = "short") -> str:
        """Name of a row's public health unit; the mart's own for one that the texts do not know."""
        if row["phu_id"] is None:
            return self("province")
        known = self.find(f"public_health_units.{row['phu_id']}")
        return known.get(form, row["phu_name"]) if isinstance(known, dict) else row["phu_name"]

    def rule(self, definition: str) -> str:
        """A rule of `antigen_definitions`, whose sentences are English, by the phrases of the language."""
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
