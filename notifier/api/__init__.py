"""The edge for machines: triggers in, facts out, callbacks kept."""
