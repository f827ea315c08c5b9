"""The Python reading of the annex, at one day below, at and above its thresholds.

Each test is a clinical sentence. Histories are lists of (agent, date); `judged` answers what became of each dose: its
slot number where it counts, otherwise the reason for refusing it.
"""

import csv
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import annex_reading as reading
import pytest
from random_extracts import write_extracts

BORN = date(2001, 3, 15)
OPEN_CASE = Path(__file__).resolve().parents[2].parent / "shared" / "cases" / "open"


def years(count, born=BORN):
    return reading.plus_years(born, count)


def months(count, born=BORN):
    return reading.plus_months(born, count)


def days(count, since=BORN):
    return since + timedelta(days=count)


def doses_of(history):
    """Doses from (agent, date) or (agent, date, trade name), with ids in the order given."""
    return [reading.Dose(f"I{n}", given, agent, *rest) for n, (agent, given, *rest) in enumerate(history)]


def judged(antigen, history, schedule="series", born=BORN, **options):
    """Slot number or reason for each relevant dose, in the order given."""
    found = reading.evaluate_doses(antigen, born, doses_of(history), **options)
    verdicts = {v.dose.immunization_id: v.dose_number or v.reason for v in found if v.schedule == schedule}
    return [verdicts[d.immunization_id] for d in doses_of(history) if d.immunization_id in verdicts]


def criteria(antigen, history, born=BORN, school_year=2018, gender="F"):
    """The up-to-date criteria that the history satisfies."""
    h = reading.History(born, doses_of(history), school_year, gender)
    return [criterion for _, criterion in reading.assess_antigen(antigen, h).satisfied]


def at_each_side(day):
    return [day - timedelta(days=1), day, day + timedelta(days=1)]


def infant_series(agent="DTaP-IPV-Hib", born=BORN):
    """Three doses from 42 days old, 28 days apart."""
    return [(agent, days(n, born)) for n in (42, 70, 98)]


def late_series(agent="Tdap-IPV", born=BORN):
    """Three doses from 7 years old: 28 days, then 168 days."""
    first = years(7, born)
    return [(agent, first), (agent, days(28, first)), (agent, days(196, first))]


# Calendar


def test_29_february_plus_a_year_is_28_february():
    assert reading.plus_years(date(2004, 2, 29), 1) == date(2005, 2, 28)
    assert reading.plus_years(date(2004, 2, 29), 4) == date(2008, 2, 29)


def test_the_31st_plus_a_month_is_the_last_day_of_a_shorter_month():
    assert reading.plus_months(date(2011, 7, 31), 7) == date(2012, 2, 29)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2013-08-20", date(2013, 8, 20)), ("2013 AUG 20", date(2013, 8, 20)), ("Aug 20, 2013", date(2013, 8, 20)),
        ("2013-13-45", None), ("2013 ABC 20", None), ("2015-02-29", None), ("unknown", None), ("", None),
    ],
)
def test_a_date_has_three_shapes_and_anything_else_is_missing(text, day):
    assert reading.parse_date(text) == day


@pytest.mark.parametrize("text", ["Men-AC-unspecified", "men\u2010ac \u2013 UNSPECIFIED", " men\u2212AC  unspecified "])
def test_agents_compare_without_regard_to_case_blanks_and_dashes(text):
    assert reading.comparable(text) == reading.comparable("men-AC unspecified")


# Diphtheria, tetanus, pertussis


@pytest.mark.parametrize("antigen", ["diphtheria", "tetanus", "pertussis", "polio", "hib"])
@pytest.mark.parametrize(("age", "answer"), [(41, "too_young"), (42, 1), (43, 1), (-1, "before_birth")])
def test_first_dose_counts_from_42_days_old(antigen, age, answer):
    assert judged(antigen, [("DTaP-IPV-Hib", days(age))]) == [answer]


@pytest.mark.parametrize(("gap", "answer"), [(27, "interval_too_short"), (28, 2), (29, 2)])
def test_second_diphtheria_dose_waits_28_days(gap, answer):
    assert judged("diphtheria", [("DTaP", days(42)), ("DTaP", days(42 + gap))]) == [1, answer]


@pytest.mark.parametrize(("gap", "answer"), [(167, "interval_too_short"), (168, 3)])
def test_third_diphtheria_dose_started_at_seven_waits_168_days(gap, answer):
    second = days(28, years(7))
    assert judged("diphtheria", [("Td", years(7)), ("Td", second), ("Td", days(gap, second))]) == [1, 2, answer]


@pytest.mark.parametrize(("gap", "answer"), [(27, "interval_too_short"), (28, 3)])
def test_third_diphtheria_dose_started_the_day_before_seven_waits_28_days(gap, answer):
    first = years(7) - timedelta(days=1)
    history = [("Td", first), ("Td", days(28, first)), ("Td", days(28 + gap, first))]
    assert judged("diphtheria", history) == [1, 2, answer]


@pytest.mark.parametrize(("gap", "answer"), [(167, "interval_too_short"), (168, 4)])
def test_fourth_tetanus_dose_waits_168_days_after_the_third(gap, answer):
    third = years(1)
    history = [*infant_series("DTaP")[:2], ("DTaP", third), ("DTaP", days(gap, third))]
    assert judged("tetanus", history)[3] == answer


def test_fourth_diphtheria_dose_counts_from_the_first_birthday():
    answers = [judged("diphtheria", [*infant_series(), ("DTaP", day)])[3] for day in at_each_side(years(1))]
    assert answers == ["too_young", 4, 4]


def test_fourth_dose_of_an_early_starter_at_five_is_not_asked_for_14_years():
    history = [*infant_series()[:2], ("DTaP", years(5)), ("DTaP", days(167, years(5)))]
    assert judged("diphtheria", history)[3] == "interval_too_short"


def test_fourth_pertussis_dose_of_a_late_starter_counts_from_14_years():
    answers = [judged("pertussis", [*late_series(), ("Tdap", day)])[3] for day in at_each_side(years(14))]
    assert answers == ["too_young", 4, 4]


def test_fourth_dose_of_a_late_starter_at_14_years_waits_28_days():
    third = years(14) - timedelta(days=5)
    start = [("Td", years(13)), ("Td", days(28, years(13))), ("Td", third)]
    assert judged("diphtheria", [*start, ("Td", days(27, third))])[3] == "interval_too_short"
    assert judged("diphtheria", [*start, ("Td", days(28, third))])[3] == 4


def test_fourth_dose_of_a_late_starter_counts_ten_years_after_the_third():
    history = late_series("Td")
    third = history[2][1]
    found = reading.evaluate_doses("tetanus", BORN, doses_of([*history, ("Td", years(10, third))]))
    assert found[3].rule == "4: first at ≥7 years, ≥10 years after third"


def test_fifth_dose_after_an_early_fourth_counts_from_four_years():
    history = [*infant_series(), ("DTaP", months(18))]
    answers = [judged("diphtheria", [*history, ("DTaP", day)])[4] for day in at_each_side(years(4))]
    assert answers == ["too_young", 5, 5]


def test_fifth_dose_after_a_fourth_the_day_before_four_years_waits_28_days():
    fourth = years(4) - timedelta(days=1)
    history = [*infant_series(), ("DTaP", fourth)]
    assert judged("diphtheria", [*history, ("DTaP", days(27, fourth))])[4] == "interval_too_short"
    assert judged("diphtheria", [*history, ("DTaP", days(28, fourth))])[4] == 5


def test_fifth_dose_after_a_fourth_at_four_years_counts_from_14_years():
    history = [*infant_series(), ("DTaP", years(4))]
    answers = [judged("diphtheria", [*history, ("Tdap", day)])[4] for day in at_each_side(years(14))]
    assert answers == ["too_young", 5, 5]


def test_fifth_dose_of_a_late_starter_waits_ten_years_after_the_fourth():
    born = date(1980, 3, 15)
    history = [*late_series("Td", born), ("Td", years(14, born))]
    answers = [judged("diphtheria", [*history, ("Td", day)], born=born)[4] for day in at_each_side(years(24, born))]
    assert answers == ["interval_too_short", 5, 5]


def test_sixth_dose_after_an_early_fourth_counts_from_14_years_or_after_ten_years():
    history = [*infant_series(), ("DTaP", months(18)), ("DTaP", years(5))]
    answers = [judged("pertussis", [*history, ("Tdap", day)])[5] for day in at_each_side(years(14))]
    assert answers == ["too_young", 6, 6]
    history = [*infant_series(), ("DTaP", months(18)), ("DTaP", years(4))]
    found = reading.evaluate_doses("pertussis", BORN, doses_of([*history, ("Tdap", years(14))]))
    assert found[5].rule == "6: fourth at 1 to <4 years, ≥10 years after fifth"


@pytest.mark.parametrize("start", [infant_series, late_series])
def test_sixth_dose_after_a_late_fourth_waits_ten_years(start):
    born = date(1975, 3, 15)
    fourth, fifth = (years(4, born), years(14, born)) if start is infant_series else (years(14, born), years(24, born))
    history = [*start("Td", born), ("Td", fourth), ("Td", fifth)]
    answers = [judged("tetanus", [*history, ("Td", day)], born=born)[5] for day in at_each_side(years(10, fifth))]
    assert answers == ["interval_too_short", 6, 6]


def test_seventh_diphtheria_dose_is_extra():
    history = [*infant_series(), ("DTaP", months(18)), ("DTaP", years(4)), ("Td", years(14)), ("Td", years(15))]
    assert judged("diphtheria", history)[6] == "extra_dose"


def test_a_refused_dose_is_skipped_and_the_next_is_tried_for_the_same_slot():
    history = [("D", days(42)), ("D", days(60)), ("d", days(70))]
    assert judged("diphtheria", history) == [1, "interval_too_short", 2]


def test_seven_year_old_with_four_diphtheria_doses_needs_the_fourth_at_four_years():
    born = date(2011, 3, 15)
    answers = [
        criteria("diphtheria", [*infant_series(born=born), ("DTaP", day)], born=born)
        for day in at_each_side(years(4, born))
    ]
    four = ["at 7: four, first at <7 years and fourth at ≥4 years"]
    assert answers == [[], four, four]


def test_seventeen_year_old_with_four_doses_needs_the_fourth_under_ten_years_ago():
    ten_years_ago = date(2009, 8, 31)
    answers = [criteria("tetanus", [*infant_series(), ("Td", day)]) for day in at_each_side(ten_years_ago)]
    four = ["at 17: four, first at <7 years and fourth <10 years ago"]
    assert answers == [[], [], four]


def test_seventeen_year_old_with_five_doses_is_up_to_date_when_the_fourth_was_at_four_years():
    history = [*infant_series(), ("DTaP", years(4)), ("Tdap", years(14))]
    assert criteria("pertussis", history) == ["at 17: five, first at <7 years and fourth at ≥4 years"]


def test_seventeen_year_old_late_starter_with_three_doses_needs_the_third_under_ten_years_ago():
    born = date(2001, 1, 1)
    history = late_series("Td", born)[:2]
    answers = [criteria("diphtheria", [*history, ("Td", day)], born=born) for day in at_each_side(date(2009, 8, 31))]
    assert answers == [[], [], ["at 17: three, first at ≥7 years and third <10 years ago"]]


def test_seventeen_year_old_late_starter_is_up_to_date_with_four_doses():
    assert "at 17: four, first at ≥7 years" in criteria("diphtheria", [*late_series("Td"), ("Td", years(14))])


def test_seventeen_year_old_with_six_doses_is_up_to_date():
    history = [*infant_series(), ("DTaP", months(18)), ("DTaP", years(4)), ("Td", years(14))]
    assert "at 17: ≥6 valid doses" in criteria("diphtheria", history)


# Hib


HIB_BORN = date(2011, 7, 31)


def test_hib_started_under_seven_months_takes_four_doses_the_last_from_the_first_birthday():
    history = [("Hib", months(7, HIB_BORN) - timedelta(days=1))]
    history += [("Hib", days(n, history[0][1])) for n in (28, 56)]
    answers = [judged("hib", [*history, ("Hib", day)], born=HIB_BORN)[3] for day in at_each_side(years(1, HIB_BORN))]
    assert answers == ["too_young", 4, 4]
    last = [*history, ("Hib", years(1, HIB_BORN)), ("Hib", years(2, HIB_BORN))]
    assert judged("hib", last, born=HIB_BORN)[4] == "extra_dose"
    assert criteria("hib", last, born=HIB_BORN) == ["≥4 valid doses"]


@pytest.mark.parametrize(("gap", "answer"), [(55, "interval_too_short"), (56, 3)])
def test_hib_started_at_seven_months_waits_56_days_for_the_third_and_last_dose(gap, answer):
    first = months(7, HIB_BORN)
    second = months(11, HIB_BORN)
    history = [("Hib", first), ("Hib", second), ("Hib", days(gap, second)), ("Hib", years(2, HIB_BORN))]
    if answer == 3:
        assert judged("hib", history, born=HIB_BORN)[2:] == [3, "extra_dose"]
        assert criteria("hib", history, born=HIB_BORN) == ["three, first at 7 to <12 months"]
    else:
        assert judged("hib", history, born=HIB_BORN)[2] == answer


@pytest.mark.parametrize(("gap", "answer"), [(55, "interval_too_short"), (56, 2)])
def test_hib_started_at_twelve_months_waits_56_days_for_the_second_and_last_dose(gap, answer):
    first = months(12, HIB_BORN)
    assert judged("hib", [("Hib", first), ("Hib", days(gap, first))], born=HIB_BORN) == [1, answer]
    history = [("Hib", first), ("Hib", days(56, first)), ("Hib", years(3, HIB_BORN))]
    assert judged("hib", history, born=HIB_BORN)[2] == "extra_dose"
    assert criteria("hib", history, born=HIB_BORN) == ["two, first at 12 to <15 months"]


def test_hib_is_complete_with_one_dose_from_fifteen_months():
    answers = [criteria("hib", [("Hib", day)], born=HIB_BORN) for day in at_each_side(months(15, HIB_BORN))]
    assert answers == [[], ["one, first at ≥15 months"], ["one, first at ≥15 months"]]
    again = [("Hib", months(15, HIB_BORN)), ("Hib", years(3, HIB_BORN))]
    assert judged("hib", again, born=HIB_BORN) == [1, "extra_dose"]


# Hepatitis B


def test_engerix_rule_holds_when_every_dose_from_eleven_years_is_engerix():
    history = [
        ("DPT-HB", days(42), ""), ("HB", years(11), "Engerix\u00ae-B"),
        ("HB-unspecified", days(167, years(11)), "ENGERIX B"), ("HB", days(168, years(11)), "engerixb adult"),
    ]
    expected = ["agent_not_in_schedule", 1, "interval_too_short", 2]
    assert judged("hepatitis_b", history, "two_dose") == expected


def test_one_other_trade_name_from_eleven_years_means_the_rule_of_112_days():
    history = [("HB", years(11), "Engerix-B"), ("HB", days(112, years(11)), "Recombivax HB")]
    assert judged("hepatitis_b", history, "two_dose") == [1, 2]
    assert criteria("hepatitis_b", history) == ["two valid doses of the two-dose schedule"]


def test_engerix_rule_does_not_apply_without_a_dose_from_eleven_years():
    assert judged("hepatitis_b", [("HAHB", years(10))], "two_dose") == ["too_young"]


@pytest.mark.parametrize(
    ("first", "second", "gap", "answer"),
    [
        ("HB", "HB", 111, "interval_too_short"), ("HB", "HB", 112, 2),
        ("HB", "HAHB", 167, "interval_too_short"), ("HB", "HAHB", 168, 2),
        ("HAHB", "HB", 167, "interval_too_short"), ("HAHB", "HB-unspecified", 168, 2),
        ("HAHB", "HAHB", 167, "interval_too_short"), ("HAHB", "HAHB", 168, 2),
        ("HB", "HB-dialysis", 300, "agent_not_in_schedule"),
    ],
)
def test_two_dose_interval_depends_on_which_dose_is_hahb(first, second, gap, answer):
    history = [(first, years(12)), (second, days(gap, years(12)))]
    assert judged("hepatitis_b", history, "two_dose") == [1, answer]


def test_two_dose_schedule_runs_from_eleven_to_under_sixteen():
    assert [judged("hepatitis_b", [("HB", d)], "two_dose")[0] for d in at_each_side(years(11))] == ["too_young", 1, 1]
    answers = [judged("hepatitis_b", [("HB", years(11)), ("HB", d)], "two_dose")[1] for d in at_each_side(years(16))]
    assert answers == [2, "too_old", "too_old"]


@pytest.mark.parametrize(
    ("agent", "age", "answer"),
    [
        ("HB", -1, "before_birth"), ("HB", 0, 1), ("HB-dialysis", 0, 1), ("DTaP-HB-IPV-Hib", 41, "too_young"),
        ("DTaP-HB-IPV-Hib", 42, 1), ("HAHB", 364, "too_young"), ("HAHB", 365, 1),
    ],
)
def test_first_dose_of_three_has_the_minimum_age_of_its_agent(agent, age, answer):
    assert judged("hepatitis_b", [(agent, days(age))], "three_dose") == [answer]


@pytest.mark.parametrize(
    ("agent", "age", "answer"),
    [
        ("HB", 27, "interval_too_short"), ("HB", 28, 2), ("DPT-HB", 41, "too_young"), ("DPT-HB", 42, 2),
        ("HAHB", 364, "too_young"), ("HAHB", 365, 2),
    ],
)
def test_second_dose_of_three_waits_28_days_and_the_minimum_age_of_its_agent(agent, age, answer):
    assert judged("hepatitis_b", [("HB", BORN), (agent, days(age))], "three_dose") == [1, answer]


@pytest.mark.parametrize(
    ("first", "last", "gap", "answer"),
    [
        ("HB", "DPT-HB", 111, "interval_too_short"), ("HB", "DPT-HB", 112, 3),
        ("HB", "HAHB", 167, "interval_too_short"), ("HB", "HAHB", 168, 3),
        ("HAHB", "HB", 167, "interval_too_short"), ("HAHB", "HB", 168, 3),
    ],
)
def test_hahb_first_or_last_makes_the_third_dose_wait_168_days(first, last, gap, answer):
    start = years(2)
    history = [(first, start), ("HB", days(28, start)), (last, days(gap, start))]
    assert judged("hepatitis_b", history, "three_dose") == [1, 2, answer]


@pytest.mark.parametrize(("gap", "answer"), [(27, "interval_too_short"), (28, 3)])
def test_third_dose_waits_28_days_after_the_second(gap, answer):
    second = days(112)
    history = [("HB", BORN), ("HB", second), ("HB", days(gap, second))]
    assert judged("hepatitis_b", history, "three_dose") == [1, 2, answer]


def test_hepatitis_b_keeps_the_most_inclusive_agent_of_a_day():
    history = [("HB", years(11)), ("HAHB", years(11)), ("DTaP-HB-IPV", years(11)), ("DPT-HB-Hib", years(11))]
    duplicate = "same_day_duplicate"
    assert judged("hepatitis_b", history, "three_dose") == [duplicate, duplicate, 1, duplicate]
    assert judged("hepatitis_b", history, "two_dose") == [duplicate, duplicate, "agent_not_in_schedule", duplicate]


# HPV


def test_hpv_first_dose_counts_from_nine_years_and_on_two_doses_under_fifteen():
    for schedule, oldest in (("two_dose", "too_old"), ("three_dose", 1)):
        answers = [judged("hpv", [("HPV-9", d)], schedule)[0] for d in at_each_side(years(9))]
        assert answers == ["too_young", 1, 1]
        answers = [judged("hpv", [("HPV-9", d)], schedule)[0] for d in at_each_side(years(15))]
        assert answers == [1, oldest, oldest]


@pytest.mark.parametrize(("gap", "answer"), [(167, "interval_too_short"), (168, 2)])
def test_second_of_two_hpv_doses_waits_168_days(gap, answer):
    assert judged("hpv", [("HPV-4", years(12)), ("HPV-9", days(gap, years(12)))], "two_dose") == [1, answer]


@pytest.mark.parametrize(
    ("second", "third", "answer"),
    [(28, 167, "interval_too_short"), (28, 168, 3), (84, 167, "interval_too_short"), (85, 168, "interval_too_short"),
     (84, 168, 3)],
)
def test_third_hpv_dose_waits_84_days_after_the_second_and_168_after_the_first(second, third, answer):
    history = [("HPV-9", years(12)), ("HPV-9", days(second, years(12))), ("HPV-9", days(third, years(12)))]
    assert judged("hpv", history, "three_dose") == [1, 2, answer]


def test_hpv_2_counts_for_every_gender_but_male():
    history = [("HPV-2", years(12)), ("HPV-9", days(168, years(12)))]
    assert judged("hpv", history, "two_dose", gender="M") == [1]
    for gender in ("F", "U", "X", ""):
        assert judged("hpv", history, "two_dose", gender=gender) == [1, 2]


def test_hpv_keeps_nine_before_unspecified_before_four_before_two():
    history = [("HPV-2", years(12)), ("HPV-4", years(12)), ("hpv-unspecified", years(12)), ("HPV-9", years(12))]
    assert judged("hpv", history, "two_dose") == [*["same_day_duplicate"] * 3, 1]
    assert judged("hpv", history[:3], "two_dose") == [*["same_day_duplicate"] * 2, 1]


# Live vaccines


@pytest.mark.parametrize("antigen", ["measles", "mumps", "rubella", "varicella"])
def test_live_vaccine_counts_from_the_first_birthday(antigen):
    assert [judged(antigen, [("MMR-Var", d)])[0] for d in at_each_side(years(1))] == ["too_young", 1, 1]


@pytest.mark.parametrize("antigen", ["measles", "mumps", "varicella"])
@pytest.mark.parametrize(("gap", "answer"), [(27, "live_vaccine_interaction"), (28, 2)])
def test_second_live_dose_waits_28_days(antigen, gap, answer):
    assert judged(antigen, [("MMR-Var", years(1)), ("MMR-Var", days(gap, years(1)))]) == [1, answer]


@pytest.mark.parametrize("other", ["YF", "Sma", "Zos", "Zos-unspecified", "BCG vaccine", "Var", "Mu", "R"])
def test_another_live_vaccine_less_than_28_days_before_refuses_the_measles_dose(other):
    answers = [judged("measles", [(other, days(-gap, years(2))), ("M", years(2))])[0] for gap in (0, 1, 27, 28)]
    assert answers == [1, "live_vaccine_interaction", "live_vaccine_interaction", 1]


def test_a_refused_measles_dose_still_interacts_with_the_next():
    history = [("MMR", years(1)), ("MMR", days(27, years(1))), ("MMR", days(54, years(1)))]
    assert judged("measles", history) == [1, "live_vaccine_interaction", "live_vaccine_interaction"]


@pytest.mark.parametrize("other", ["LAIV", "Rota-1", "OPV"])
def test_live_vaccines_that_are_not_parenteral_do_not_interact(other):
    assert judged("measles", [(other, days(-1, years(1))), ("MMR", years(1))]) == [1]


def test_rubella_needs_one_dose_and_the_second_is_extra():
    assert judged("rubella", [("R", years(1)), ("MR", years(2))]) == [1, "extra_dose"]
    assert criteria("rubella", [("R", years(1))]) == ["≥1 valid dose"]


def test_of_two_measles_records_on_a_day_the_smallest_id_is_kept():
    doses = [reading.Dose("I9", years(1), "MMR"), reading.Dose("I10", years(1), "M")]
    found = reading.evaluate_doses("measles", BORN, doses)
    assert {v.dose.immunization_id: v.reason for v in found} == {"I10": None, "I9": "same_day_duplicate"}


# Meningococcal


def test_mcc_counts_from_the_first_birthday():
    assert [judged("mcc", [("Men-C-C", d)])[0] for d in at_each_side(years(1))] == ["too_young", 1, 1]


@pytest.mark.parametrize(
    ("gap", "answer"),
    [(0, 1), (1, "polysaccharide_interaction"), (167, "polysaccharide_interaction"), (168, 1)],
)
def test_mcc_waits_168_days_after_a_polysaccharide_dose_unless_on_the_same_day(gap, answer):
    assert judged("mcc", [("Men-P-AC unspecified", years(3)), ("Men-C-C", days(gap, years(3)))]) == [answer]


def test_polysaccharide_dose_under_two_years_is_ignored():
    answers = [
        judged("mcc", [("men-p-unspecified", d), ("Men-C-C", days(100, years(2)))])[0] for d in at_each_side(years(2))
    ]
    assert answers == [1, "polysaccharide_interaction", "polysaccharide_interaction"]


def test_polysaccharide_a_interacts_with_mcv4_but_not_with_mcc():
    history = [("men-p-A-unspecified", years(12)), ("men-ACYW-135 unspecified", days(100, years(12)))]
    assert judged("mcv4", history) == ["polysaccharide_interaction"]
    assert judged("mcc", history) == [1]


@pytest.mark.parametrize(("birth_year", "opens"), [(2006, date(2014, 9, 1)), (2001, date(2009, 9, 1))])
def test_mcv4_window_opens_in_september_five_years_before_the_end_of_grade_seven(birth_year, opens):
    born = date(birth_year, 12, 31)
    answers = [judged("mcv4", [("Men-C-ACYW-135", d)], born=born)[0] for d in at_each_side(opens)]
    assert answers == ["outside_window", 1, 1]


# Polio


def test_third_polio_dose_waits_168_days_and_the_first_birthday():
    start = [("IPV", days(42)), ("OPV", days(70))]
    assert [judged("polio", [*start, ("IPV", d)])[2] for d in at_each_side(years(1))] == ["too_young", 3, 3]
    late = [("IPV", days(42)), ("OPV", years(1))]
    assert judged("polio", [*late, ("IPV", days(167, years(1)))])[2] == "interval_too_short"
    assert judged("polio", [*late, ("IPV", days(168, years(1)))])[2] == 3


def test_fourth_polio_dose_counts_from_four_years_only_after_a_third_under_four_years():
    start = [("IPV", days(42)), ("IPV", days(70))]
    early = [*start, ("IPV", years(2))]
    assert [judged("polio", [*early, ("IPV", d)])[3] for d in at_each_side(years(4))] == ["too_young", 4, 4]
    late = [*start, ("IPV", years(4)), ("IPV", years(5))]
    assert judged("polio", late)[3] == "extra_dose"
    assert criteria("polio", late) == ["three, third at ≥4 years"]
    assert criteria("polio", [*start, ("IPV", days(-1, years(4)))]) == []


# Pneumococcal


def pneumococcal(history):
    return {name: judged("pneumococcal", history, name) for name in
            ("three_plus_one", "two_plus_one", "two_dose", "one_dose")}


def test_first_pneumococcal_dose_has_its_schedules_ages():
    def first(day):
        return [answers[0] for answers in pneumococcal([("Pneu-C-13", day)]).values()]

    assert [first(d) for d in at_each_side(days(42))][:2] == [
        ["too_young"] * 4, [1, 1, "too_young", "too_young"],
    ]
    assert [first(d) for d in at_each_side(months(7))][:2] == [
        [1, 1, "too_young", "too_young"], ["too_old", 1, "too_young", "too_young"],
    ]
    assert [first(d) for d in at_each_side(years(1))][:2] == [
        ["too_old", 1, "too_young", "too_young"], ["too_old", "too_old", 1, "too_young"],
    ]
    assert [first(d) for d in at_each_side(years(2))][:2] == [
        ["too_old", "too_old", 1, "too_young"], ["too_old", "too_old", "too_old", 1],
    ]


def test_three_plus_one_series_ends_56_days_after_the_third_and_from_one_year():
    start = [("Pneu-C-7", days(n)) for n in (42, 70, 98)]
    answers = [pneumococcal([*start, ("Pneu-C-10", d)])["three_plus_one"][3] for d in at_each_side(years(1))]
    assert answers == ["too_young", 4, 4]
    start[2] = ("Pneu-C-7", years(1))
    for gap, answer in ((55, "interval_too_short"), (56, 4)):
        assert pneumococcal([*start, ("Pneu-C-10", days(gap, years(1)))])["three_plus_one"][3] == answer


@pytest.mark.parametrize(("gap", "answer"), [(55, "interval_too_short"), (56, 2)])
def test_second_of_two_pneumococcal_doses_waits_56_days(gap, answer):
    history = [("pneu-unspecified", years(1)), ("Pneu-c-unspecified", days(gap, years(1)))]
    assert pneumococcal(history)["two_dose"] == [1, answer]


def test_pneumococcal_dose_waits_a_calendar_year_after_a_polysaccharide_dose():
    polysaccharide = date(2004, 2, 29)
    answers = [
        judged("pneumococcal", [("Pneu-P-23", polysaccharide), ("Pneu-C-13", d)], "one_dose")[0]
        for d in (polysaccharide, date(2005, 2, 27), date(2005, 2, 28))
    ]
    assert answers == [1, "polysaccharide_interaction", 1]


# Doses that count, immunity, exemptions


def test_a_dose_counts_up_to_the_assessment_date():
    answers = [judged("mcv4", [("Men-C-ACYW-135", d)]) for d in at_each_side(date(2019, 8, 31))]
    assert answers == [[1], [1], []]
    assert judged("mcv4", [("Men-C-ACYW-135", None)]) == []


def immunity(starts, ends=None, reason="Medical - documented immunity", antigen="Hep B antibody"):
    record = reading.Exemption(reading.comparable(antigen), reading.comparable(reason), starts, ends)
    return reading.has_evidence_of_immunity("hepatitis_b", [record], reading.SchoolYear(2018))


def test_evidence_of_immunity_starts_by_the_assessment_date_and_never_ends():
    assert [immunity(d) for d in at_each_side(date(2019, 8, 31))] == [True, True, False]
    assert immunity(date(2010, 1, 1), ends=date(2010, 1, 2))
    assert not immunity(None)
    assert not immunity(date(2010, 1, 1), reason="Medical - clinical decision")


def exempt(starts, ends):
    record = reading.Exemption(reading.comparable("Men-C-AC"), reading.MEDICAL_REASON, starts, ends)
    return reading.is_exempt("mcc", reading.MEDICAL_REASON, [record], reading.SchoolYear(2018))


def test_an_exemption_is_effective_on_any_day_of_the_school_year():
    assert [exempt(d, None) for d in at_each_side(date(2019, 8, 31))] == [True, True, False]
    assert [exempt(None, d) for d in at_each_side(date(2018, 9, 1))] == [False, True, True]
    assert exempt(None, None)


# Schools


YEAR = reading.SchoolYear(2018)


def record(record_id="E1", starts=date(2018, 9, 1), ends=None, school_type="public school board", name="Maple"):
    school = reading.School(name, reading.comparable(school_type), "Peel Public Health")
    return reading.EducationRecord(record_id, "0001", starts, ends, school)


def chosen(age, *records):
    found, decision = reading.choose_record(list(records), age, YEAR)
    return found.education_record_id, decision


@pytest.mark.parametrize(
    ("school_type", "priorities"),
    [
        ("Elementary School", {7: 1, 11: 1, 12: 1, 13: 1, 14: 2, 15: None, 17: None}),
        ("secondary school", {7: None, 11: None, 12: 2, 13: 2, 14: 1, 15: 1, 17: 1}),
        ("elementary  &  secondary school", {7: 1, 12: 1, 14: 1, 17: 1}),
        ("", {7: 3, 12: 3, 17: 3}),
    ],
)
def test_school_type_suits_the_age(school_type, priorities):
    found = {age: reading.school_type_priority(age, reading.comparable(school_type)) for age in priorities}
    assert found == priorities


def test_attendance_overlaps_the_school_year_by_a_day():
    def overlaps(**dates):
        return reading.attends_in_window(record(**dates), YEAR, "overlap")

    assert [overlaps(starts=d) for d in at_each_side(date(2019, 8, 31))] == [True, True, False]
    assert [overlaps(starts=None, ends=d) for d in at_each_side(date(2018, 9, 1))] == [False, True, True]


def test_window_as_printed_wants_both_dates_inside_the_year():
    def printed(**dates):
        return reading.attends_in_window(record(**dates), YEAR, "as_printed")

    ends = date(2019, 8, 31)
    assert [printed(starts=d, ends=ends) for d in at_each_side(date(2018, 9, 1))] == [False, True, True]
    assert [printed(starts=None, ends=d) for d in at_each_side(ends)] == [True, True, False]
    assert not printed(starts=None, ends=None)


def test_a_holding_school_is_dropped_before_its_type_is_looked_at():
    assert reading.reason_to_drop(record(name="Z-HOLDING", school_type="other"), 7, YEAR, "overlap") == "holding_school"


def test_school_attended_on_june_30_wins():
    left = record("E1", ends=date(2019, 6, 29))
    assert chosen(12, left, record("E2", starts=date(2019, 6, 30))) == ("E2", "attended_june_30")


def test_age_appropriate_school_wins_before_longer_attendance():
    assert chosen(12, record("E1", school_type="secondary school"), record("E2", starts=date(2019, 6, 1))) == (
        "E2", "age_appropriate_school",
    )


def test_days_before_the_school_year_do_not_lengthen_attendance():
    found = chosen(12, record("E2", starts=date(2010, 1, 1)), record("E1", ends=date(2020, 1, 1)))
    assert found == ("E1", "tie_break")
    found = chosen(12, record("E1", ends=date(2019, 8, 30)), record("E2", starts=None, ends=date(2019, 8, 31)))
    assert found == ("E2", "longest_attendance")


def test_smallest_record_id_is_the_last_resort_in_text_order():
    assert chosen(12, record("E9"), record("E10")) == ("E10", "tie_break")


def test_inverted_dates_are_an_attendance_of_no_days():
    assert reading.days_attended(record(starts=date(2019, 3, 2), ends=date(2019, 3, 1)), YEAR) == 0
    assert reading.days_attended(record(starts=date(2019, 3, 1), ends=date(2019, 3, 1)), YEAR) == 1
    assert reading.days_attended(record(starts=None, ends=None), YEAR) == 365


# Whole extracts


def as_text(value):
    """The spelling of the expected files."""
    if value is None:
        return "NULL"
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.skipif(not OPEN_CASE.exists(), reason="the shared open case is not beside this repository")
def test_the_open_case_agrees_in_every_row_of_every_table():
    found = reading.assess(OPEN_CASE)
    for path in sorted((OPEN_CASE / "expected").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            header, *expected = csv.reader(lines)
        rows = [tuple(as_text(value) for value in row) for row in found[path.stem]]
        assert tuple(header) == reading.COLUMNS[path.stem]
        assert Counter(rows) == Counter(map(tuple, expected)), path.stem


def test_a_missing_extract_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="schools"):
        reading.assess(tmp_path)


def test_a_missing_column_is_named(tmp_path):
    write_extracts(tmp_path, seed=1, students=5)
    (tmp_path / "schools.csv").write_text("school_id,school_name,school_type\n", encoding="utf-8")
    with pytest.raises(ValueError, match="public_health_unit"):
        reading.assess(tmp_path)


def test_the_same_seed_writes_the_same_extracts(tmp_path):
    for name in ("a", "b"):
        write_extracts(tmp_path / name, seed=7, students=20)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_another_school_year_moves_every_date(tmp_path):
    write_extracts(tmp_path, seed=5, students=300, school_year=2031)
    found = reading.assess(tmp_path, school_year=2031)
    assert {row[1] for row in found["students"]} == set(range(7, 18))
    assert {row[6] for row in found["doses"]} == {None, 1, 2, 3, 4, 5, 6}


# Alternatives that need a dose after the oldest cohort's assessment date: the fourth or fifth dose falls at 14 years or
# later and ten more years must pass.
OUT_OF_REACH = {
    "5: first at ≥7 years, ≥10 years after fourth",
    "6: first at ≥7 years, ≥10 years after fifth",
    "6: fourth at ≥4 years, ≥10 years after fifth",
}

RULES_BY_ANTIGEN = {
    "diphtheria": 12, "tetanus": 12, "pertussis": 12, "hib": 6, "hepatitis_b": 17, "hpv": 5, "measles": 2, "mumps": 2,
    "varicella": 2, "rubella": 1, "mcc": 1, "mcv4": 1, "polio": 4, "pneumococcal": 10,
}
CRITERIA_BY_ANTIGEN = {
    "diphtheria": 7, "tetanus": 7, "pertussis": 7, "hib": 4, "hepatitis_b": 2, "hpv": 2, "measles": 1, "mumps": 1,
    "varicella": 1, "rubella": 1, "mcc": 1, "mcv4": 1, "polio": 2, "pneumococcal": 4,
}


def test_random_extracts_exercise_every_rule_criterion_reason_and_decision(tmp_path, monkeypatch):
    fired, satisfied, assess_antigen = set(), set(), reading.assess_antigen

    def watched(antigen, history):
        found = assess_antigen(antigen, history)
        fired.update((antigen, v.schedule, v.rule) for v in found.verdicts if v.is_valid)
        satisfied.update((antigen, *pair) for pair in found.satisfied)
        return found

    monkeypatch.setattr(reading, "assess_antigen", watched)
    write_extracts(tmp_path, seed=1, students=3000)
    found = reading.assess(tmp_path)
    assert Counter(antigen for antigen, _, _ in fired) == RULES_BY_ANTIGEN
    assert Counter(antigen for antigen, _, _ in satisfied) == CRITERIA_BY_ANTIGEN
    assert not OUT_OF_REACH & {rule for _, _, rule in fired}
    assert {row[7] for row in found["doses"]} == {None, *reading.REASONS}
    assert {row[4] for row in found["students"]} == set(reading.DECISIONS)
    assert {row[2] for row in found["school_assignment"] if row[4]} == {*reading.DECISIONS, *reading.DROPPED}
