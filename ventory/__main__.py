"""`python -m ventory` is the command `ventory`."""

from ventory.cli import main

main()
