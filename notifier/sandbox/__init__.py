"""Local stand-ins for the providers, with phones and mailboxes to look at and answer from."""
