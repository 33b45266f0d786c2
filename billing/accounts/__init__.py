"""Customers as billing knows them, and the cards they pay with."""
