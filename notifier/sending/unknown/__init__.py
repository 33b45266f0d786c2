"""Learn what became of calls whose answer, or whose report, never came."""
