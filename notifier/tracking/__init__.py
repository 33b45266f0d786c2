"""Apply what providers report."""
