"""`python -m ventory` is the command `ventory`."""

import importlib.util
import sys

if importlib.util.find_spec("sqlalchemy") is None:
    sys.exit(
        "ventory: This Python lacks what Ventory needs. Use the environment's: . .venv/bin/activate, or make run first."
    )

from ventory.cli import main

main()
