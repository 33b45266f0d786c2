"""Accept triggers, each exactly once."""
