"""Stopping everything, a provider, a journey or a topic at once, by a person, with a reason."""
