"""Faults and load on purpose: `python -m soak` does it all and prints what was lost."""
