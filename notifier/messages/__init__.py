"""Message, Attempt and Event: the rows that travel, and their state machine."""
