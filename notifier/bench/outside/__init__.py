"""What stands outside while we are measured: the providers' side, and a caller that costs next to nothing."""
