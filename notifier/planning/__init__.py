"""Whether, on which channel and when to write: pure verdicts with their reasons."""
