"""Reading only: timelines, search, explanations."""
