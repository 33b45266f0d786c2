"""What people and tests see of the sandbox: phones, mailboxes, and the same as JSON."""
