"""Attempts to charge an invoice, by schedule or by the customer."""
