"""`notifier bench`: how fast this machine is from trigger to provider, beside the floor of the same run."""
