"""Payment platforms behind one contract."""
