"""The edge for customers."""
