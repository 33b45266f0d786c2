"""Questions, answers and scores."""
