"""What each person allows, and addresses never to be written to."""
