"""Any SMS gateway that takes JSON over HTTP, described by NOTIFIER_PROVIDERS."""
