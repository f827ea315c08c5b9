"""The checks that the user accepts: ACCEPT='texts_cut_short rows_at_a_limit', names separated by blanks or commas."""

import os


def is_accepted(name: str) -> bool:
    return name in os.environ.get("ACCEPT", "").replace(",", " ").split()
