"""Take what is to be called now, and commit an attempt for each call before it is made."""
