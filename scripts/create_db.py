"""Create the database, or bring it up to date: runs the migrations (a bare create_all would skip the guards)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ventory.cli import main

if __name__ == "__main__":
    main(["create-db"])
