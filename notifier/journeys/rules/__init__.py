"""What a journey is: read from its file, checked against the triggers it names, published, looked up."""
