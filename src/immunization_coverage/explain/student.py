"""Explains one student's verdicts: every dose, the rule that counted or refused it, and what is missing.

Days are printed as YYYY-MM-DD, and each comparison with the day and the period that it comes from. The output is about
a person: it is printed to the terminal and written nowhere else.
"""

import csv
import sys
from collections import defaultdict
from dataclasses import dataclass, field

import duckdb

from immunization_coverage.explain.next_visit import listed, lower_first, next_visit
from immunization_coverage.project import ROOT
from immunization_coverage.warehouse import records_of, the_warehouse

SCHOOLS = """
    select school_id, first(school_name order by source_row_number) as school_name,
        first(school_type order by source_row_number) as school_type,
        first(public_health_unit order by source_row_number) as phu_name
    from staging.base_panorama__schools group by school_id
"""

QUERIES = {
    "student": """
        select students.*, years.attendance_date, years.first_day, years.assessment_date
        from assessment.students as students cross join intermediate.int_school_year as years
    """,
    "records": f"""
        select records.*, schools.school_name, schools.school_type
        from assessment.education_record_decisions as records left join ({SCHOOLS}) as schools using (school_id)
    """,
    "antigens": """
        select student_antigens.*, antigens.antigen_name, antigens.sort_order
        from assessment.student_antigens as student_antigens inner join annex.antigens as antigens using (antigen)
    """,
    "exemptions": "from assessment.student_exemptions where has_medical_exemption or has_nonmedical_exemption",
    "exemption_records": """
        from intermediate.int_exemptions_labelled
        where case when exemption_type = 'evidence_of_immunity' then is_immunity_label else is_exemption_label end
    """,
    "ispa": """
        select compliance.*, diseases.disease_name, diseases.sort_order
        from assessment.ispa_compliance as compliance
        inner join practice.ispa_diseases as diseases using (disease, antigen)
    """,
    "exemption_effects": "from assessment.exemption_effects",
    "reasons": "from assessment.students_not_up_to_date",
    "doses": """
        select doses.*, refused.tried_dose_number, refused.earliest_counted_date, refused.counted_by_rule_id,
            refused.days_short, schedules.sort_order
        from assessment.doses as doses
        inner join annex.schedules as schedules using (antigen, schedule)
        left join (from assessment.refused_doses where tried_dose_number is not null) as refused
            using (client_id, antigen, schedule, administered_date, reason)
    """,
    "dose_conditions": "from assessment.dose_conditions",
    "criterion_conditions": "from assessment.criterion_conditions",
    "schedules_planned": """
        select planned.*, students.client_id
        from intermediate.int_schedules_planned as planned
        inner join intermediate.int_students as students using (student_key)
    """,
    "next_doses": "from assessment.next_doses",
    "next_dose_conditions": "from assessment.next_dose_conditions",
    "immunizations": """
        select records.*, coalesce(agents.is_known, false) as is_known_agent
        from staging.stg_panorama__immunizations as records
        left join (
            select agent, bool_or(is_known) as is_known from intermediate.int_agents group by agent
        ) as agents using (agent)
    """,
}

# For a client who is not a student: what is on record.
OTHER_QUERIES = {
    "client": "from staging.stg_panorama__clients",
    "findings": """
        select findings.*, row_id as client_id
        from assessment.data_quality_findings as findings where table_name = 'clients'
    """,
    "decided_records": QUERIES["records"],
    "records": f"""
        select records.*, schools.* exclude (school_id), null as dropped_reason
        from staging.stg_panorama__education_records as records left join ({SCHOOLS}) as schools using (school_id)
    """,
    "record_findings": """
        select distinct findings.*, records.client_id
        from assessment.data_quality_findings as findings
        inner join staging.stg_panorama__education_records as records
            on findings.row_id = records.education_record_id
        where findings.table_name = 'education_records'
    """,
    "immunizations": "from staging.stg_panorama__immunizations",
    "exemptions": "from staging.stg_panorama__exemptions",
}

REASONS = {
    "same_day_duplicate": "another record of that day was kept",
    "agent_not_in_schedule": "the schedule does not name this agent",
    "extra_dose": "no slot is left for it",
}

# Why a dose is missing, by students_not_up_to_date.
MISSING = {
    "no_record": "no immunization is on record",
    "no_dose": "no dose is on record",
    "doses_refused": "as many doses are on record, but refused",
}

# The subject of a condition's sentence; its day follows.
SUBJECTS = {
    "first_dose_age_from": "The first valid dose of",
    "first_dose_age_before": "The first valid dose of",
    "reference_dose_age_from": "The valid dose that the rule refers to, of",
    "reference_dose_age_before": "The valid dose that the rule refers to, of",
    "recent_dose_before": "The assessment date",
}

STEPS = {
    "single_record": "it is the only usable record",
    "attended_june_30": "it alone was attended on {day}",
    "age_appropriate_school": "of the records left, its school type fits the age best",
    "longest_attendance": "of the records left, it has the most days in the school year",
    "tie_break": "of the records left, it starts last, or has the smallest id",
}

LOST = {
    "attended_june_30": "it was not attended on {day}, another was",
    "age_appropriate_school": "another's school type fits the age better",
    "longest_attendance": "another has more days in the school year",
    "tie_break": "another starts later, or starts on the same day and has a smaller id",
}

with (ROOT / "seeds" / "practice" / "drop_reasons.csv").open(encoding="utf-8", newline="") as reasons:
    DROPPED = {row["reason"]: row["description"] for row in csv.DictReader(reasons)}


@dataclass
class Facts:
    """One client's rows by query of QUERIES, in the order of the query."""

    rows: dict[str, list[dict]] = field(default_factory=lambda: defaultdict(list))

    def of(self, name: str, **where: object) -> list[dict]:
        return [row for row in self.rows[name] if where.items() <= row.items()]


def record_key(row: dict) -> tuple:
    """The key that an immunization record shares with its doses."""
    return row["immunization_id"], row["administered_date"], row["agent"]


def read_facts(
    connection: duckdb.DuckDBPyConnection, client_ids: list[str], queries: dict[str, str]
) -> dict[str, Facts]:
    """The facts of each client who has any."""
    facts: dict[str, Facts] = defaultdict(Facts)
    marks = ", ".join("?" * len(client_ids))
    for name, query in queries.items():
        for row in records_of(connection, f"select * from ({query}) as facts where client_id in ({marks})", client_ids):
            facts[row["client_id"]].rows[name].append(row)
    return facts


def record_text(record: dict) -> str:
    return (
        f"Record {record['education_record_id'] or 'without an id'}: school {record['school_id'] or 'none'} "
        f"({record['school_name'] or 'unknown'}, {record['school_type'] or 'no type'}), "
        f"{record['phu_name'] or 'no public health unit of the year'}, "
        f"from {record['effective_from'] or 'not recorded'} to {record['effective_to'] or 'open'}"
    )


def dropped_text(record: dict) -> str:
    return f"dropped: {record['dropped_reason']}, {DROPPED[record['dropped_reason']]}"


class Explanation:
    """The lines about one student."""

    def __init__(self, facts: Facts, sentences: dict[str, str], same_schedule_agents: dict[str, str]) -> None:
        self.facts = facts
        self.sentences = sentences
        self.same_schedule_agents = same_schedule_agents
        self.student = facts.rows["student"][0]
        self.trade_names = {record_key(r): r["trade_name"] for r in facts.rows["immunizations"]}
        taken = {record_key(dose) for dose in facts.rows["doses"]}
        self.other_records = [r for r in facts.rows["immunizations"] if record_key(r) not in taken]
        self.lines: list[str] = []

    def say(self, indent: int, text: str) -> None:
        self.lines.append("  " * indent + text)

    def all(self) -> list[str]:
        student = self.student
        self.say(0, f"Client {student['client_id']} in the school year {student['school_year']}")
        self.say(
            1,
            f"born {student['date_of_birth']}, gender {student['gender'] or 'not recorded'}, "
            f"{student['age']} years old by {student['first_day'].year}-12-31, "
            f"assessed on {student['assessment_date']}",
        )
        self.summary()
        self.school_record()
        self.exemptions_and_immunity()
        for antigen in sorted(self.facts.rows["antigens"], key=lambda row: row["sort_order"]):
            self.antigen(antigen)
        if self.other_records:
            self.say(0, "Records that count for no antigen")
        for record in sorted(
            self.other_records, key=lambda r: (str(r["administered_date"] or ""), r["immunization_id"] or "")
        ):
            self.other_record(record)
        return self.lines

    def summary(self) -> None:
        """What the student is up to date for, what is overdue and why, and what comes next."""
        antigens = sorted(self.facts.rows["antigens"], key=lambda row: row["sort_order"])
        names = [lower_first(row["antigen_name"]) for row in antigens if row["is_up_to_date"]]
        self.say(1, f"Up to date for: {listed(names) or 'nothing'}.")
        of_status = defaultdict(list)
        for row in sorted(self.facts.rows["ispa"], key=lambda r: r["sort_order"]):
            if row["status"] not in ("up_to_date", "overdue"):
                of_status[row["status"].replace("_", " ")].append(row)
            elif row["status"] == "overdue":
                of_status[self.why_overdue(row)].append(row)
        overdue: list[tuple[str, str]] = []
        others: list[tuple[str, str]] = []
        for why, rows in of_status.items():
            diseases = listed([lower_first(row["disease_name"]) for row in rows])
            (overdue if rows[0]["status"] == "overdue" else others).append((diseases, why))
        day = f"on {self.facts.rows['ispa'][0]['as_of']}" if self.facts.rows["ispa"] else ""
        told = "; ".join(f"{diseases} ({why})" for diseases, why in overdue) or "nothing"
        told += "".join(f"; {why}: {diseases}" for diseases, why in others)
        self.say(1, f"Overdue under ISPA {day} for: {told}." if day else "Overdue under ISPA: no disease is assessed.")
        self.say(1, self.next_visit())

    def why_overdue(self, row: dict) -> str:
        needed = row["doses_needed"]
        (reason,) = self.facts.of("reasons", antigen=row["antigen"])
        why = MISSING.get(reason["status"], "the series is not complete")
        if reason["refusal_reason"]:
            why += f" ({reason['refusal_reason'].replace('_', ' ')})"
        return f"{why}: {needed} dose{'' if needed == 1 else 's'} missing since {row['overdue_since']}"

    def next_visit(self) -> str:
        order = {row["antigen"]: row["sort_order"] for row in self.facts.rows["antigens"]}
        names = {row["antigen"]: row["antigen_name"] for row in self.facts.rows["antigens"]}
        diseases = {row["antigen"]: row["disease_name"] for row in self.facts.rows["ispa"]}
        plans = sorted(self.facts.rows["next_doses"], key=lambda row: order[row["antigen"]])
        doses = [
            row
            | {"name": diseases.get(row["antigen"], names[row["antigen"]]), "agent": row["trade_name"] or row["agent"]}
            for row in plans
            if row["visit_date"]
        ]
        # An exempt or immune student needs no product.
        waiting = {row["antigen"] for row in self.facts.rows["ispa"] if row["status"] in ("overdue", "not_yet_due")}
        waiting |= set(order) - set(diseases)
        without = [diseases.get(a, names[a]) for a in order if a in waiting and self.is_not_offered(a)]
        return next_visit(doses, without)

    def is_not_offered(self, antigen: str) -> bool:
        return any(not row["is_offered"] for row in self.facts.of("next_doses", antigen=antigen))

    def exemptions_and_immunity(self) -> None:
        """Every exemption record and record of immunity, and its effect."""
        records = defaultdict(list)
        for row in self.facts.rows["exemption_effects"]:
            key = (
                row["exemption_id"] or "without an id",
                row["exemption_antigen"] or "no antigen",
                row["reason"] or "no reason",
                str(row["effective_from"] or "not recorded"),
                str(row["effective_to"] or "open"),
            )
            records[key].append(row)
        if records:
            self.say(0, "Exemptions and records of immunity")
        for (exemption_id, antigen, reason, starts, ends), rows in sorted(records.items()):
            self.say(1, f"Exemption record {exemption_id}: {antigen}, {reason}, from {starts} to {ends}")
            for row in sorted(rows, key=lambda r: r["antigen"] or ""):
                self.say(2, self.effect(row))

    def effect(self, row: dict) -> str:
        antigen, kind, day = row["antigen"], row["exemption_type"], row["as_of"]
        if antigen is None or kind is None:
            return f"has no effect: its {'antigen' if antigen is None else 'reason'} is unknown"
        assessed, ispa = self.facts.of("antigens", antigen=antigen), self.facts.of("ispa", antigen=antigen)
        done = []
        if row["is_evidence_of_immunity"] and assessed:
            done.append("makes the student up to date by the annex")
        if row["is_exempt_in_school_year"] and self.facts.of("exemptions", antigen=antigen):
            done.append("is counted as an exemption by the annex")
        if row["is_immune_on_day"] and ispa:
            done.append(f"makes the student immune under ISPA on {day}")
        if row["is_exempt_on_day"] and ispa:
            done.append(f"exempts the student under ISPA on {day}")
        starts, ends = row["effective_from"], row["effective_to"]
        in_force = (starts is None or starts <= day) and (ends is None or ends >= day)
        if kind == "medical" and in_force:
            done.append("excludes every agent with the antigen from the next doses")
        if done:
            return f"{antigen}: {listed(done)}"
        if not assessed:
            why = "the antigen is not assessed for this student"
        elif kind == "evidence_of_immunity":
            why = "it has no date" if starts is None else "it starts later, or its label is not one of immunity"
        else:
            why = f"it is not in force on {day}, or the annex counts no exemptions of this antigen and age"
        return f"{antigen}: has no effect: {why}"

    def school_record(self) -> None:
        student = self.student
        self.say(0, "School record")
        day = student["attendance_date"]
        order = {True: 0, False: 1}
        records = sorted(
            self.facts.rows["records"],
            key=lambda r: (order[r["is_assigned"]], r["dropped_reason"] or "", r["education_record_id"] or ""),
        )
        for r in records:
            starts, ends = r["effective_from"], r["effective_to"]
            attended = (starts is None or starts <= day) and (ends is None or ends >= day)
            self.say(1, record_text(r))
            if r["dropped_reason"]:
                self.say(2, dropped_text(r))
                continue
            self.say(
                2,
                f"attended on {day}: {'yes' if attended else 'no'}; school type priority {r['school_type_priority']}; "
                f"{r['days_attended']} days between {student['first_day']} and {student['assessment_date']}",
            )
            if r["is_assigned"]:
                step = student["assignment_decision"]
                self.say(2, f"assigned the student: {step}, {STEPS[step].format(day=day)}")
            else:
                self.say(2, f"lost: {r['lost_at_step']}, {LOST[r['lost_at_step']].format(day=day)}")

    def antigen(self, row: dict) -> None:
        antigen = row["antigen"]
        self.say(0, f"{row['antigen_name']} [{antigen}]: {'up to date' if row['is_up_to_date'] else 'not up to date'}")
        for ispa in self.facts.of("ispa", antigen=antigen):
            self.say(1, f"ISPA, {ispa['disease_name']}: {ispa['status'].replace('_', ' ')} on {ispa['as_of']}")
        for record in sorted(
            self.facts.of("exemption_records", antigen=antigen), key=lambda r: r["exemption_id"] or ""
        ):
            self.say(
                1,
                f"exemption record {record['exemption_id'] or 'without an id'}: {record['exemption_type']}, "
                f"from {record['effective_from'] or 'not recorded'} to {record['effective_to'] or 'open'}",
            )
        if row["has_evidence_of_immunity"]:
            self.say(1, "evidence of immunity is on record")
        for exemption in self.facts.of("exemptions", antigen=antigen):
            kinds = [kind for kind in ("medical", "nonmedical") if exemption[f"has_{kind}_exemption"]]
            self.say(1, f"exempt in the school year: {', '.join(kinds)}")
        if row["criterion"]:
            self.say(
                1, f"criterion {row['criterion']} is met on schedule {row['schedule']}: {self.quoted(row['criterion'])}"
            )
            self.criterion_conditions(2, antigen, row["criterion"])
        doses = self.facts.of("doses", antigen=antigen)
        for schedule in sorted({(d["sort_order"], d["schedule"]) for d in doses}):
            self.say(1, f"Schedule {schedule[1]}")
            of_schedule = [d for d in doses if d["schedule"] == schedule[1]]
            for dose in sorted(
                of_schedule, key=lambda d: (d["administered_date"], d["reason"] or "", d["immunization_id"] or "")
            ):
                self.dose(dose, of_schedule)
        if not doses:
            self.say(1, "no dose of a relevant agent is on record")
        for plan in self.facts.of("next_doses", antigen=antigen):
            self.next_dose(plan)

    def quoted(self, rule_id: str) -> str:
        return f"“{self.sentences[rule_id]}”"

    def dose(self, dose: dict, of_schedule: list[dict]) -> None:
        # The rule for hepatitis B in two doses depends on the trade name.
        name = f"{dose['administered_date']} {dose['agent']}"
        if dose["antigen"] == "hepatitis_b":
            name += f", trade name {self.trade_names.get(record_key(dose)) or 'missing'}"
        name += f" ({dose['immunization_id'] or 'no id'})"
        key = {"antigen": dose["antigen"], "schedule": dose["schedule"], "given_date": dose["administered_date"]}
        rule_id = dose["rule_id"]
        if dose["is_valid"]:
            self.say(2, f"{name}: valid dose {dose['dose_number']} by {rule_id}: {self.quoted(rule_id)}")
            self.conditions(3, self.facts.of("dose_conditions", day="as_given", **key))
            return
        reason = dose["reason"]
        if reason in REASONS:
            self.say(2, f"{name}: refused, {reason} by {rule_id}: {self.quoted(rule_id)}")
            detail = REASONS[reason]
            if reason == "same_day_duplicate":
                kept = [
                    d
                    for d in of_schedule
                    if d["administered_date"] == dose["administered_date"] and d["reason"] != "same_day_duplicate"
                ]
                detail += "".join(f": {d['agent']} ({d['immunization_id'] or 'no id'})" for d in kept)
            elif reason == "agent_not_in_schedule":
                detail += f", which takes {self.same_schedule_agents.get(rule_id, 'others')}"
            else:
                before = [
                    d for d in of_schedule if d["is_valid"] and d["administered_date"] < dose["administered_date"]
                ]
                detail += f" after {len(before)} valid dose(s)"
            self.say(3, detail)
            return
        self.say(
            2, f"{name}: refused for dose {dose['tried_dose_number']}, {reason} by {rule_id}: {self.quoted(rule_id)}"
        )
        self.conditions(3, self.facts.of("dose_conditions", day="as_given", **key))
        if dose["earliest_counted_date"] is None:
            self.say(3, "it would not have counted on any later day")
            return
        by = dose["counted_by_rule_id"]
        self.say(
            3,
            f"with the same earlier doses, it would have counted from {dose['earliest_counted_date']} on, "
            f"{dose['days_short']} day(s) later, by {by}: {self.quoted(by)}",
        )
        self.conditions(4, self.facts.of("dose_conditions", day="earliest_counted", **key))

    def conditions(self, indent: int, rows: list[dict]) -> None:
        # A condition that a stricter one implies is left out.
        names = {row["condition"] for row in rows}
        implied = {
            "not_before_birth": {"age_from", "window", "interval_from", "after_previous_dose"} & names,
            "after_previous_dose": {"interval_from"} & names,
        }
        for row in sorted(rows, key=lambda r: r["condition_number"]):
            if row["is_met"] and implied.get(row["condition"]):
                continue
            asked = "on or after" if row["comparison"] == "from" else "before"
            subject = SUBJECTS.get(row["condition"], "The dose of")
            looked_at = f"{subject} {row['subject_date']}" if row["subject_date"] else "No such dose is on record; it"
            self.say(
                indent,
                f"{looked_at} {'is' if row['is_met'] else 'should be'} {asked} {row['bound_date']}, "
                f"{row['period']} after the {row['base']} ({row['base_date']}) [{row['condition']}]",
            )

    def criterion_conditions(self, indent: int, antigen: str, rule_id: str) -> None:
        rows = self.facts.of("criterion_conditions", antigen=antigen, rule_id=rule_id)
        for row in rows:
            if row["condition"] == "valid_doses":
                self.say(indent, f"valid doses required: {row['doses_asked']}, counted: {row['doses_counted']}")
        self.conditions(indent, [row for row in rows if row["condition"] != "valid_doses"])

    def next_dose(self, plan: dict) -> None:
        if plan["criterion"] is None:
            self.say(1, "no criterion can be met any more")
            return
        self.say(
            1, f"nearest criterion {plan['criterion']} on schedule {plan['schedule']}: {self.quoted(plan['criterion'])}"
        )
        self.criterion_conditions(2, plan["antigen"], plan["criterion"])
        self.say(
            2,
            f"missing: {plan['doses_needed']} valid dose(s), "
            f"the last on {plan['earliest_completion_date']} at the earliest"
            f"{', after school age' if plan['ends_after_school_age'] else ''}",
        )
        if not plan["is_offered"]:
            self.say(2, "no product is offered: not at this age, or each contains an antigen under a medical exemption")
        if plan["lost_dose_date"]:
            self.say(
                2,
                f"given on {plan['next_valid_date']}, the live dose of {plan['lost_dose_date']} would no longer count",
            )
        if plan["visit_date"] and plan["visit_date"] != plan["next_valid_date"]:
            self.say(
                2,
                f"to be given on {plan['visit_date']}, clear of live doses before and after, at an age of offer",
            )
        self.say(
            1,
            f"next: dose {plan['dose_number']}, such as {plan['trade_name'] or plan['agent']}, counts from "
            f"{plan['earliest_valid_date']} on by {plan['earliest_rule_id']}: {self.quoted(plan['earliest_rule_id'])}",
        )
        self.conditions(2, self.facts.of("next_dose_conditions", antigen=plan["antigen"], day="earliest"))
        self.next_day(plan)
        conditions = self.facts.of("criterion_conditions", antigen=plan["antigen"])
        for schedule, rule_id in sorted({(row["schedule"], row["rule_id"]) for row in conditions}):
            if rule_id != plan["criterion"]:
                self.other_criterion(plan["antigen"], schedule, rule_id)

    def other_criterion(self, antigen: str, schedule: str, rule_id: str) -> None:
        self.say(1, f"other criterion {rule_id} on schedule {schedule}: {self.quoted(rule_id)}")
        self.criterion_conditions(2, antigen, rule_id)
        planned = self.facts.of("schedules_planned", antigen=antigen, schedule=schedule)
        if not planned:
            by_product = ", by the rule for the products given so far" if antigen == "hepatitis_b" else ""
            self.say(2, f"the schedule cannot be completed any more{by_product}")
        for plan in planned:
            if plan["criterion"] == rule_id:
                self.say(
                    2,
                    f"it takes {plan['doses_needed']} valid dose(s), "
                    f"the last on {plan['last_dose_date']} at the earliest",
                )

    def next_day(self, plan: dict) -> None:
        if plan["is_due"]:
            self.say(1, f"due: given on {plan['as_of']} it counts by {plan['rule_id']}: {self.quoted(plan['rule_id'])}")
        else:
            self.say(
                1,
                f"not due on {plan['as_of']}: it counts from {plan['next_valid_date']} on by {plan['rule_id']}: "
                f"{self.quoted(plan['rule_id'])}",
            )
        said_above = plan["earliest_valid_date"], plan["earliest_rule_id"]
        if (plan["next_valid_date"], plan["rule_id"]) != said_above:
            self.conditions(2, self.facts.of("next_dose_conditions", antigen=plan["antigen"], day="next"))

    def other_record(self, record: dict) -> None:
        given, student = record["administered_date"], self.student
        if given is None:
            why = "it has no date that can be read"
        elif given > student["assessment_date"]:
            why = f"it is after {student['assessment_date']}"
        elif not record["is_known_agent"]:
            why = "its agent is unknown"
        else:
            why = "none of its antigens is assessed for this student"
        named = f"{given or 'undated'} {record['agent'] or 'no agent'} ({record['immunization_id'] or 'no id'})"
        self.say(1, f"{named}: {why}")


def explanations(connection: duckdb.DuckDBPyConnection, client_ids: list[str]) -> dict[str, list[str]]:
    """The lines about each client who is a student of the warehouse."""
    # Rows by the year's own definitions come last; without any the year is a what-if.
    query = (
        "select rule_id, annex_text from marts.antigen_definitions "
        "where school_year = (select school_year from intermediate.int_school_year) order by definitions = school_year"
    )
    sentences = dict(connection.execute(query).fetchall())
    agents = dict(
        connection.execute(
            "select rule_id, string_agg(agent, ', ' order by agent) from annex.dose_rule_agents "
            "where dose = 'current' group by 1"
        ).fetchall()
    )
    facts = read_facts(connection, client_ids, QUERIES)
    return {
        client_id: Explanation(facts[client_id], sentences, agents).all()
        for client_id in client_ids
        if facts[client_id].rows["student"]
    }


def finding_text(finding: dict) -> str:
    # Other values are printed already.
    value = f"'{finding['value']}'. " if finding["check_name"].endswith("_not_a_date") else ""
    return f"{finding['check_name']}: {value}{finding['reason']}"


def number_of(records: list[dict], what: str) -> str:
    return f"{len(records)} {what} record{'' if len(records) == 1 else 's'}"


def why_no_students(connection: duckdb.DuckDBPyConnection, client_ids: list[str]) -> dict[str, list[str]]:
    """The lines about each client who is not a student of the warehouse."""
    facts = read_facts(connection, client_ids, OTHER_QUERIES)
    (year,) = records_of(connection, "from intermediate.int_school_year", [])
    lines: dict[str, list[str]] = {}
    for client_id in client_ids:
        found = facts[client_id]
        said = lines[client_id] = [f"Client {client_id} is not a student of the school year {year['school_year']}"]
        for client in found.of("client"):
            born = client["date_of_birth"]
            said.append(
                f"  born {born or 'not recorded'}, gender {client['gender'] or 'not recorded'}, "
                f"client status {client['client_status'] or 'not recorded'}"
            )
            if born:
                said.append(
                    f"  {year['first_year'] - born.year} years old by {year['first_year']}-12-31; "
                    "only active clients who are 7 to 17 years old by then are assessed"
                )
        if not found.of("client"):
            said.append(f"  No client of the extracts has this id{other_zeros(connection, client_id)}.")
            records = [number_of(found.of(name), name.removesuffix("s")) for name in ("immunizations", "exemptions")]
            said.append(f"  Records with this id: {' and '.join(records)}. They count for no student.")
        said += [f"  {finding_text(finding)}" for finding in found.of("findings")]
        said.append("School record")
        of_school = found.of("decided_records") or found.of("records")
        for record in sorted(of_school, key=lambda r: r["education_record_id"] or ""):
            said.append(f"  {record_text(record)}")
            if record["dropped_reason"]:
                said.append(f"    {dropped_text(record)}")
            else:
                why = "the client is not assessed" if found.of("client") else "no client has this id"
                said.append(f"    not considered: {why}")
            # A finding that the line above reports already is left out.
            above = {"education_records_orphan_client", f"education_records_{record['dropped_reason']}"}
            said += [
                f"    {finding_text(finding)}"
                for finding in found.of("record_findings", row_id=record["education_record_id"])
                if finding["check_name"] not in above
            ]
        if not of_school:
            said.append("  No education record names the client.")
    return lines


def other_zeros(connection: duckdb.DuckDBPyConnection, client_id: str) -> str:
    """A client whose id differs only in leading zeros, which spreadsheets drop."""
    found = connection.execute(
        "select client_id from staging.stg_panorama__clients where ltrim(client_id, '0') = ltrim(?, '0') order by 1",
        [client_id],
    ).fetchall()
    return f", but there is {found[0][0]}, which differs only in leading zeros" if found else ""


def main(named: list[str]) -> int:
    client_ids = list(dict.fromkeys(client_id.strip() for client_id in named))
    if not any(client_ids):
        print("Name a client: icw explain CLIENT_ID.", file=sys.stderr)
        return 1
    with the_warehouse() as connection:
        found = explanations(connection, client_ids)
        missing = [client_id for client_id in client_ids if client_id not in found]
        found |= why_no_students(connection, missing) if missing else {}
    for client_id in client_ids:
        print("\n".join(found[client_id]))
    if missing:
        number = f"{len(missing)} of the {len(client_ids)} clients" if len(client_ids) > 1 else "The client"
        are = "is not a student" if len(missing) == 1 else "are not students"
        print(f"{number} {are} of this warehouse.", file=sys.stderr)
    return 1 if missing else 0
