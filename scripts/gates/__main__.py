"""Run every gate: `python -m scripts.gates`. Each names how much it examined, and fails when that is too little."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.gates import code, locks, pages, secrets
from scripts.gates.found import Gate

ROOT = Path(__file__).resolve().parents[2]
GATES: tuple[Gate, ...] = (*code.GATES, *pages.GATES, *locks.GATES, *secrets.GATES)


def main() -> int:
    is_wrong = False
    for gate in GATES:
        found = gate.look(ROOT)
        if found.skipped:
            print(f"{gate.name}: skipped, {found.skipped}")
            continue
        print(f"{gate.name}: {found.examined} {gate.unit} examined, {len(found.wrong)} wrong")
        for each in found.wrong:
            print(f"  {each}")
        if found.examined < gate.least:
            print(f"  fewer than {gate.least}: the gate looks in the wrong place")
        is_wrong = is_wrong or bool(found.wrong) or found.examined < gate.least
    return int(is_wrong)


if __name__ == "__main__":
    sys.exit(main())
