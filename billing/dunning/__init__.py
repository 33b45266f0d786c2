"""What follows a declined charge."""
