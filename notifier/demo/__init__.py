"""Everything on one machine: a believable business, watched from one command."""
