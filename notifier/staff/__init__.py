"""Who may use the console, and the keys machines use."""
