"""The customer's own billing pages, reached by the signed link of a message: pay, cancel, keep."""
