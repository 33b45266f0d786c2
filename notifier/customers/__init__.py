"""People written to, and their addresses."""
