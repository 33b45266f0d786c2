"""PostgreSQL from a wheel: starts by itself when no database is configured, stops with whoever uses it last."""
