"""A second reading of the Technical Annex (immunization coverage, Ontario school pupils), in plain Python.

It shares nothing with the SQL build: each antigen's section of Appendix 1 is a function here, in the annex's own words,
so that the two can be compared on any extracts. `assess` reads the five raw CSV extracts and returns the rows of the
contract's tables; `assess_antigen` and `evaluate_doses` look at one student's history.

Units: an age or interval called "days" is days; "months" and "years" are calendar (29 February plus a year is 28
February).
Ranges: "≥ x" includes the day itself, "< x" excludes it.
"""

import csv
import re
from calendar import monthrange
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

# ---------------------------------------------------------------------------------------------------------------------
# What comes out
# ---------------------------------------------------------------------------------------------------------------------

COLUMNS = {
    "students": ("client_id", "age", "phu_name", "education_record_id", "assignment_decision"),
    "student_antigens": (
        "client_id", "age", "antigen", "valid_doses", "has_any_dose", "has_valid_dose", "is_up_to_date_by_doses",
        "has_evidence_of_immunity", "is_up_to_date",
    ),
    "doses": (
        "client_id", "antigen", "schedule", "immunization_id", "administered_date", "is_valid", "dose_number", "reason",
    ),
    "student_exemptions": ("client_id", "age", "antigen", "has_medical_exemption", "has_nonmedical_exemption"),
    "coverage": ("geography", "phu_name", "age", "antigen", "students", "students_up_to_date"),
    "coverage_all_ispa": ("geography", "phu_name", "age", "students", "students_up_to_date"),
    "exemptions": (
        "geography", "phu_name", "age", "antigen", "students", "students_medical", "students_nonmedical",
    ),
    "exemptions_any_ispa": ("geography", "phu_name", "age", "students", "students_medical", "students_nonmedical"),
    "series_uptake": (
        "geography", "phu_name", "age", "antigen", "gender", "students", "students_initiated", "students_completed",
        "students_unimmunized",
    ),
    "school_assignment": ("age", "kind", "name", "students", "records"),
}

SAME_DAY_DUPLICATE = "same_day_duplicate"
AGENT_NOT_IN_SCHEDULE = "agent_not_in_schedule"
EXTRA_DOSE = "extra_dose"
BEFORE_BIRTH = "before_birth"
TOO_YOUNG = "too_young"
TOO_OLD = "too_old"
OUTSIDE_WINDOW = "outside_window"
LIVE_VACCINE_INTERACTION = "live_vaccine_interaction"
POLYSACCHARIDE_INTERACTION = "polysaccharide_interaction"
INTERVAL_TOO_SHORT = "interval_too_short"

REASONS = (
    SAME_DAY_DUPLICATE, AGENT_NOT_IN_SCHEDULE, EXTRA_DOSE, BEFORE_BIRTH, TOO_YOUNG, TOO_OLD, OUTSIDE_WINDOW,
    LIVE_VACCINE_INTERACTION, POLYSACCHARIDE_INTERACTION, INTERVAL_TOO_SHORT,
)

DECISIONS = ("single_record", "attended_june_30", "age_appropriate_school", "longest_attendance", "tie_break")
DROPPED = (
    "no_school_id", "unknown_school", "holding_school", "school_type_other", "not_a_phu",
    "school_type_conflicts_with_age", "outside_school_year",
)

# Ontario's public health units before 1 May 2018.
FIRST_UNITS = (
    "Algoma Public Health Unit",
    "Brant County Health Unit",
    "Chatham-Kent Public Health Unit",
    "Durham Region Health Department",
    "Eastern Ontario Health Unit",
    "Elgin-St. Thomas Health Unit",
    "Grey Bruce Health Unit",
    "Haldimand-Norfolk Health Unit",
    "Haliburton, Kawartha, Pine Ridge District Health Unit",
    "Halton Region Health Department",
    "Hamilton Public Health Services",
    "Hastings and Prince Edward Counties Health Unit",
    "Huron County Health Unit",
    "Kingston, Frontenac and Lennox & Addington Public Health",
    "Lambton Public Health",
    "Leeds, Grenville and Lanark District Health Unit",
    "Middlesex-London Health Unit",
    "Niagara Region Public Health Unit",
    "North Bay Parry Sound District Health Unit",
    "Northwestern Health Unit",
    "Ottawa Public Health",
    "Oxford County Public Health",
    "Peel Public Health",
    "Perth District Health Unit",
    "Peterborough County-City Health Unit",
    "Porcupine Health Unit",
    "Region of Waterloo, Public Health",
    "Renfrew County and District Health Unit",
    "Simcoe Muskoka District Health Unit",
    "Sudbury and District Health Unit",
    "Thunder Bay District Health Unit",
    "Timiskaming Health Unit",
    "Toronto Public Health",
    "Wellington-Dufferin-Guelph Public Health",
    "Windsor-Essex County Health Unit",
    "York Region Public Health Services",
)

# The day of each merger, what the units became, and the units.
MERGERS = (
    (date(2018, 5, 1), "Southwestern Public Health", ("Elgin-St. Thomas Health Unit", "Oxford County Public Health")),
    (date(2020, 1, 1), "Huron Perth Health Unit", ("Huron County Health Unit", "Perth District Health Unit")),
    (date(2025, 1, 1), "Northeastern Health Unit", ("Porcupine Health Unit", "Timiskaming Health Unit")),
    (date(2025, 1, 1), "Grand Erie Health Unit", ("Brant County Health Unit", "Haldimand-Norfolk Health Unit")),
    (
        date(2025, 1, 1), "Haliburton Kawartha Northumberland Peterborough Health Unit",
        ("Haliburton, Kawartha, Pine Ridge District Health Unit", "Peterborough County-City Health Unit"),
    ),
    (
        date(2025, 1, 1), "South East Health Unit",
        (
            "Hastings and Prince Edward Counties Health Unit",
            "Kingston, Frontenac and Lennox & Addington Public Health",
            "Leeds, Grenville and Lanark District Health Unit",
        ),
    ),
)

OTHER_UNIT_NAMES = {
    "Elgin St Thomas": "Elgin-St. Thomas Health Unit",
    "Northwestern Ontario Health Unit": "Northwestern Health Unit",
    "Huron Perth Public Health": "Huron Perth Health Unit",
    "Northeastern Public Health": "Northeastern Health Unit",
    "Grand Erie Public Health": "Grand Erie Health Unit",
    "Lakelands Public Health": "Haliburton Kawartha Northumberland Peterborough Health Unit",
    "Southeast Public Health": "South East Health Unit",
}


def units_in(first_year):
    """The units that exist on the school year's assessment date, 31 August of its second year."""
    units = list(FIRST_UNITS)
    for day, successor, parts in MERGERS:
        if day <= date(first_year + 1, 8, 31):
            units = [unit for unit in units if unit not in parts] + [successor]
    return tuple(sorted(units))


def unit_names_in(first_year):
    """The unit that a name means in the school year: an old name its successor, once that exists; the name of a unit
    that does not exist yet means none."""
    units = units_in(first_year)
    became = {part: successor for _, successor, parts in MERGERS for part in parts}
    every_name = {unit: unit for unit in (*FIRST_UNITS, *became.values())} | OTHER_UNIT_NAMES
    meant = {name: unit if unit in units else became.get(unit) for name, unit in every_name.items()}
    return {comparable(name): unit for name, unit in meant.items() if unit in units}


PUBLIC_HEALTH_UNITS = units_in(2018)

# ---------------------------------------------------------------------------------------------------------------------
# Text and dates
# ---------------------------------------------------------------------------------------------------------------------

SEPARATORS = re.compile("[\\s\\u002d\\u2010-\\u2015\\u2212]+")
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ISO_DATE = re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})", re.ASCII)
YEAR_FIRST = re.compile(r"(?P<y>\d{4}) (?P<b>[A-Za-z]{3}) (?P<d>\d{1,2})", re.ASCII)
MONTH_FIRST = re.compile(r"(?P<b>[A-Za-z]{3}) (?P<d>\d{1,2}), (?P<y>\d{4})", re.ASCII)


@cache
def comparable(text):
    """Agents, antigens, reasons, school types and PHU names compare without regard to case, outer blanks,
    and which blanks, hyphens or dashes separate their words."""
    return SEPARATORS.sub("-", text.strip().lower())


def _set(*texts):
    return frozenset(comparable(t) for t in texts)


# Of Excel, SQL Server and Oracle; others are not among the random extracts.
FIRST_AND_LAST_DAYS = {date(1900, 1, 1), date(4712, 12, 31), date(9999, 12, 31)}


@cache
def parse_date(text):
    """`2013-08-20`, `2013 AUG 20` or `Aug 20, 2013`; anything else is missing (None), as is a day that a program writes
    where there is none."""
    day = day_written(text.strip())
    return None if day in FIRST_AND_LAST_DAYS else day


def day_written(text):
    found = ISO_DATE.fullmatch(text) or YEAR_FIRST.fullmatch(text) or MONTH_FIRST.fullmatch(text)
    if not found:
        return None
    parts = found.groupdict()
    try:
        month = int(parts["m"]) if "m" in parts else MONTH_NAMES.index(parts["b"].lower()) + 1
        return date(int(parts["y"]), month, int(parts["d"]))
    except ValueError:
        return None


@cache
def plus_months(day, months):
    """Calendar months later; where the month is too short, its last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def plus_years(day, years):
    """Calendar years later; 29 February becomes 28 February in a common year."""
    return plus_months(day, 12 * years)


def days_after(day, earlier):
    """Whole days from `earlier` to `day`."""
    return (day - earlier).days


# ---------------------------------------------------------------------------------------------------------------------
# The school year
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SchoolYear:
    """Annex, "Data Management" and "Age Cohorts": 1 September of the first year to 31 August, the assessment date."""

    first_year: int

    @property
    def starts(self):
        return date(self.first_year, 9, 1)

    @property
    def assessment_date(self):
        return date(self.first_year + 1, 8, 31)

    @property
    def june_30(self):
        return date(self.first_year + 1, 6, 30)

    def age_of(self, birth):
        """The age reached by 31 December of the first year, in years."""
        return self.first_year - birth.year


# ---------------------------------------------------------------------------------------------------------------------
# One student's history
# ---------------------------------------------------------------------------------------------------------------------


def smallest_id(text):
    """Ids sort as text, a missing one last; rows without ids stay in the order of the file."""
    return text == "", text


@dataclass(frozen=True)
class Dose:
    """One immunization record; `agent` as exported, any spelling."""

    immunization_id: str
    given: date
    agent: str
    trade_name: str = ""

    def __post_init__(self):
        object.__setattr__(self, "agent", comparable(self.agent))


LIVE_VACCINES = _set(
    "M", "MR", "MMR", "MMR-Var", "Mu", "R", "Var", "YF", "Sma", "Zos", "Zos-unspecified", "BCG vaccine"
)
MENINGOCOCCAL_POLYSACCHARIDES_WITH_C = _set("Men-P-ACYW-135", "men-p-AC unspecified", "men-p-unspecified")
MENINGOCOCCAL_POLYSACCHARIDES = MENINGOCOCCAL_POLYSACCHARIDES_WITH_C | _set("men-p-A unspecified")
PNEUMOCOCCAL_POLYSACCHARIDES = _set("Pneu-P-23", "pneu-p-unspecified")


class History:
    """A student's dated doses up to the assessment date, in order, and what any dose must look back at."""

    def __init__(self, birth, doses, school_year=2018, gender="F"):
        self.birth = birth
        self.gender = gender
        self.year = SchoolYear(school_year)
        self.age = self.year.age_of(birth)
        counted = (d for d in doses if d.given is not None and d.given <= self.year.assessment_date)
        self.doses = sorted(counted, key=lambda d: (d.given, smallest_id(d.immunization_id)))
        live = sorted({d.given for d in self.doses if d.agent in LIVE_VACCINES})
        # The nearest earlier live dose decides: if that one is 28 days away, all others are further.
        self._too_soon_after_live = {b for a, b in pairwise(live) if days_after(b, a) < 28}
        self._polysaccharides = {}

    def turns(self, years=0, months=0):
        """The day the student reaches this calendar age."""
        return plus_months(self.birth, 12 * years + months)

    def turns_days(self, days):
        """The day the student is this many days old."""
        return self.birth + timedelta(days=days)

    def is_before(self, dose, years=0, months=0):
        """Whether the dose was received below this calendar age."""
        return dose.given < self.turns(years, months)

    def follows_live_dose(self, dose):
        """Annex, "Vaccine Interactions": any live dose 1 to 27 days earlier, of any antigen, valid or not."""
        return dose.given in self._too_soon_after_live

    def polysaccharide_dates(self, agents):
        """Dates of the polysaccharide doses at ≥2 years old; "<2 years of age are ignored"."""
        if agents not in self._polysaccharides:
            self._polysaccharides[agents] = [
                d.given for d in self.doses if d.agent in agents and not self.is_before(d, years=2)
            ]
        return self._polysaccharides[agents]

    # Each condition below answers None when it is met and otherwise the reason for refusing the dose.

    def at_least(self, dose, years=0, months=0, days=None):
        """Received at this age or later."""
        from_day = self.turns_days(days) if days is not None else self.turns(years, months)
        return None if dose.given >= from_day else TOO_YOUNG

    def under(self, dose, years=0, months=0):
        """Received before reaching this age."""
        return None if self.is_before(dose, years, months) else TOO_OLD

    def clear_of_live_doses(self, dose):
        """Received on the same day or ≥28 days after any preceding live-virus vaccine, own antigen included."""
        return LIVE_VACCINE_INTERACTION if self.follows_live_dose(dose) else None

    def clear_of_polysaccharide_days(self, dose, agents, days):
        """Received on the same day or this many days after any previous polysaccharide dose."""
        recent = any(p < dose.given and days_after(dose.given, p) < days for p in self.polysaccharide_dates(agents))
        return POLYSACCHARIDE_INTERACTION if recent else None

    def clear_of_polysaccharide_years(self, dose, agents, years):
        """Received on the same day or this many calendar years after any preceding polysaccharide dose."""
        recent = any(p < dose.given < plus_years(p, years) for p in self.polysaccharide_dates(agents))
        return POLYSACCHARIDE_INTERACTION if recent else None


def history_of_any_day(birth, gender, doses, school_year=2018):
    """All doses, those after the assessment date too: what would be, were they given."""
    history = History(birth, doses, school_year + 50, gender)
    history.year = SchoolYear(school_year)
    history.age = history.year.age_of(birth)
    return history


def spaced_days(dose, earlier, days):
    """Received this many days or more after an earlier valid dose."""
    return None if days_after(dose.given, earlier.given) >= days else INTERVAL_TOO_SHORT


def spaced_years(dose, earlier, years):
    """Received this many calendar years or more after an earlier valid dose."""
    return None if dose.given >= plus_years(earlier.given, years) else INTERVAL_TOO_SHORT


# ---------------------------------------------------------------------------------------------------------------------
# Valid dose definitions, Appendix 1
#
# Each function takes the history, the valid doses so far and the dose in hand. It returns the alternatives ("one of the
# following") that apply to the next slot after those valid doses, each a tuple of the rule's name and its conditions.
# An empty list means that no slot is left, or that none can be filled any more.
# ---------------------------------------------------------------------------------------------------------------------


def diphtheria_tetanus_pertussis(h, valid, dose):
    """Appendix 1, "Diphtheria", "Tetanus", "Pertussis": valid dose definitions, six slots. All three
    print the same."""
    number = len(valid) + 1
    if number == 1:
        return [("1: at ≥42 days old", h.at_least(dose, days=42))]
    if number == 2:
        return [("2: ≥28 days after first", spaced_days(dose, valid[0], 28))]

    started_under_7 = h.is_before(valid[0], years=7)
    if number == 3:
        if started_under_7:
            return [("3: first at <7 years, ≥28 days after second", spaced_days(dose, valid[1], 28))]
        return [("3: first at ≥7 years, ≥168 days after second", spaced_days(dose, valid[1], 168))]

    if number == 4:
        if started_under_7:
            return [(
                "4: first at <7 years, ≥168 days after third, ≥1 year old",
                spaced_days(dose, valid[2], 168),
                h.at_least(dose, years=1),
            )]
        return [
            ("4: first at ≥7 years, ≥10 years after third", spaced_years(dose, valid[2], 10)),
            (
                "4: first at ≥7 years, ≥28 days after third, ≥14 years old",
                spaced_days(dose, valid[2], 28),
                h.at_least(dose, years=14),
            ),
        ]

    if number == 5:
        if not started_under_7:
            return [("5: first at ≥7 years, ≥10 years after fourth", spaced_years(dose, valid[3], 10))]
        if h.is_before(valid[3], years=4):
            return [(
                "5: fourth at 1 to <4 years, ≥28 days after fourth, ≥4 years old",
                spaced_days(dose, valid[3], 28),
                h.at_least(dose, years=4),
            )]
        return [
            ("5: fourth at ≥4 years, ≥10 years after fourth", spaced_years(dose, valid[3], 10)),
            (
                "5: fourth at ≥4 years, ≥28 days after fourth, ≥14 years old",
                spaced_days(dose, valid[3], 28),
                h.at_least(dose, years=14),
            ),
        ]

    if number == 6:
        if not started_under_7:
            return [("6: first at ≥7 years, ≥10 years after fifth", spaced_years(dose, valid[4], 10))]
        if not h.is_before(valid[3], years=4):
            return [("6: fourth at ≥4 years, ≥10 years after fifth", spaced_years(dose, valid[4], 10))]
        return [
            ("6: fourth at 1 to <4 years, ≥10 years after fifth", spaced_years(dose, valid[4], 10)),
            (
                "6: fourth at 1 to <4 years, ≥28 days after fifth, ≥14 years old",
                spaced_days(dose, valid[4], 28),
                h.at_least(dose, years=14),
            ),
        ]
    return []


def hib(h, valid, dose):
    """Appendix 1, "Haemophilus influenzae type b (Hib)": valid dose definitions. The age at the first valid dose says
    how many slots there are: <7 months four, 7 to <12 months three, 12 to <15 months two, ≥15 months one."""
    number = len(valid) + 1
    if number == 1:
        return [("1: at ≥42 days old", h.at_least(dose, days=42))]

    first = valid[0]
    if number == 2:
        if h.is_before(first, months=12):
            return [("2: first at <12 months, ≥28 days after first", spaced_days(dose, first, 28))]
        if h.is_before(first, months=15):
            return [("2: first at 12 to <15 months, ≥56 days after first", spaced_days(dose, first, 56))]

    if number == 3:
        if h.is_before(first, months=7):
            return [("3: first at <7 months, ≥28 days after second", spaced_days(dose, valid[1], 28))]
        if h.is_before(first, months=12):
            return [(
                "3: first at 7 to <12 months, ≥56 days after second, ≥1 year old",
                spaced_days(dose, valid[1], 56),
                h.at_least(dose, years=1),
            )]

    if number == 4 and h.is_before(first, months=7):
        return [(
            "4: first at <7 months, ≥56 days after third, ≥1 year old",
            spaced_days(dose, valid[2], 56),
            h.at_least(dose, years=1),
        )]
    return []


# Spellings of exports that Appendix 2 lacks. Hib-HB is one agent to Hib and another to hepatitis B.
AGENT_ALIASES = {
    "hahb-unspecified": ("HAHB",),
    "hb-pediatric": ("HB",),
    "dtwp-hb": ("DPT-HB",),
    "dtwp-hb-hib": ("DPT-HB-Hib",),
    "hib-hb": ("Hib", "HB"),
    "mmrv": ("MMR-Var",),
    "vz": ("Var",),
    "pneu-c": ("Pneu-c-unspecified",),
    "men-c": ("men-c-unspecified",),
    "dtap-ipv-hib-hb": ("DTaP-HB-IPV-Hib",),
    "hbv": ("HB",),
}

PLAIN_HB = _set("HB", "HB-unspecified")
HB_OR_DIALYSIS = PLAIN_HB | _set("HB-dialysis")
HAHB = _set("HAHB")
# Twinrix Junior by its agent's name: HAHB on the three-dose schedule, which assumes it; no agent of the two-dose ones.
HAHB_OF_THREE_DOSES = HAHB | _set("HAHB-pediatric")
HB_COMBINATIONS = _set("DTaP-HB-IPV-Hib", "DPT-HB", "DPT-HB-Hib", "DTaP-HB-IPV")


def hepatitis_b_two_dose_engerix(h, valid, dose):
    """Appendix 1, "Hepatitis B": two-dose schedule for Engerix-B series (HB or HB-unspecified only)."""
    at_11_to_under_16 = (h.at_least(dose, years=11), h.under(dose, years=16))
    if not valid:
        return [("1: Engerix-B at 11 to <16 years", *at_11_to_under_16)]
    if len(valid) == 1:
        return [(
            "2: Engerix-B ≥168 days after first, at 11 to <16 years",
            *at_11_to_under_16,
            spaced_days(dose, valid[0], 168),
        )]
    return []


def hepatitis_b_two_dose_other(h, valid, dose):
    """Appendix 1, "Hepatitis B": two-dose schedule for non-Engerix-B series (HB, HB-unspecified or HAHB only)."""
    at_11_to_under_16 = (h.at_least(dose, years=11), h.under(dose, years=16))
    if not valid:
        kind = "HAHB" if dose.agent in HAHB else "HB or HB-unspecified"
        return [(f"1: {kind} at 11 to <16 years", *at_11_to_under_16)]
    if len(valid) == 1:
        if valid[0].agent in HAHB:
            kind = "HAHB" if dose.agent in HAHB else "HB or HB-unspecified"
            rule, interval = f"2: first was HAHB, {kind} ≥168 days after first", 168
        elif dose.agent in HAHB:
            rule, interval = "2: first was HB or HB-unspecified, HAHB ≥168 days after first", 168
        else:
            rule, interval = "2: first was HB or HB-unspecified, HB or HB-unspecified ≥112 days after first", 112
        return [(rule, *at_11_to_under_16, spaced_days(dose, valid[0], interval))]
    return []


def hepatitis_b_three_dose(h, valid, dose):
    """Appendix 1, "Hepatitis B": three-dose schedule (all students)."""
    number = len(valid) + 1
    if number == 1:
        if dose.agent in HB_OR_DIALYSIS:
            return [("1: HB, HB-dialysis or HB-unspecified on or after birth",)]
        if dose.agent in HAHB_OF_THREE_DOSES:
            return [("1: HAHB at ≥1 year old", h.at_least(dose, years=1))]
        return [("1: DTaP-HB-IPV-Hib and the like at ≥42 days old", h.at_least(dose, days=42))]

    first = valid[0]
    if number == 2:
        after_first = spaced_days(dose, first, 28)
        if dose.agent in HB_OR_DIALYSIS:
            return [("2: HB, HB-dialysis or HB-unspecified ≥28 days after first", after_first)]
        if dose.agent in HAHB_OF_THREE_DOSES:
            return [("2: HAHB ≥28 days after first, ≥1 year old", after_first, h.at_least(dose, years=1))]
        return [(
            "2: DTaP-HB-IPV-Hib and the like ≥28 days after first, ≥42 days old",
            after_first,
            h.at_least(dose, days=42),
        )]

    if number == 3:
        after_second = spaced_days(dose, valid[1], 28)
        if first.agent in HAHB_OF_THREE_DOSES:
            return [(
                "3: first was HAHB, any agent ≥168 days after first, ≥28 days after second",
                spaced_days(dose, first, 168),
                after_second,
            )]
        if dose.agent in HAHB_OF_THREE_DOSES:
            return [(
                "3: first was not HAHB, HAHB ≥168 days after first, ≥28 days after second, ≥1 year old",
                spaced_days(dose, first, 168),
                after_second,
                h.at_least(dose, years=1),
            )]
        return [(
            "3: first was not HAHB, not HAHB ≥112 days after first, ≥28 days after second",
            spaced_days(dose, first, 112),
            after_second,
        )]
    return []


def hpv_two_dose(h, valid, dose):
    """Appendix 1, "Human papillomavirus (HPV)": two-dose schedule."""
    if not valid:
        return [("1: at 9 to <15 years", h.at_least(dose, years=9), h.under(dose, years=15))]
    if len(valid) == 1:
        return [("2: ≥168 days after first", spaced_days(dose, valid[0], 168))]
    return []


def hpv_three_dose(h, valid, dose):
    """Appendix 1, "Human papillomavirus (HPV)": three-dose schedule."""
    if not valid:
        return [("1: at ≥9 years", h.at_least(dose, years=9))]
    if len(valid) == 1:
        return [("2: ≥28 days after first", spaced_days(dose, valid[0], 28))]
    if len(valid) == 2:
        return [(
            "3: ≥84 days after second, ≥168 days after first",
            spaced_days(dose, valid[1], 84),
            spaced_days(dose, valid[0], 168),
        )]
    return []


def measles_mumps_varicella(h, valid, dose):
    """Appendix 1, "Measles", "Mumps", "Varicella": valid dose definitions (two slots)."""
    if not valid:
        return rubella(h, valid, dose)
    if len(valid) == 1:
        return [("2: ≥28 days after any live vaccine", h.clear_of_live_doses(dose))]
    return []


def rubella(h, valid, dose):
    """Appendix 1, "Rubella": valid dose definitions (one slot)."""
    if not valid:
        return [("1: at ≥1 year old, ≥28 days after any live vaccine",
                 h.at_least(dose, years=1), h.clear_of_live_doses(dose))]
    return []


def meningococcal_c(h, valid, dose):
    """Appendix 1, "Meningococcal C conjugate (MCC)": valid dose definitions (one slot)."""
    if not valid:
        return [(
            "1: at ≥1 year old, ≥168 days after any polysaccharide C dose",
            h.at_least(dose, years=1),
            h.clear_of_polysaccharide_days(dose, MENINGOCOCCAL_POLYSACCHARIDES_WITH_C, 168),
        )]
    return []


def meningococcal_quadrivalent(h, valid, dose):
    """Appendix 1, "Meningococcal conjugate, quadrivalent (MCV4)": valid dose definitions (one slot). The window opens
    on 1 September five years before the end of the Grade 7 year: 1 September of the birth year plus 8."""
    if not valid:
        opens = date(h.birth.year + 8, 9, 1)
        return [(
            "1: since September five years before the end of Grade 7, ≥168 days after any polysaccharide dose",
            None if dose.given >= opens else OUTSIDE_WINDOW,
            h.clear_of_polysaccharide_days(dose, MENINGOCOCCAL_POLYSACCHARIDES, 168),
        )]
    return []


def polio(h, valid, dose):
    """Appendix 1, "Polio": valid dose definitions (four slots; three once the third was received at ≥4 years)."""
    number = len(valid) + 1
    if number == 1:
        return [("1: at ≥42 days old", h.at_least(dose, days=42))]
    if number == 2:
        return [("2: ≥28 days after first", spaced_days(dose, valid[0], 28))]
    if number == 3:
        return [("3: ≥168 days after second, ≥1 year old",
                 spaced_days(dose, valid[1], 168), h.at_least(dose, years=1))]
    if number == 4 and h.is_before(valid[2], years=4):
        return [("4: third at <4 years, ≥28 days after third, ≥4 years old",
                 spaced_days(dose, valid[2], 28), h.at_least(dose, years=4))]
    return []


def pneumococcal_three_plus_one(h, valid, dose):
    """Appendix 1, "Pneumococcal conjugate": 3+1 schedule."""
    apart = h.clear_of_polysaccharide_years(dose, PNEUMOCOCCAL_POLYSACCHARIDES, 1)
    number = len(valid) + 1
    if number == 1:
        return [("1: at ≥42 days to <7 months old", h.at_least(dose, days=42), h.under(dose, months=7), apart)]
    if number == 2:
        return [("2: ≥28 days after first", spaced_days(dose, valid[0], 28), apart)]
    if number == 3:
        return [("3: ≥28 days after second", spaced_days(dose, valid[1], 28), apart)]
    if number == 4:
        return [("4: ≥56 days after third, ≥1 year old",
                 spaced_days(dose, valid[2], 56), h.at_least(dose, years=1), apart)]
    return []


def pneumococcal_two_plus_one(h, valid, dose):
    """Appendix 1, "Pneumococcal conjugate": 2+1 schedule."""
    apart = h.clear_of_polysaccharide_years(dose, PNEUMOCOCCAL_POLYSACCHARIDES, 1)
    number = len(valid) + 1
    if number == 1:
        return [("1: at ≥42 days to <1 year old", h.at_least(dose, days=42), h.under(dose, years=1), apart)]
    if number == 2:
        return [("2: ≥28 days after first", spaced_days(dose, valid[0], 28), apart)]
    if number == 3:
        return [("3: ≥56 days after second, ≥1 year old",
                 spaced_days(dose, valid[1], 56), h.at_least(dose, years=1), apart)]
    return []


def pneumococcal_two_dose(h, valid, dose):
    """Appendix 1, "Pneumococcal conjugate": two-dose schedule."""
    apart = h.clear_of_polysaccharide_years(dose, PNEUMOCOCCAL_POLYSACCHARIDES, 1)
    if not valid:
        return [("1: at ≥1 to <2 years old", h.at_least(dose, years=1), h.under(dose, years=2), apart)]
    if len(valid) == 1:
        return [("2: ≥56 days after first", spaced_days(dose, valid[0], 56), apart)]
    return []


def pneumococcal_one_dose(h, valid, dose):
    """Appendix 1, "Pneumococcal conjugate": one-dose schedule."""
    if not valid:
        apart = h.clear_of_polysaccharide_years(dose, PNEUMOCOCCAL_POLYSACCHARIDES, 1)
        return [("1: at ≥2 years old", h.at_least(dose, years=2), apart)]
    return []


# ---------------------------------------------------------------------------------------------------------------------
# Up-to-date definitions, Appendix 1
#
# Each takes the history and the valid doses of each schedule and yields the satisfied (schedule, criterion) pairs in
# the printed order.
# ---------------------------------------------------------------------------------------------------------------------


def diphtheria_tetanus_pertussis_up_to_date(h, valid_by_schedule):
    """Appendix 1, "Diphtheria", "Tetanus", "Pertussis": up-to-date definition, at 7 and at 17 years."""
    valid = valid_by_schedule["series"]
    if not valid:
        return
    started_under_7 = h.is_before(valid[0], years=7)

    def fourth_at_4_or_later():
        return not h.is_before(valid[3], years=4)

    def under_10_years_before_assessment(dose):
        return plus_years(dose.given, 10) > h.year.assessment_date

    if h.age < 17:
        if len(valid) >= 5:
            yield "series", "at 7: ≥5 valid doses"
        if len(valid) >= 4 and started_under_7 and fourth_at_4_or_later():
            yield "series", "at 7: four, first at <7 years and fourth at ≥4 years"
        return

    if len(valid) >= 6:
        yield "series", "at 17: ≥6 valid doses"
    if len(valid) >= 5 and started_under_7 and fourth_at_4_or_later():
        yield "series", "at 17: five, first at <7 years and fourth at ≥4 years"
    if len(valid) >= 4 and started_under_7 and under_10_years_before_assessment(valid[3]):
        yield "series", "at 17: four, first at <7 years and fourth <10 years ago"
    if len(valid) >= 4 and not started_under_7:
        yield "series", "at 17: four, first at ≥7 years"
    if len(valid) >= 3 and not started_under_7 and under_10_years_before_assessment(valid[2]):
        yield "series", "at 17: three, first at ≥7 years and third <10 years ago"


def hib_up_to_date(h, valid_by_schedule):
    """Appendix 1, "Haemophilus influenzae type b (Hib)": up-to-date definition."""
    valid = valid_by_schedule["series"]
    if not valid:
        return
    first_under = {months: h.is_before(valid[0], months=months) for months in (7, 12, 15)}
    if len(valid) >= 4:
        yield "series", "≥4 valid doses"
    if len(valid) >= 3 and first_under[12] and not first_under[7]:
        yield "series", "three, first at 7 to <12 months"
    if len(valid) >= 2 and first_under[15] and not first_under[12]:
        yield "series", "two, first at 12 to <15 months"
    if not first_under[15]:
        yield "series", "one, first at ≥15 months"


def hepatitis_b_up_to_date(h, valid_by_schedule):
    """Appendix 1, "Hepatitis B": up-to-date definition by doses."""
    if len(valid_by_schedule["three_dose"]) >= 3:
        yield "three_dose", "three valid doses of the three-dose schedule"
    if len(valid_by_schedule["two_dose"]) >= 2:
        yield "two_dose", "two valid doses of the two-dose schedule"


# "Human papillomavirus (HPV)" prints the same two criteria as "Hepatitis B".
hpv_up_to_date = hepatitis_b_up_to_date


def polio_up_to_date(h, valid_by_schedule):
    """Appendix 1, "Polio": up-to-date definition."""
    valid = valid_by_schedule["series"]
    if len(valid) >= 4:
        yield "series", "four valid doses"
    if len(valid) >= 3 and not h.is_before(valid[2], years=4):
        yield "series", "three, third at ≥4 years"


def pneumococcal_up_to_date(h, valid_by_schedule):
    """Appendix 1, "Pneumococcal conjugate": up-to-date definition."""
    if len(valid_by_schedule["three_plus_one"]) >= 4:
        yield "three_plus_one", "four valid doses of the 3+1 schedule"
    if len(valid_by_schedule["two_plus_one"]) >= 3:
        yield "two_plus_one", "three valid doses of the 2+1 schedule"
    if len(valid_by_schedule["two_dose"]) >= 2:
        yield "two_dose", "two valid doses of the two-dose schedule"
    if len(valid_by_schedule["one_dose"]) >= 1:
        yield "one_dose", "one valid dose of the one-dose schedule"


def two_valid_doses(h, valid_by_schedule):
    """Appendix 1, "Measles", "Mumps", "Varicella": up-to-date definition by doses."""
    if len(valid_by_schedule["series"]) >= 2:
        yield "series", "≥2 valid doses"


def one_valid_dose(h, valid_by_schedule):
    """Appendix 1, "Rubella", "MCC", "MCV4": up-to-date definition by doses."""
    if valid_by_schedule["series"]:
        yield "series", "≥1 valid dose"


# ---------------------------------------------------------------------------------------------------------------------
# Relevant vaccines, Appendix 1
# ---------------------------------------------------------------------------------------------------------------------

RELEVANT = {
    "diphtheria": _set(
        "D", "D-Hib", "DPT", "DPT-HB", "DPT-Hib", "DPT-HB-Hib", "DPT-IPV", "DPTP", "DPTP-Hib", "DT", "DT-IPV", "DTaP",
        "DTaP-HB-IPV-Hib", "DTaP-IPV", "DTaP-IPV-Hib", "DTaP-HB-IPV", "DTaP-Hib", "d", "Td", "Td-IPV", "Tdap",
        "Tdap-IPV", "d-unspecified",
    ),
    "hib": _set(
        "D-Hib", "DPT-HB-Hib", "DPT-Hib", "DPTP-Hib", "DTaP-HB-IPV-Hib", "DTaP-IPV-Hib", "DTaP-Hib", "Hib",
        "Men-C-CY-Hib",
    ),
    "hepatitis_b": _set(
        "HB", "HB-dialysis", "HB-unspecified", "DPT-HB", "DPT-HB-Hib", "DTaP-HB-IPV-Hib", "DTaP-HB-IPV", "HAHB",
        "HAHB-pediatric",
    ),
    "hpv": _set("HPV-2", "HPV-4", "HPV-9", "hpv-unspecified"),
    "measles": _set("M", "MR", "MMR", "MMR-Var"),
    "mcc": _set(
        "Men-C-CY", "Men-C-ACYW-135", "men-ACYW-135 unspecified", "Men-C-AC", "Men-C-C", "men-c-unspecified",
        "men-AC unspecified", "men-unspecified", "Men-C-CY-Hib",
    ),
    "mcv4": _set("Men-C-ACYW-135", "men-ACYW-135 unspecified"),
    "mumps": _set("Mu", "MMR", "MMR-Var"),
    "pertussis": _set(
        "aP", "DTaP", "DTaP-HB-IPV-Hib", "DTaP-IPV", "DTaP-HB-IPV", "DTaP-IPV-Hib", "DTaP-Hib", "ap", "Tdap",
        "Tdap-IPV", "ap-unspecified", "DPT", "DPT-HB", "DPT-HB-Hib", "DPT-Hib", "DPT-IPV", "DPTP", "DPTP-Hib",
        "pertussis-unspecified", "wP",
    ),
    "pneumococcal": _set("Pneu-C-7", "Pneu-C-10", "Pneu-C-13", "pneu-unspecified", "pneu-c-unspecified"),
    "polio": _set(
        "OPV", "DPT-IPV", "DT-IPV", "DTaP-HB-IPV-Hib", "DTaP-IPV", "DTaP-HB-IPV", "DTaP-IPV-Hib", "IPV", "T-IPV",
        "Td-IPV", "Tdap-IPV", "DPTP", "DPTP-Hib", "p-unspecified",
    ),
    "rubella": _set("R", "MR", "MMR", "MMR-Var"),
    "tetanus": _set(
        "DPT", "DPT-HB", "DPT-HB-Hib", "DPT-Hib", "DPT-IPV", "DPTP", "DPTP-Hib", "DT", "DT-IPV", "DTaP",
        "DTaP-HB-IPV-Hib", "DTaP-IPV", "DTaP-HB-IPV", "DTaP-IPV-Hib", "DTaP-Hib", "T", "T-IPV", "Td", "Td-IPV", "Tdap",
        "Tdap-IPV",
    ),
    "varicella": _set("Var", "MMR-Var"),
}

# Appendix 1, footnotes: "new vaccine added in 2018–19 school year".
NEW_IN_2018 = {
    "diphtheria": _set("DTaP-Hib"), "hib": _set("DTaP-Hib"), "pertussis": _set("DTaP-Hib"), "tetanus": _set("DTaP-Hib"),
    "mcc": _set("Men-C-CY"),
}
# In use in Ontario since July 2024.
NEW_IN_2023 = {"pneumococcal": _set("Pneu-C-15", "Pneu-C-20")}


def relevant_agents(antigen, school_year):
    agents = RELEVANT[antigen]
    if school_year < 2018:
        agents = agents - NEW_IN_2018.get(antigen, frozenset())
    if school_year >= 2023:
        agents = agents | NEW_IN_2023.get(antigen, frozenset())
    return agents


HPV_2 = comparable("HPV-2")

# "Multiple vaccines on the same day": the first group that holds an agent of the day is kept.
HEPATITIS_B_HIERARCHY = (
    _set("DTaP-HB-IPV-Hib"), _set("DTaP-HB-IPV", "DPT-HB-Hib"), _set("DPT-HB"), HAHB_OF_THREE_DOSES,
    _set("HB-dialysis"), _set("HB"), _set("HB-unspecified"),
)
HPV_HIERARCHY = (_set("HPV-9"), _set("hpv-unspecified"), _set("HPV-4"), _set("HPV-2"))


def relevant_doses(antigen, h):
    """The counted doses of the antigen's relevant agents; HPV-2 is none for males."""
    agents = relevant_agents(antigen, h.year.first_year)
    if antigen == "hpv" and h.gender == "M":
        agents = agents - {HPV_2}
    return [d for d in h.doses if d.agent in agents]


def one_per_day(antigen, doses):
    """ "Multiple vaccines on the same day": by the hierarchy for hepatitis B and HPV, otherwise any one; between equals
    the smallest immunization id. Returns the kept doses in date order, and the others."""
    hierarchy = {"hepatitis_b": HEPATITIS_B_HIERARCHY, "hpv": HPV_HIERARCHY}.get(antigen, ())
    rank = {agent: place for place, group in enumerate(hierarchy) for agent in group}
    kept, duplicates = {}, []
    for dose in sorted(doses, key=lambda d: (d.given, rank.get(d.agent, 0), smallest_id(d.immunization_id))):
        if dose.given in kept:
            duplicates.append(dose)
        else:
            kept[dose.given] = dose
    return list(kept.values()), duplicates


def is_engerix(dose):
    """HB or HB-unspecified whose free-text trade name is some variation of "Engerix-B"."""
    letters = "".join(c for c in dose.trade_name.lower() if c.isalpha())
    return dose.agent in PLAIN_HB and "engerix" in letters


def follows_engerix_rule(h, kept):
    """Appendix 1, "Hepatitis B": "applied only if all doses received by the student are HB or HB-unspecified with an
    Engerix-B trade name"; doses before 11 years of age are not reviewed. Without any dose at ≥11 years it does not
    apply."""
    reviewed = [d for d in kept if not h.is_before(d, years=11)]
    return bool(reviewed) and all(is_engerix(d) for d in reviewed)


def schedules_of(antigen, h, kept):
    """Schedule name, its valid-dose definitions, and the only agents that it names (None: every relevant one)."""
    if antigen in ("diphtheria", "tetanus", "pertussis"):
        return [("series", diphtheria_tetanus_pertussis, None)]
    if antigen in ("measles", "mumps", "varicella"):
        return [("series", measles_mumps_varicella, None)]
    if antigen == "hepatitis_b":
        if follows_engerix_rule(h, kept):
            two_dose = ("two_dose", hepatitis_b_two_dose_engerix, PLAIN_HB)
        else:
            two_dose = ("two_dose", hepatitis_b_two_dose_other, PLAIN_HB | HAHB)
        return [two_dose, ("three_dose", hepatitis_b_three_dose, None)]
    if antigen == "hpv":
        return [("two_dose", hpv_two_dose, None), ("three_dose", hpv_three_dose, None)]
    if antigen == "pneumococcal":
        return [
            ("three_plus_one", pneumococcal_three_plus_one, None),
            ("two_plus_one", pneumococcal_two_plus_one, None),
            ("two_dose", pneumococcal_two_dose, None),
            ("one_dose", pneumococcal_one_dose, None),
        ]
    one_series = {
        "hib": hib, "mcc": meningococcal_c, "mcv4": meningococcal_quadrivalent, "polio": polio, "rubella": rubella,
    }
    return [("series", one_series[antigen], None)]


UP_TO_DATE = {
    "diphtheria": diphtheria_tetanus_pertussis_up_to_date,
    "hib": hib_up_to_date,
    "hepatitis_b": hepatitis_b_up_to_date,
    "hpv": hpv_up_to_date,
    "measles": two_valid_doses,
    "mcc": one_valid_dose,
    "mcv4": one_valid_dose,
    "mumps": two_valid_doses,
    "pertussis": diphtheria_tetanus_pertussis_up_to_date,
    "pneumococcal": pneumococcal_up_to_date,
    "polio": polio_up_to_date,
    "rubella": one_valid_dose,
    "tetanus": diphtheria_tetanus_pertussis_up_to_date,
    "varicella": two_valid_doses,
}


# ---------------------------------------------------------------------------------------------------------------------
# Judging one student's doses
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What one schedule says of one dose; `rule` names the alternative that accepted it."""

    schedule: str
    dose: Dose
    dose_number: int | None = None
    reason: str | None = None
    rule: str | None = None

    @property
    def is_valid(self):
        return self.reason is None


@dataclass(frozen=True)
class AntigenAssessment:
    """One student and antigen. `satisfied` holds every satisfied (schedule, criterion), in the printed order."""

    verdicts: list
    valid_doses: int
    has_any_dose: bool
    satisfied: list

    @property
    def is_up_to_date_by_doses(self):
        return bool(self.satisfied)


def judge(h, schedule, definition, only_agents, valid, dose):
    """Try one dose for the first slot still empty after the valid doses before it."""
    if only_agents is not None and dose.agent not in only_agents:
        return Verdict(schedule, dose, reason=AGENT_NOT_IN_SCHEDULE)
    alternatives = definition(h, valid, dose)
    if not alternatives:
        return Verdict(schedule, dose, reason=EXTRA_DOSE)
    if dose.given < h.birth:
        return Verdict(schedule, dose, reason=BEFORE_BIRTH)
    failures = set()
    for rule, *conditions in alternatives:
        failed = [reason for reason in conditions if reason]
        if not failed:
            return Verdict(schedule, dose, dose_number=len(valid) + 1, rule=rule)
        failures.update(failed)
    return Verdict(schedule, dose, reason=min(failures, key=REASONS.index))


def assess_antigen(antigen, h):
    """Valid doses and up-to-date criteria of one antigen for one history, whatever the student's age."""
    kept, duplicates = one_per_day(antigen, relevant_doses(antigen, h))
    verdicts, valid_by_schedule = [], {}
    for schedule, definition, only_agents in schedules_of(antigen, h, kept):
        valid = valid_by_schedule[schedule] = []
        for dose in kept:
            verdict = judge(h, schedule, definition, only_agents, valid, dose)
            verdicts.append(verdict)
            if verdict.is_valid:
                valid.append(dose)
        verdicts.extend(Verdict(schedule, dose, reason=SAME_DAY_DUPLICATE) for dose in duplicates)
    return AntigenAssessment(
        verdicts=verdicts,
        valid_doses=max(len(valid) for valid in valid_by_schedule.values()),
        has_any_dose=bool(kept),
        satisfied=list(UP_TO_DATE[antigen](h, valid_by_schedule)),
    )


def evaluate_doses(antigen, birth, doses, school_year=2018, gender="F"):
    """The verdicts on one student's doses (any agents, any order) for one antigen, every schedule."""
    return assess_antigen(antigen, History(birth, doses, school_year, gender)).verdicts


# ---------------------------------------------------------------------------------------------------------------------
# Antigens assessed, evidence of immunity, exemptions
# ---------------------------------------------------------------------------------------------------------------------

AGES = range(7, 18)

ISPA_ANTIGENS = {
    7: ("measles", "mumps", "rubella", "diphtheria", "tetanus", "polio", "pertussis", "mcc", "varicella"),
    17: ("measles", "mumps", "rubella", "diphtheria", "tetanus", "polio", "pertussis", "mcv4"),
}

EXEMPTION_ANTIGENS_BY_AGE = {
    7: ("measles", "mumps", "rubella", "diphtheria", "polio", "pertussis", "tetanus", "mcc", "varicella"),
    12: ("mcv4",),
    17: ("measles", "mumps", "rubella", "diphtheria", "polio", "tetanus", "pertussis"),
}


def antigens_at(age, school_year=2018):
    """Appendix 1, "Ages assessed" of each antigen. By the footnotes ("age cohort(s) assessed updated") hepatitis B, HPV
    and MCV4 at 17 and measles between 7 and 17 are new in 2018–19; HPV is a programme of Grade 7 since 2016–17."""
    at_7_and_17 = ("diphtheria", "mumps", "pertussis", "polio", "rubella", "tetanus")
    if age == 7:
        return ("measles", *at_7_and_17, "hib", "mcc", "pneumococcal", "varicella")
    if school_year < 2018:
        if age == 12:
            return ("hepatitis_b", "hpv", "mcv4") if school_year >= 2016 else ("hepatitis_b", "mcv4")
        return ("measles", *at_7_and_17) if age == 17 else ()
    if age == 12:
        return ("measles", "hepatitis_b", "hpv", "mcv4")
    if age == 17:
        return ("measles", *at_7_and_17, "hepatitis_b", "hpv", "mcv4")
    return ("measles",) if age in AGES else ()


def ispa_antigens_at(age, school_year=2018):
    """Those of "coverage for all ISPA-designated diseases" that the year assesses at the age."""
    return tuple(antigen for antigen in ISPA_ANTIGENS[age] if antigen in antigens_at(age, school_year))


def exemption_antigens_at(age, school_year=2018):
    """ "Exemptions": those at 12 are new in 2018–19."""
    if age == 12 and school_year < 2018:
        return ()
    return EXEMPTION_ANTIGENS_BY_AGE.get(age, ())


def is_assessed(antigen, age, gender, school_year=2018):
    """HPV at 17 is "females only"."""
    return antigen in antigens_at(age, school_year) and (antigen != "hpv" or age != 17 or gender == "F")


IMMUNITY_REASONS = _set("Medical - clinical record of disease", "Medical - documented immunity")
MEDICAL_REASON = comparable("Medical - clinical decision")
NONMEDICAL_REASON = comparable("Philosophical reason")

IMMUNITY_LABELS = {
    "hepatitis_b": _set(
        "Hepatitis B (HB)", "Hepatitis B (HB-regular)", "Hepatitis B (HB-dialysis)", "Hep B antibody"
    ),
    "measles": _set("Measles (M)"),
    "mumps": _set("Mumps (Mu)"),
    "rubella": _set("Rubella (R)"),
    "varicella": _set("Varicella (Var)", "Varicella-zoster antibody", "Zoster (Zos)"),
}

EXEMPTION_LABELS = {
    "diphtheria": _set("Diphtheria (D)", "Diphtheria (d)", "diphtheria (d-u)"),
    "measles": _set("Measles (M)"),
    "mcc": _set(
        "Men-C-AC", "Men-C-CY", "Meningitis (Men-C-GrC)", "meningitis (men-ACYW135)", "meningitis (men-C-ACYW135)",
        "meningitis (men-C-u)", "meningitis (men-GrC)", "meningitis (men-u)",
    ),
    "mcv4": _set(
        "meningitis (men-ACYW135)", "meningitis (men-C-ACYW135)", "meningitis (men-C-u)", "meningitis (men-u)"
    ),
    "mumps": _set("Mumps (Mu)"),
    "pertussis": _set(
        "Pertussis (aP)", "pertussis (P)", "pertussis (ap)", "pertussis (ap-u)", "pertussis (pertussis-u)",
        "Pertussis (wP)",
    ),
    "polio": _set("Polio (IPV)", "polio (p-u)", "live poliovirus (OPV)"),
    "rubella": _set("Rubella (R)"),
    "tetanus": _set("Tetanus (T)", "Tetanus antibody"),
    "varicella": IMMUNITY_LABELS["varicella"],
}


LABEL_ALIASES = {comparable(name): comparable(label) for name, label in {
    "Measles": "Measles (M)", "Mumps": "Mumps (Mu)", "Rubella": "Rubella (R)", "Varicella": "Varicella (Var)",
    "Chickenpox": "Varicella (Var)", "Coqueluche": "Pertussis (aP)", "Meningitis": "meningitis (men-u)",
}.items()}
REASON_ALIASES = {comparable(name): comparable(reason) for name, reason in {
    "Philosophical": "Philosophical reason", "Religious": "Philosophical reason",
    "Conscience/religious": "Philosophical reason", "Clinical decision": "Medical - clinical decision",
    "Documented immunity": "Medical - documented immunity",
}.items()}


@dataclass(frozen=True)
class Exemption:
    antigen: str
    reason: str
    effective_from: date | None
    effective_to: date | None


def has_evidence_of_immunity(antigen, exemptions, year):
    """Annex, "Evidence of Immunity": effective before or on the assessment date; Effective To is not looked at."""
    labels = IMMUNITY_LABELS.get(antigen, ())
    return any(
        e.antigen in labels
        and e.reason in IMMUNITY_REASONS
        and e.effective_from is not None
        and e.effective_from <= year.assessment_date
        for e in exemptions
    )


def is_exempt(antigen, reason, exemptions, year):
    """Annex, "Exemptions": a record of that reason "effective at any point during" the school year."""
    labels = EXEMPTION_LABELS[antigen]
    return any(
        e.antigen in labels
        and e.reason == reason
        and (e.effective_from is None or e.effective_from <= year.assessment_date)
        and (e.effective_to is None or e.effective_to >= year.starts)
        for e in exemptions
    )


# ---------------------------------------------------------------------------------------------------------------------
# Student assignment to public health unit
# ---------------------------------------------------------------------------------------------------------------------

ELEMENTARY = comparable("elementary school")
SECONDARY = comparable("secondary school")
BOTH_OR_EITHER = _set("elementary & secondary school", "private school authority", "public school board")
OTHER_TYPE = comparable("other")
NO_PRIORITY = 3


@dataclass(frozen=True)
class School:
    name: str
    type: str
    phu_name: str | None


@dataclass(frozen=True)
class EducationRecord:
    education_record_id: str
    school_id: str
    effective_from: date | None
    effective_to: date | None
    school: School | None


def school_type_priority(age, school_type):
    """Annex, "age-appropriateness of the school type": 1 before 2; None conflicts with the age; a type that the annex
    does not name is last."""
    if school_type in BOTH_OR_EITHER:
        return 1
    if school_type == ELEMENTARY:
        return 1 if age <= 13 else 2 if age == 14 else None
    if school_type == SECONDARY:
        return 1 if age >= 14 else 2 if age >= 12 else None
    return NO_PRIORITY


def attends_in_window(record, year, window):
    """Attendance in the school year: `overlap` of any day with it, or the two criteria `as_printed`."""
    starts, ends = record.effective_from, record.effective_to
    if window == "overlap":
        return (starts is None or starts <= year.assessment_date) and (ends is None or ends >= year.starts)
    return (starts is None or starts >= year.starts) and ends is not None and ends <= year.assessment_date


def reason_to_drop(record, age, year, window):
    """Annex, "Student Assignment to Public Health Unit": why an education record is not used, or None."""
    if not record.school_id:
        return "no_school_id"
    if record.school is None:
        return "unknown_school"
    if "holding" in record.school.name.lower():
        return "holding_school"
    if record.school.type == OTHER_TYPE:
        return "school_type_other"
    if record.school.phu_name is None:
        return "not_a_phu"
    if school_type_priority(age, record.school.type) is None:
        return "school_type_conflicts_with_age"
    if not attends_in_window(record, year, window):
        return "outside_school_year"
    return None


def attended_on(record, day):
    """Whether the record covers the day; a missing end covers everything on its side."""
    return (record.effective_from is None or record.effective_from <= day) and (
        record.effective_to is None or record.effective_to >= day
    )


def days_attended(record, year):
    """Days within the school year, both ends counted; 0 for inverted dates."""
    starts = max(record.effective_from or year.starts, year.starts)
    ends = min(record.effective_to or year.assessment_date, year.assessment_date)
    inverted = record.effective_from and record.effective_to and record.effective_from > record.effective_to
    return 0 if inverted else max(0, days_after(ends, starts) + 1)


def choose_record(records, age, year):
    """Annex, Figure 1: the one record used, and the step that left it alone."""
    if len(records) == 1:
        return records[0], "single_record"

    left = [r for r in records if attended_on(r, year.june_30)] or records
    if len(left) == 1:
        return left[0], "attended_june_30"

    best = min(school_type_priority(age, r.school.type) for r in left)
    left = [r for r in left if school_type_priority(age, r.school.type) == best]
    if len(left) == 1:
        return left[0], "age_appropriate_school"

    longest = max(days_attended(r, year) for r in left)
    left = [r for r in left if days_attended(r, year) == longest]
    if len(left) == 1:
        return left[0], "longest_attendance"

    latest = max(r.effective_from or date.min for r in left)
    left = [r for r in left if (r.effective_from or date.min) == latest]
    return min(left, key=lambda r: smallest_id(r.education_record_id)), "tie_break"


# ---------------------------------------------------------------------------------------------------------------------
# Reading the extracts
# ---------------------------------------------------------------------------------------------------------------------

EXTRACTS = {
    "clients": ("client_id", "date_of_birth", "gender", "client_status"),
    "schools": ("school_id", "school_name", "school_type", "public_health_unit"),
    "education_records": ("education_record_id", "client_id", "school_id", "effective_from", "effective_to"),
    "immunizations": ("immunization_id", "client_id", "agent", "administered_date", "trade_name"),
    "exemptions": ("exemption_id", "client_id", "antigen", "reason", "effective_from", "effective_to"),
}


def read_extract(folder, name):
    """The required columns of one extract, trimmed, in the order of EXTRACTS; of rows sharing an id (the first column),
    the first by file order."""
    path = Path(folder) / f"{name}.csv"
    if not path.exists():
        raise FileNotFoundError(f"The extract {name} is missing: {path} is not there.")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines)
        header = [column.strip() for column in next(rows, [])]
        missing = [column for column in EXTRACTS[name] if column not in header]
        if missing:
            raise ValueError(f"The extract {name} lacks the column {', '.join(missing)}.")
        places = [header.index(column) for column in EXTRACTS[name]]
        first = {}
        for row in rows:
            if row:
                values = tuple(row[p].strip() if p < len(row) else "" for p in places)
                # A row without an id repeats nothing.
                first.setdefault(values[0] or len(first), values)
    return first.values()


def agents_named(agent):
    """The agents of a cell: one in any spelling, or several with commas, and dashes beside them, between them."""
    pieces = agent.split(",")
    if len(pieces) > 1:
        pieces = [comparable(piece).strip("-") for piece in pieces]
    return [name for piece in pieces for name in AGENT_ALIASES.get(comparable(piece), (piece,))]


def labels_named(antigen):
    """The exemption antigens of a cell, by the annex's labels or the plain name of the disease."""
    pieces = [comparable(piece).strip("-") for piece in antigen.split(";")]
    return {LABEL_ALIASES.get(piece, piece) for piece in pieces}


def read_schools(folder, school_year=2018):
    unit_names = unit_names_in(school_year)
    schools = {}
    for school_id, name, school_type, phu in read_extract(folder, "schools"):
        schools[school_id] = School(name, comparable(school_type), unit_names.get(comparable(phu)))
    return schools


def read_education_records(folder, schools):
    records = defaultdict(list)
    for record_id, client_id, school_id, starts, ends in read_extract(folder, "education_records"):
        records[client_id].append(
            EducationRecord(record_id, school_id, parse_date(starts), parse_date(ends), schools.get(school_id))
        )
    return records


def read_immunizations(folder):
    doses = defaultdict(list)
    for immunization_id, client_id, agent, given, trade_name in read_extract(folder, "immunizations"):
        for name in agents_named(agent):
            doses[client_id].append(Dose(immunization_id, parse_date(given), name, trade_name))
    return doses


def read_exemptions(folder):
    exemptions = defaultdict(list)
    for _, client_id, antigen, reason, starts, ends in read_extract(folder, "exemptions"):
        reason = REASON_ALIASES.get(comparable(reason), comparable(reason))
        exemptions[client_id].extend(
            Exemption(label, reason, parse_date(starts), parse_date(ends)) for label in labels_named(antigen)
        )
    return exemptions


# ---------------------------------------------------------------------------------------------------------------------
# Measures
# ---------------------------------------------------------------------------------------------------------------------

ACTIVE = _set("Active", "Actif", "Active client")
GENDERS = {"f": "F", "female": "F", "femme": "F", "m": "M", "male": "M", "homme": "M", "garçon": "M"}

PROVINCE = ("province", "")


def geographies_in(first_year):
    return (PROVINCE, *(("phu", name) for name in units_in(first_year)))


GEOGRAPHIES = geographies_in(2018)


class Tally:
    """Counts per geography and key; each student counts in the province and in the PHU of the school."""

    def __init__(self, keys, measures, school_year):
        self.keys = list(keys)
        self.counts = {(place, key): [0] * measures for place in geographies_in(school_year) for key in self.keys}

    def add(self, phu_name, key, *flags):
        for place in (PROVINCE, ("phu", phu_name)):
            counts = self.counts[place, key]
            for i, flag in enumerate(flags):
                counts[i] += flag

    def rows(self):
        return [(*place, *key, *counts) for (place, key), counts in self.counts.items()]


def gender_of(text):
    """`F` or `M` by the words for them; any other text as it stands."""
    return GENDERS.get(comparable(text), text)


def series_genders(age, antigen, gender):
    """The gender rows that a student counts in: `all`, and F or M; HPV at 17 has no M."""
    genders = ["all"]
    if gender == "F" or (gender == "M" and (antigen, age) != ("hpv", 17)):
        genders.append(gender)
    return genders


def series_keys(school_year):
    for age in (12, 17):
        for antigen in {"hepatitis_b", "hpv"}.intersection(antigens_at(age, school_year)):
            for gender in ("all", "F", "M"):
                if (age, antigen, gender) != (17, "hpv", "M"):
                    yield age, antigen, gender


def assess(extracts_dir, school_year=2018, education_record_window="overlap"):
    """Every table of the contract, read off the annex from the raw extracts in a folder.

    `school_year` is the first year (2018: 1 September 2018 to 31 August 2019); `education_record_window` is `overlap`
    or `as_printed`. Rows hold the columns named in COLUMNS, as Python values, sorted; the province's phu_name is ''.
    `school_assignment` has every age and name, zeros included: `dropped` counts records of active clients of the
    cohorts; `records` of a decision are the usable records of its students.
    """
    if education_record_window not in ("overlap", "as_printed"):
        raise ValueError(f"education_record_window is 'overlap' or 'as_printed', not {education_record_window!r}.")
    year = SchoolYear(school_year)
    education_records = read_education_records(extracts_dir, read_schools(extracts_dir, school_year))
    immunizations = read_immunizations(extracts_dir)
    exemptions_of = read_exemptions(extracts_dir)

    students, student_antigens, doses, student_exemptions = [], [], [], []
    coverage = Tally(((age, a) for age in AGES for a in antigens_at(age, school_year)), 2, school_year)
    all_ispa = Tally(((age,) for age in ISPA_ANTIGENS), 2, school_year)
    exempt = Tally(((age, a) for age in AGES for a in exemption_antigens_at(age, school_year)), 3, school_year)
    exempt_any = Tally(((age,) for age in ISPA_ANTIGENS), 3, school_year)
    series = Tally(series_keys(school_year), 4, school_year)
    decided, usable_by_decision, dropped = Counter(), Counter(), Counter()

    for client_id, date_of_birth, gender, status in read_extract(extracts_dir, "clients"):
        birth = parse_date(date_of_birth)
        if comparable(status) not in ACTIVE or birth is None or year.age_of(birth) not in AGES:
            continue
        age = year.age_of(birth)
        gender = gender_of(gender)

        usable = []
        for record in education_records.get(client_id, ()):
            why = reason_to_drop(record, age, year, education_record_window)
            if why:
                dropped[age, why] += 1
            else:
                usable.append(record)
        if not usable:
            continue
        record, decision = choose_record(usable, age, year)
        phu_name = record.school.phu_name
        decided[age, decision] += 1
        usable_by_decision[age, decision] += len(usable)
        students.append((client_id, age, phu_name, record.education_record_id or None, decision))

        history = History(birth, immunizations.get(client_id, ()), school_year, gender)
        exemptions = exemptions_of.get(client_id, ())
        up_to_date_for = set()
        for antigen in antigens_at(age, school_year):
            if not is_assessed(antigen, age, gender, school_year):
                continue
            found = assess_antigen(antigen, history)
            immune = has_evidence_of_immunity(antigen, exemptions, year)
            up_to_date = found.is_up_to_date_by_doses or immune
            if up_to_date:
                up_to_date_for.add(antigen)
            student_antigens.append((
                client_id, age, antigen, found.valid_doses, found.has_any_dose, found.valid_doses > 0,
                found.is_up_to_date_by_doses, immune, up_to_date,
            ))
            for v in found.verdicts:
                doses.append((
                    client_id, antigen, v.schedule, v.dose.immunization_id or None, v.dose.given, v.is_valid,
                    v.dose_number, v.reason,
                ))
            coverage.add(phu_name, (age, antigen), 1, up_to_date)
            if antigen in ("hepatitis_b", "hpv"):
                for row_gender in series_genders(age, antigen, gender):
                    series.add(
                        phu_name, (age, antigen, row_gender),
                        1, found.valid_doses > 0, up_to_date, not found.has_any_dose,
                    )

        medical_for, nonmedical_for = set(), set()
        for antigen in exemption_antigens_at(age, school_year):
            medical = is_exempt(antigen, MEDICAL_REASON, exemptions, year)
            nonmedical = is_exempt(antigen, NONMEDICAL_REASON, exemptions, year)
            if medical:
                medical_for.add(antigen)
            if nonmedical:
                nonmedical_for.add(antigen)
            student_exemptions.append((client_id, age, antigen, medical, nonmedical))
            exempt.add(phu_name, (age, antigen), 1, medical, nonmedical)

        if age in ISPA_ANTIGENS:
            all_ispa.add(phu_name, (age,), 1, up_to_date_for.issuperset(ispa_antigens_at(age, school_year)))
            exempt_any.add(phu_name, (age,), 1, bool(medical_for), bool(nonmedical_for))

    school_assignment = [
        (age, "decision", name, decided[age, name], usable_by_decision[age, name])
        for age in AGES for name in DECISIONS
    ] + [(age, "dropped", name, None, dropped[age, name]) for age in AGES for name in DROPPED]

    return {
        "students": sorted(students, key=str),
        "student_antigens": sorted(student_antigens),
        "doses": sorted(doses, key=str),
        "student_exemptions": sorted(student_exemptions),
        "coverage": sorted(coverage.rows()),
        "coverage_all_ispa": sorted(all_ispa.rows()),
        "exemptions": sorted(exempt.rows()),
        "exemptions_any_ispa": sorted(exempt_any.rows()),
        "series_uptake": sorted(series.rows()),
        "school_assignment": school_assignment,
    }
