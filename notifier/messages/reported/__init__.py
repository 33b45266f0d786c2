"""What is reported of messages in the ordinary way, by the thousand."""
