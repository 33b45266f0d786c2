"""The edge for staff."""
