"""Several sources of one thing: told at the start, or believed one at a time."""
