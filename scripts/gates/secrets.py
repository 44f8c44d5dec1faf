"""A gate on the whole tree: no key, token or password in any file that is committed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from scripts.gates.found import Found, Gate

KINDS = {
    "a private key": re.compile(r"-----BEGIN (RSA |EC |DSA |OPENSSH |PGP |ENCRYPTED )?PRIVATE KEY"),
    "an AWS key": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\b(ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9_]{50,}"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20}\b"),
    "a Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "a Google key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a service account": re.compile(r'"private_key_id"\s*:\s*"[0-9a-f]{20,}"'),
    "a Stripe key": re.compile(r"\b[sr]k_live_[0-9A-Za-z]{20,}"),
    "a SendGrid key": re.compile(r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b"),
    "an npm token": re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"),
    "a PyPI token": re.compile(r"\bpypi-[A-Za-z0-9_-]{60,}"),
    "a JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}"),
    "a password in an address": re.compile(r"\b[a-z][a-z0-9+]*://[^\s:/@\"'{}<>$]+:(?!password@|secret@|\*)[^\s/@\"'{}<>$]{6,}@(?!localhost|127\.)"),
    "a secret in a setting": re.compile(
        r"(?i)^\s*(export\s+)?[A-Z_]*(SECRET|PASSWORD|TOKEN|API_KEY)[A-Z_]*\s*[=:]\s*[\"']?(?=[^\s\"']*[0-9])[A-Za-z0-9+/_-]{24,}[\"']?\s*$"
    ),
}  # fmt: skip
# "path: kind" of what is none, and why.
ALLOWED: dict[str, str] = {
    "tests/flows/test_factor_pages.py: a secret in a setting": "the secret of RFC 6238, known to everybody",
}


def committed(root: Path) -> list[Path]:
    told = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True)
    if told.returncode == 0:
        return [root / name for name in told.stdout.split("\0") if name]
    return [file for file in root.rglob("*") if file.is_file()]


def nothing_is_secret(root: Path) -> Found:
    """ASVS 13.3.1"""
    found, used = Found(), set()
    for file in committed(root):
        if not file.is_file() or file.is_symlink():
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found.examined += 1
        name = str(file.relative_to(root))
        if file.resolve() == Path(__file__).resolve():
            continue
        for kind, pattern in KINDS.items():
            lines = [number for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]
            used |= {f"{name}: {kind}"} if lines else set()
            if lines and f"{name}: {kind}" not in ALLOWED:
                found.wrong += [f"{name}:{number}: {kind}" for number in lines]
    found.wrong += [f"{each}: allowed, but not there any more" for each in sorted(set(ALLOWED) - used)]
    return found


GATES = (Gate("nothing is secret", "files", 400, nothing_is_secret),)
