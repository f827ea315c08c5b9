"""Explains one student's verdicts."""
