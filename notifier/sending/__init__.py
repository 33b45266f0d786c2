"""Claim, send in batches, retry, settle what is unknown."""
