"""What customers write back."""
