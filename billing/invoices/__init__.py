"""What is owed for a period: lines, numbers, issue."""
