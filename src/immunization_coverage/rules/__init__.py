"""Whether the rule tables can be loaded and have every piece that an antigen or a cohort needs."""
