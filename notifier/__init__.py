"""A customer communication orchestrator for subscription businesses."""
