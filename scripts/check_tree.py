"""Refuse what must never be committed: registry addresses, paths of one machine, links, files that are too large."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LARGEST_BYTES = 2_000_000
LOCKS = ("requirements.txt", "requirements-dev.txt", "package-lock.json")
ADDRESS = re.compile(r'"resolved"|--(extra-)?index-url|https?://[^\s"]*(/simple|registry)')
MACHINE_PATH = re.compile(r"(?<![\w./-])/(work|home/\w+|root)/")


def main() -> int:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = [ROOT / name for name in names.split("\0") if name]
    wrong = []
    for file in files:
        if file.is_symlink():
            wrong.append(f"{file.relative_to(ROOT)}: a link, which leads elsewhere on every other machine")
            continue
        if not file.is_file():
            continue
        if file.stat().st_size > LARGEST_BYTES:
            wrong.append(f"{file.relative_to(ROOT)}: larger than {LARGEST_BYTES} bytes")
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if file.name in LOCKS and ADDRESS.search(text):
            wrong.append(f"{file.relative_to(ROOT)}: names a registry")
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE_PATH.search(line) and file.name != Path(__file__).name:
                wrong.append(f"{file.relative_to(ROOT)}:{number}: a path of one machine")
    print("\n".join(wrong) if wrong else f"{len(files)} files: no registry address, no machine path, none too large")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
