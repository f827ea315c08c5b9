"""Checks that the rule tables can be loaded and have every entry that an antigen or a cohort needs."""
