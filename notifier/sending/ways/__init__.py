"""By which provider and sender a message goes, how fast, and which of them are out of use."""
