"""The annual report in English and French."""
