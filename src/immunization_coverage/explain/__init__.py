"""One student's verdicts, followed by hand."""
