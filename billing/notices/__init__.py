"""What customers are told or asked on a date: the coming charge, how things are."""
