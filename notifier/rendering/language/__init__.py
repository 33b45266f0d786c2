"""The language templates are written in: Jinja with money, dates and words of ours, and without anything dangerous."""
