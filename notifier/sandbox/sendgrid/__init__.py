"""Speak SendGrid's v3 API, event webhook and Inbound Parse as SendGrid does."""
