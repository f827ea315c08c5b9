"""Seeded, adversarial extracts: random histories whose dates sit on the annex's thresholds or one day beside them.

`write_extracts` writes the five CSV files of the contract. The same arguments always write the same files. Most
students follow a script (a realistic or a deliberately awkward schedule for one group of vaccines) whose every step is
moved by a few days; on top of it come single doses at random thresholds, duplicates, and the flaws of real extracts.
"""

import csv
import random
import sys
from calendar import monthrange
from datetime import date, timedelta
from pathlib import Path

from annex_reading import FIRST_UNITS, MERGERS, OTHER_UNIT_NAMES, units_in

DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"

DTP_WITH_HIB = ["DTaP-IPV-Hib", "DPT-Hib", "DPTP-Hib", "DTaP-Hib", "D-Hib"]
DTP_WITH_HB = ["DTaP-HB-IPV-Hib", "DPT-HB", "DPT-HB-Hib", "DTaP-HB-IPV"]
DTP_PLAIN = ["DTaP-IPV", "DTaP", "DPT", "DPT-IPV", "DPTP", "Tdap", "Tdap-IPV"]
DTP_BOOSTERS = ["Tdap", "Tdap-IPV", "Td", "Td-IPV", "DT", "DT-IPV", "DTaP-IPV"]
DTP_SINGLE = ["D", "d", "d-unspecified", "T", "T-IPV", "aP", "ap", "ap-unspecified", "pertussis-unspecified", "wP"]
POLIO_ONLY = ["IPV", "OPV", "p-unspecified", "T-IPV"]
HIB_ONLY = ["Hib", "Men-C-CY-Hib"]
HB_PLAIN = ["HB", "HB-unspecified"]
HB_ANY = ["HB", "HB", "HB-unspecified", "HB-dialysis", "HAHB", "HAHB", *DTP_WITH_HB]
HPV = ["HPV-2", "HPV-4", "HPV-9", "hpv-unspecified"]
MEASLES = ["MMR", "MMR", "MMR-Var", "MMR-Var", "M", "MR"]
LIVE = ["M", "MR", "MMR", "MMR-Var", "Mu", "R", "Var", "YF", "Sma", "Zos", "Zos-unspecified", "BCG vaccine"]
MEN_C = ["Men-C-C", "Men-C-CY", "Men-C-AC", "men-c-unspecified", "men-AC unspecified", "men-AC-unspecified",
         "men-unspecified", "Men-C-CY-Hib"]
MEN_ACYW = ["Men-C-ACYW-135", "men-ACYW-135 unspecified"]
MEN_P = ["Men-P-ACYW-135", "men-p-AC unspecified", "Men-P-AC unspecified", "men-p-unspecified", "Men-P-unspecified",
         "men-p-A unspecified", "men-p-A-unspecified"]
PNEU_C = ["Pneu-C-7", "Pneu-C-10", "Pneu-C-13", "pneu-unspecified", "Pneu-unspecified", "pneu-c-unspecified",
          "Pneu-c-unspecified", "Pneu-C-15", "Pneu-C-20"]
PNEU_P = ["Pneu-P-23", "pneu-p-unspecified", "Pneu-p-unspecified"]
UNKNOWN_AGENTS = ["Rota-1", "Rota-5", "rota-unspecified", "LAIV", "Inf", "Inf (QIV)", "COVID-19 mRNA", "HA", "p", "",
                  "Not Specified", "HAHB-pediatric", "HAHB-pediatric", "HB-pediatric", "Hib-HB", "DTwP-HB", "MMRV",
                  "VZ", "Pneu-C", "Men-C", "DTaP-IPV-Hib-HB", "HBV", "MMR, Tdap-IPV", "HPV-9, Men-C-ACYW-135,HB"]
ALL_AGENTS = sorted({
    *DTP_WITH_HIB, *DTP_WITH_HB, *DTP_PLAIN, *DTP_BOOSTERS, *DTP_SINGLE, *POLIO_ONLY, *HIB_ONLY, *HB_ANY, *HPV,
    *MEASLES, *LIVE, *MEN_C, *MEN_ACYW, *MEN_P, *PNEU_C, *PNEU_P,
})

ENGERIX_NAMES = ["Engerix-B", "ENGERIX B", "engerixb adult", "Engerix\u00ae-B", "Engerix B (ped)", "E n g e r i x - B",
                 "HB - engerix 20mcg", "ENGERIX\u2010B", "Enge-rix"]
OTHER_TRADE_NAMES = ["", "", "Recombivax HB", "Twinrix", "Twinrix Junior", "Infanrix hexa", "Engerx-B", "Engeri"]

EXEMPTION_ANTIGENS = [
    "Diphtheria (D)", "Diphtheria (d)", "diphtheria (d-u)", "Measles (M)", "Mumps (Mu)", "Rubella (R)", "Men-C-AC",
    "Men-C-CY", "Meningitis (Men-C-GrC)", "meningitis (men-ACYW135)", "meningitis (men-C-ACYW135)",
    "meningitis (men-C-u)", "meningitis (men-GrC)", "meningitis (men-u)", "Pertussis (aP)", "pertussis (P)",
    "pertussis (ap)", "pertussis (ap-u)", "pertussis (pertussis-u)", "Pertussis (wP)", "Polio (IPV)", "polio (p-u)",
    "live poliovirus (OPV)", "Tetanus (T)", "Tetanus antibody", "Varicella (Var)", "Varicella-zoster antibody",
    "Zoster (Zos)", "Hepatitis B (HB)", "Hepatitis B (HB-regular)", "Hepatitis B (HB-dialysis)", "Hep B antibody",
]
OTHER_EXEMPTION_ANTIGENS = ["Rabies", "Influenza", "Hepatitis A (HA)", "Measles", "", "HPV-9",
                            "Chickenpox", "Coqueluche", "Meningitis", "Measles (M); Mumps (Mu); Rubella"]
REASONS = ["Medical - clinical decision", "Philosophical reason", "Medical - clinical record of disease",
           "Medical - documented immunity"]
OTHER_REASONS = ["Medical", "Religious", "", "Deferred", "Philosophical", "Conscience/religious", "Clinical decision",
                 "Documented immunity"]

SCHOOL_TYPES = ["elementary school", "elementary school", "secondary school", "secondary school",
                "elementary & secondary school", "private school authority", "public school board"]

NO_DATES = ["2013-13-45", "unknown", "2015-02-29", "2014 FEB 30", "Jun 31, 2012", "N/A", "13/08/2015", "pending", "?"]

# Ages at which some rule of the annex turns: (unit, count).
AGE_THRESHOLDS = [("days", 0), ("days", 42), ("months", 7), ("months", 12), ("months", 15), ("years", 2), ("years", 4),
                  ("years", 7), ("years", 9), ("years", 10), ("years", 11), ("years", 14), ("years", 15), ("years", 16)]
INTERVAL_THRESHOLDS = [("days", 28), ("days", 56), ("days", 84), ("days", 112), ("days", 168), ("years", 1),
                       ("years", 10)]


def later(day, unit, count):
    """`count` days, calendar months or calendar years after a day."""
    if unit == "days":
        return day + timedelta(days=count)
    index = day.year * 12 + day.month - 1 + count * (12 if unit == "years" else 1)
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


class Writer:
    """Holds the random source and the rows of the five files while they grow."""

    def __init__(self, seed, school_year):
        self.rng = random.Random(seed)
        self.starts = date(school_year, 9, 1)
        self.assessed = date(school_year + 1, 8, 31)
        self.june_30 = date(school_year + 1, 6, 30)
        self.first_year = school_year
        self.rows = {name: [] for name in ("clients", "schools", "education_records", "immunizations", "exemptions")}
        self.schools_by_type = {}
        self.flawed_schools = []

    # Spellings

    def chance(self, probability):
        return self.rng.random() < probability

    def spelled(self, text, probability=0.2):
        """Sometimes another case, outer blanks, or other blanks and dashes between the words."""
        if not self.chance(probability):
            return text
        kind = self.rng.randrange(4)
        if kind == 0:
            return text.upper()
        if kind == 1:
            return text.lower()
        if kind == 2:
            return f"{' ' * self.rng.randint(1, 2)}{text} "
        out = []
        for c in text:
            if c in "- ":
                c = self.rng.choice([*DASHES, " ", "  ", " - ", "--", " \u2013 "])
            out.append(c)
        return "".join(out)

    def written(self, day, missing=0.015, wrong=0.01):
        """A date in one of the three shapes; sometimes nothing, sometimes no date."""
        if day is None or self.chance(missing):
            return ""
        if self.chance(wrong):
            return self.rng.choice([*NO_DATES, *self.mistyped(day.isoformat())])
        shape = self.rng.random()
        if shape < 0.8:
            return day.isoformat()
        if shape < 0.9:
            return day.strftime("%Y %b %d").upper()
        return day.strftime("%b %d, %Y")

    def mistyped(self, text):
        """A character of it is one that looks alike, or none that a date has, at each place."""
        return [text[:place] + self.rng.choice("OlI?x,") + text[place + 1 :] for place in range(len(text))]

    def id(self, text):
        return f" {text}  " if self.chance(0.005) else text

    def record_id(self, text):
        return "" if self.chance(0.02) else self.id(text)

    # Schools

    def add_school(self, school_type, phu, name=None):
        number = len(self.rows["schools"])
        shape = self.rng.randrange(3)
        school_id = [f"{number:06d}", f"S-{number:04d}", f"AL-{33000 + number}"][shape]
        name = name or f"{self.rng.choice(['Cedar', 'Maple', 'St. Anne', 'Lakeview', 'HOME SCHOOL'])} {number}"
        self.rows["schools"].append({
            "school_id": self.id(school_id), "school_name": name, "school_type": self.spelled(school_type, 0.15),
            "public_health_unit": self.spelled(phu, 0.1), "school_board": "Board, \"North\"",
        })
        return school_id

    def add_schools(self):
        units = units_in(self.first_year)
        # An old name means the unit that there is now; the name of a unit to come means none.
        names = [*units, *(unit for unit in FIRST_UNITS if unit not in units)]
        to_come = [successor for _, successor, _ in MERGERS if successor not in units]
        for phu in names:
            for school_type in self.rng.sample(SCHOOL_TYPES, 4):
                self.schools_by_type.setdefault(school_type, []).append(self.add_school(school_type, phu))
        for school_type in (t for t in SCHOOL_TYPES if t not in self.schools_by_type):
            self.schools_by_type[school_type] = [self.add_school(school_type, names[0])]
        self.schools_by_type["unnamed"] = [
            self.add_school(t, self.rng.choice(names)) for t in ("", "alternative school", "virtual", "", "adult")
        ]
        for name in ("HOLDING", "Z-HOLDING - NEW", "Ministry holding school", "The Holdings Academy"):
            self.flawed_schools.append(self.add_school("elementary school", names[31], name))
        self.flawed_schools.append(self.add_school("other", names[3], "Holding - other"))
        for school_type in ("other", "OTHER", " Other "):
            self.flawed_schools.append(self.add_school(school_type, self.rng.choice(names)))
        for phu in ("Unknown", "", "Out of Province", *OTHER_UNIT_NAMES, *to_come):
            self.flawed_schools.append(self.add_school(self.rng.choice(SCHOOL_TYPES), phu))
        self.flawed_schools += ["", "999999", "S0001", "no such school"]

    def school(self, *types):
        return self.rng.choice(self.schools_by_type[self.rng.choice(types)])

    def any_school(self):
        return self.school(*self.schools_by_type)

    def usual_school(self, age):
        return self.school("elementary school" if age < 14 else "secondary school", "elementary & secondary school",
                           "public school board", "private school authority")

    # Education records

    def add_education(self, client_id, school_id, starts, ends, **wrong):
        number = len(self.rows["education_records"]) + 1
        self.rows["education_records"].append({
            "education_record_id": self.record_id(f"E{number}"), "client_id": self.id(client_id),
            "school_id": self.id(school_id), "effective_from": self.written(starts, **wrong),
            "effective_to": self.written(ends, **wrong), "grade": str(self.rng.randint(1, 12)),
        })

    def edge_from(self):
        day = self.rng.choice([self.starts, self.assessed, self.june_30, later(self.starts, "years", -1), None])
        return day and day + timedelta(days=self.rng.choice((-1, 0, 1)))

    def edge_to(self):
        day = self.rng.choice([self.starts, self.assessed, self.june_30, later(self.assessed, "years", 1),
                               date(9999, 12, 30), None])
        return day and day + timedelta(days=self.rng.choice((-1, 0, 1)))

    def add_education_records(self, client_id, age):
        rng, sure = self.rng, {"missing": 0, "wrong": 0}
        scenario = rng.random()
        if scenario < 0.5:
            started = date(self.first_year - rng.randint(0, 4), 9, 1)
            self.add_education(client_id, self.usual_school(age), started, rng.choice([None, self.june_30]))
        elif scenario < 0.6:
            for _ in range(rng.randint(1, 4)):
                self.add_education(client_id, self.any_school(), self.edge_from(), self.edge_to())
        elif scenario < 0.68:
            school = rng.choice([self.any_school(), rng.choice(self.flawed_schools)])
            self.add_education(client_id, school, self.edge_from(), self.edge_to())
            if self.chance(0.5):
                self.add_education(client_id, rng.choice(self.flawed_schools), self.starts, None)
        elif scenario < 0.74:  # two schools, changed around 30 June
            for starts, ends in ((self.starts, self.june_30 - timedelta(days=1)), (self.june_30, self.assessed)):
                shift = timedelta(days=rng.choice((-1, 0, 1)))
                self.add_education(client_id, self.usual_school(age), starts + shift, ends + shift, **sure)
        elif scenario < 0.80:  # the same days, other school types
            starts, ends = self.edge_from(), self.edge_to()
            for kind in rng.sample(["elementary school", "secondary school", "public school board", "unnamed"],
                                   rng.randint(2, 3)):
                self.add_education(client_id, self.school(kind), starts, ends, **sure)
        elif scenario < 0.88:  # the length of attendance decides, or is the same
            for _ in range(rng.randint(2, 3)):
                starts = self.starts + timedelta(days=rng.choice((-400, -1, 0, 1, 30, 31)))
                ends = rng.choice([None, self.assessed, self.assessed - timedelta(days=1), self.june_30,
                                   self.assessed + timedelta(days=1)])
                self.add_education(client_id, self.usual_school(age), starts, ends, **sure)
        elif scenario < 0.94:  # nothing before the last two steps decides
            for starts in rng.choices([None, self.starts, self.starts - timedelta(days=366), date(2000, 1, 1)], k=3):
                self.add_education(client_id, self.usual_school(age), starts, None, **sure)
        else:  # inverted, alone or beside another inverted one or a short one
            for _ in range(rng.randint(1, 3)):
                ends = self.starts + timedelta(days=rng.randint(0, 300))
                starts = ends + timedelta(days=rng.choice((-1, 1, 1, 40)))
                self.add_education(client_id, self.usual_school(age), min(starts, self.assessed), ends, **sure)

    # Doses

    def jitter(self, mood):
        if mood == "realistic":
            return self.rng.choice((0, 0, 0, 1, 2, 7, 20))
        return self.rng.choice((-1, 0, 0, 0, 1))

    def follow(self, birth, script, mood):
        """Dates and agents of a script. A step is (how, unit, count, agents): `age` from birth, `after` the last dose,
        `first` from the first dose, `later_of` 168 days after the last dose and the age, `ago` before assessment."""
        doses = []
        for how, unit, count, agents in script:
            last = doses[-1][0] if doses else birth
            if how == "age":
                day = later(birth, unit, count)
            elif how == "after":
                day = later(last, unit, count)
            elif how == "first":
                day = later(doses[0][0] if doses else birth, unit, count)
            elif how == "later_of":
                day = max(later(birth, unit, count), last + timedelta(days=168))
            else:
                day = later(self.assessed, unit, -count)
            day += timedelta(days=self.jitter(mood))
            if self.chance(0.04):
                continue
            if self.chance(0.05):
                doses.append((day - timedelta(days=self.rng.choice((1, 1, 5, 30))), self.rng.choice(agents)))
            doses.append((day, self.rng.choice(agents)))
        return doses

    def add_dose(self, client_id, given, agent, trade_name=None, **wrong):
        if trade_name is None:
            trade_name = self.rng.choice(OTHER_TRADE_NAMES) if self.chance(0.1) else ""
        number = len(self.rows["immunizations"]) + 1
        self.rows["immunizations"].append({
            "immunization_id": self.record_id(f"I{number}"), "client_id": self.id(client_id),
            "agent": self.spelled(agent), "administered_date": self.written(given, **wrong), "trade_name": trade_name,
            "lot_number": "A1", "reported_by": "ICON",
        })

    def scripts(self, birth, age):
        """One schedule per group of vaccines, so that each of the annex's alternatives comes up."""
        rng = self.rng
        hib_inside, hb_inside = self.chance(0.6), self.chance(0.25)
        infant = DTP_WITH_HIB if hib_inside else DTP_PLAIN
        infant = [*infant, *DTP_WITH_HB] if hb_inside else infant
        if self.chance(0.08):
            infant = DTP_SINGLE + POLIO_ONLY
        boosters = rng.choice([DTP_BOOSTERS, ["Tdap", "Tdap-IPV"]])
        start = ("age", "days", 42, infant)
        month = ("after", "days", 28, infant)
        toddler = ("later_of", "years", 1, infant)
        at_4, at_14 = ("age", "years", 4, boosters), ("age", "years", 14, boosters)
        ten_years = ("after", "years", 10, boosters)
        polio_start = [("age", "days", 42, POLIO_ONLY), ("after", "days", 28, POLIO_ONLY)]

        late = [("age", "years", 7, boosters), ("after", "days", 28, boosters), ("after", "days", 168, boosters)]
        booster_a_month_apart = [at_14, ("after", "days", 28, boosters), ("after", "days", 28, boosters)]
        oldest = age == 17 and birth.month <= 2
        yield rng.choice([
            *([[*late, ten_years]] * 6 if oldest else []),
            [start, month, month, toddler, at_4, at_14],
            [start, month, month, toddler, at_4],
            [start, month, month, toddler, ("age", "years", 4, boosters), ten_years],
            [start, month, month, toddler, ("age", "years", 5, boosters), at_14],
            [start, month, month, ("age", "months", 18, infant), ("after", "days", 28, infant), at_4, at_14],
            [start, month, month, at_4, at_14],
            [start, month, month, at_4, ten_years],
            [start, month, month, at_4],
            [start, month, month, ("ago", "years", 10, boosters)],
            [start, month, month, ("ago", "years", 10, boosters), ("ago", "days", 0, boosters)],
            [("age", "years", 6, boosters), ("age", "years", 7, boosters), ("after", "days", 28, boosters),
             ("after", "days", 168, boosters), at_14],
            late,
            [*late[:2], ("ago", "years", 10, boosters)],
            [*late, ten_years],
            [*late, at_14],
            [*late, ("after", "days", 28, boosters), at_14],
            [("age", "years", 13, boosters), ("after", "days", 28, boosters), ("after", "days", 168, boosters),
             ("after", "days", 28, boosters)],
            [("age", "years", 13, boosters), late[1], *booster_a_month_apart],
            [start, month, month, *booster_a_month_apart],
            [start, month, month, at_4, *booster_a_month_apart],
            [start, month, month, at_4, ("after", "days", 28, boosters), ("after", "days", 28, boosters), at_14],
            [start, month, month, ("age", "years", 3, boosters), at_4, at_14],
            [start, month, month, toddler, *booster_a_month_apart],
        ])

        if self.chance(0.3):
            yield polio_start + rng.choice([
                [("later_of", "years", 1, POLIO_ONLY), ("age", "years", 4, POLIO_ONLY)],
                [("age", "years", 4, POLIO_ONLY), ("after", "days", 28, POLIO_ONLY)],
                [("later_of", "years", 1, POLIO_ONLY), ("after", "days", 28, POLIO_ONLY),
                 ("age", "years", 4, POLIO_ONLY)],
                [("age", "years", 3, POLIO_ONLY), ("after", "days", 28, POLIO_ONLY), ("age", "years", 4, POLIO_ONLY)],
                [("after", "days", 168, POLIO_ONLY), ("age", "years", 1, POLIO_ONLY)],
            ])

        if not hib_inside and age in (7, 8):
            hib_month, hib_two = ("after", "days", 28, HIB_ONLY), ("after", "days", 56, HIB_ONLY)
            hib_year = ("age", "years", 1, HIB_ONLY)
            yield rng.choice([
                [("age", "days", 42, HIB_ONLY), hib_month, hib_month, hib_year],
                [("age", "days", 42, HIB_ONLY), hib_month, hib_month, hib_two, hib_two],
                [("age", "months", 7, HIB_ONLY), hib_month, hib_two, hib_two],
                [("age", "months", 7, HIB_ONLY), hib_month, hib_year, hib_two],
                [("age", "months", 11, HIB_ONLY), hib_month, hib_two],
                [("age", "months", 12, HIB_ONLY), hib_two, hib_two],
                [("age", "months", 15, HIB_ONLY), hib_two],
                [("age", "years", 5, HIB_ONLY)],
            ])

        first_live = rng.choice([MEASLES, LIVE])
        other_live = rng.choice([MEASLES, LIVE])
        yield rng.choice([
            [("age", "years", 1, MEASLES), ("after", "days", 28, MEASLES)],
            [("age", "years", 1, first_live), ("after", "days", 28, other_live), ("after", "days", 28, other_live)],
            [("age", "years", 1, first_live), ("after", "days", 0, LIVE), ("age", "years", 4, other_live)],
            [("age", "months", 11, LIVE), ("age", "years", 1, MEASLES), ("age", "months", 15, ["MMR-Var", "Var"]),
             ("age", "years", 4, ["MMR-Var"])],
            [("age", "months", 12, ["MMR"]), ("age", "months", 15, ["Var"]), ("age", "years", 4, ["MMR-Var"])],
            [("age", "years", 1, ["YF", "BCG vaccine", "Zos", "Sma"]), ("after", "days", 28, ["R", "Mu", "Var", "M"]),
             ("after", "days", 28, ["Mu", "Var", "MR"]), ("ago", "days", 0, ["MMR-Var"])],
        ])

        if age <= 9 or self.chance(0.2):
            yield rng.choice([
                [("age", "years", 1, MEN_C + MEN_ACYW)],
                [("age", "years", 2, MEN_P), ("after", "days", 168, MEN_C + MEN_ACYW)],
                [("age", "years", 2, MEN_P), ("after", "days", 100, MEN_C)],
                [("age", "years", 3, MEN_P), ("after", "days", 0, MEN_C), ("after", "days", 28, MEN_C)],
                [("age", "days", 42, MEN_C), ("age", "years", 1, MEN_C), ("after", "days", 28, MEN_C)],
            ])
            pneu_month, pneu_two = ("after", "days", 28, PNEU_C), ("after", "days", 56, PNEU_C)
            yield rng.choice([
                [("age", "days", 42, PNEU_C), pneu_month, pneu_month, ("age", "years", 1, PNEU_C)],
                [("age", "days", 42, PNEU_C), pneu_month, pneu_month, pneu_two, pneu_two],
                [("age", "months", 7, PNEU_C), pneu_month, pneu_two, ("age", "years", 1, PNEU_C)],
                [("age", "months", 11, PNEU_C), pneu_month, pneu_two],
                [("age", "years", 1, PNEU_C), pneu_two],
                [("age", "years", 1, PNEU_C), ("age", "years", 2, PNEU_C)],
                [("age", "years", 2, PNEU_C)],
                [("age", "years", 2, PNEU_P), ("after", "years", 1, PNEU_C)],
                [("age", "years", rng.randint(2, 5), PNEU_P), ("after", "years", 1, PNEU_C)],
                [("age", "years", 2, PNEU_P), ("after", "days", 200, PNEU_C), ("after", "days", 0, PNEU_C)],
                [("age", "days", 42, PNEU_C), pneu_month, ("age", "years", 2, PNEU_P), ("after", "years", 1, PNEU_C),
                 ("after", "days", 0, PNEU_P)],
                [("age", "years", 3, PNEU_P), ("after", "days", 0, PNEU_C), ("after", "days", 56, PNEU_C)],
            ])

        if age >= 11:
            window = (birth.year + 8 - self.first_year) * 12
            opens = later(self.starts, "months", window)
            opens_days = (self.assessed - opens).days
            yield rng.choice([
                [("ago", "days", opens_days, MEN_ACYW)],
                [("ago", "days", opens_days + 90, MEN_P), ("ago", "days", opens_days, MEN_ACYW)],
                [("age", "years", 11, MEN_P), ("after", "days", 168, MEN_ACYW)],
                [("age", "years", 12, MEN_P), ("after", "days", 0, MEN_ACYW), ("after", "days", 30, MEN_ACYW)],
                [("ago", "days", 0, MEN_ACYW)],
                [("age", "years", 7, MEN_ACYW), ("age", "years", 12, MEN_ACYW)],
            ])
            yield rng.choice([
                [("age", "years", 9, HPV), ("after", "days", 28, HPV), ("after", "days", 84, HPV)],
                [("age", "years", 9, HPV), ("first", "days", 28, HPV), ("first", "days", 168, HPV)],
                [("age", "years", 9, HPV), ("after", "days", 28, HPV), ("after", "days", 140, HPV)],
                [("age", "years", 9, HPV), ("after", "days", 84, HPV), ("after", "days", 84, HPV)],
                [("age", "years", 12, HPV), ("after", "days", 168, HPV)],
                [("age", "years", 15, HPV), ("after", "days", 28, HPV), ("first", "days", 168, HPV)],
                [("age", "years", 14, HPV), ("age", "years", 15, HPV)],
            ])
            yield from self.hepatitis_b_scripts()

    def hepatitis_b_scripts(self):
        rng = self.rng
        first, last = rng.choice([HB_ANY, HB_PLAIN, ["HAHB"]]), rng.choice([HB_ANY, HB_PLAIN, ["HAHB"], DTP_WITH_HB])
        teen = rng.choice([HB_PLAIN, ["HAHB"], [*HB_PLAIN, "HAHB", "HB-dialysis"]])
        yield rng.choice([
            [("age", "days", 0, first), ("after", "days", 28, HB_ANY), ("first", "days", 112, last)],
            [("age", "days", 0, HB_PLAIN), ("after", "days", 28, DTP_WITH_HB), ("first", "days", 168, last)],
            [("age", "days", 42, first), ("after", "days", 28, HB_ANY), ("first", "days", 168, last)],
            [("age", "years", 1, first), ("after", "days", 28, HB_ANY), ("first", "days", 168, last)],
            [("age", "days", 300, HB_PLAIN), ("age", "years", 1, ["HAHB"]), ("age", "years", 1, ["HAHB"]),
             ("first", "days", 168, last)],
            [("age", "days", 200, HB_PLAIN), ("after", "days", 28, HB_PLAIN), ("age", "years", 1, ["HAHB"])],
            [("age", "years", 11, teen), ("after", "days", 112, teen)],
            [("age", "years", 11, teen), ("after", "days", 168, teen)],
            [("age", "years", 11, HB_PLAIN), ("after", "days", 168, ["HAHB"])],
            [("age", "years", 11, ["HAHB"]), ("after", "days", 168, teen)],
            [("age", "years", 15, teen), ("age", "years", 16, teen)],
            [("age", "years", 11, first), ("after", "days", 28, teen), ("first", "days", 112, teen),
             ("first", "days", 168, last)],
            [("age", "years", 16, teen), ("after", "days", 28, teen), ("first", "days", 112, last)],
        ])
        if self.chance(0.15):
            yield [("age", "days", 42, HB_ANY)]

    def add_doses(self, client_id, birth, age):
        rng = self.rng
        mood = rng.choice(("realistic", "threshold", "threshold"))
        doses = []
        for script in self.scripts(birth, age):
            if self.chance(0.88):
                doses += self.follow(birth, script, mood)
        for _ in range(rng.choice((0, 0, 1, 2, 6))):
            doses.append((later(birth, *rng.choice(AGE_THRESHOLDS)), rng.choice(ALL_AGENTS)))
        for _ in range(rng.choice((0, 0, 1, 3))):
            if doses:
                day = later(rng.choice(doses)[0], *rng.choice(INTERVAL_THRESHOLDS))
                doses.append((day + timedelta(days=self.jitter("threshold")), rng.choice(ALL_AGENTS)))
        if self.chance(0.08) and doses:
            doses.append((rng.choice(doses)[0] - timedelta(days=rng.choice((27, 28, 29))), rng.choice(LIVE)))
        if self.chance(0.05):
            doses.append((self.assessed + timedelta(days=rng.choice((-1, 0, 1, 40))), rng.choice(ALL_AGENTS)))
        if self.chance(0.05):
            day = birth - timedelta(days=rng.choice((1, 2, 30, 400)))
            doses.append((rng.choice([day, date(1900, 1, 1)]), rng.choice([*ALL_AGENTS, *HB_PLAIN, *MEN_ACYW])))
        if self.chance(0.08):
            doses.append((birth + timedelta(days=rng.randint(0, 6000)), rng.choice(UNKNOWN_AGENTS)))
        if self.chance(0.05):
            agents = rng.choice([HPV, HB_ANY, MEASLES, MEN_ACYW])
            doses = [(None, rng.choice(agents)), *(d for d in doses if d[1] not in agents)]

        trade_names = rng.choice((ENGERIX_NAMES, ENGERIX_NAMES, OTHER_TRADE_NAMES, ENGERIX_NAMES + OTHER_TRADE_NAMES))
        groups = (HPV, HB_ANY, MEASLES, LIVE, MEN_C + MEN_ACYW + MEN_P, PNEU_C + PNEU_P, DTP_WITH_HIB + DTP_BOOSTERS)
        for given, agent in doses:
            trade_name = rng.choice(trade_names) if agent in HB_ANY and self.chance(0.95) else None
            self.add_dose(client_id, given, agent, trade_name)
            if self.chance(0.06):
                near = [a for group in groups if agent in group for a in group] or [agent]
                for _ in range(rng.randint(1, 2)):
                    self.add_dose(client_id, given, rng.choice([agent, rng.choice(near)]), missing=0, wrong=0)

    # Exemptions

    def add_exemptions(self, client_id):
        rng = self.rng
        for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 4))):
            antigen = rng.choice(OTHER_EXEMPTION_ANTIGENS if self.chance(0.05) else EXEMPTION_ANTIGENS)
            reason = rng.choice(OTHER_REASONS if self.chance(0.05) else REASONS)
            self.rows["exemptions"].append({
                "exemption_id": self.record_id(f"X{len(self.rows['exemptions']) + 1}"), "client_id": self.id(client_id),
                "antigen": self.spelled(antigen, 0.25), "reason": self.spelled(reason, 0.25),
                "effective_from": self.written(self.edge_from()), "effective_to": self.written(self.edge_to()),
            })

    # Clients

    def birth_in(self, year):
        rng = self.rng
        kind = rng.random()
        if kind < 0.12:
            month = rng.randint(1, 12)
            return date(year, month, monthrange(year, month)[1])
        if kind < 0.2:
            return date(year, 2, monthrange(year, 2)[1])
        if kind < 0.26:
            return rng.choice([date(year, 1, 1), date(year, 12, 31), date(year, 8, 31), date(year, 9, 1)])
        if kind < 0.36:  # old enough by the assessment date for a booster ten years after a late start
            return date(year, 1, rng.randint(1, 31))
        return date(year, 1, 1) + timedelta(days=rng.randrange(365))

    def add_client(self, number):
        rng = self.rng
        client_id = f"{number:010d}"
        age = rng.choices(range(6, 19), weights=[1, 30, 3, 3, 3, 3, 24, 3, 7, 3, 3, 30, 1])[0]
        birth = self.birth_in(self.first_year - age)
        statuses = {"Active": 94, " Active ": 2, "Inactive": 1, "Deceased": 1, "active": 1, "": 1, "Actif": 1}
        status = rng.choices(list(statuses), weights=statuses.values())[0]
        genders = {"F": 48, "M": 44, "U": 2, "X": 2, "": 2, " F": 1, "f": 1, "Female": 1, "Homme": 1}
        gender = rng.choices(list(genders), weights=genders.values())[0]
        self.rows["clients"].append({
            "client_id": self.id(client_id), "date_of_birth": self.written(birth, missing=0.005, wrong=0.005),
            "gender": gender, "client_status": status,
        })
        self.add_education_records(client_id, age)
        self.add_doses(client_id, birth, age)
        self.add_exemptions(client_id)

    def add_orphans(self):
        """Rows whose client is in no file; one lacks only the leading zeros of a real id."""
        birth = date(self.first_year - 7, 5, 5)
        for client_id in ("9999999999", "1", "", "12345"):
            self.add_education_records(client_id, 7)
            self.add_doses(client_id, birth, 7)
            self.add_exemptions(client_id)

    def repeat_ids(self, conflicting_ids):
        """Exact copies of rows and, where asked for, rows that share an id but nothing else."""
        for rows in self.rows.values():
            key = next(iter(rows[0]))
            copies = [dict(row) for row in rows if self.chance(0.005)]
            if conflicting_ids:
                copies += [{**self.rng.choice(rows), key: row[key]} for row in rows if self.chance(0.004)]
            rows += copies

    def write(self, folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, rows in self.rows.items():
            columns = list(rows[0])
            self.rng.shuffle(columns)
            self.rng.shuffle(rows)
            encoding = "utf-8-sig" if self.chance(0.3) else "utf-8"
            with (Path(folder) / f"{name}.csv").open("w", encoding=encoding, newline="") as out:
                writer = csv.DictWriter(out, columns, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)


def write_extracts(folder, seed, students, school_year=2018, conflicting_ids=True):
    """Write the five extracts for this many clients. `conflicting_ids=False` leaves out rows that share an id while
    their content differs, for a build whose gate stops at them; exact copies stay."""
    writer = Writer(seed, school_year)
    writer.add_schools()
    for number in range(1, students + 1):
        writer.add_client(number)
    writer.add_orphans()
    writer.repeat_ids(conflicting_ids)
    writer.write(folder)


if __name__ == "__main__":
    write_extracts(sys.argv[1], seed=int(sys.argv[2]), students=int(sys.argv[3]))
