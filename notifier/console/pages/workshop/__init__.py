"""Pages that only the demo or development has."""
