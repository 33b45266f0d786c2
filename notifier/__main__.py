"""`python -m notifier`: the same as the command `notifier`."""

from notifier.cli import main

main()
