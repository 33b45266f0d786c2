"""Subscriptions from the first day to the last: start, renew, cancel, resume, end."""
