"""Bonuses for staying."""
