"""The rules engine: definitions, conditions, the pure step function, runs."""
