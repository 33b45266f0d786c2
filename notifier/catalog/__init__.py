"""The trigger types the business may send, with schema and sample."""
