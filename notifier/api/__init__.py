"""The edge for machines."""
