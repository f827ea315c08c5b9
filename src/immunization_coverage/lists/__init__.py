"""Lists of students for other programs."""
