"""The published tables: the files, the rule that withholds small counts, and the attacks on both."""
