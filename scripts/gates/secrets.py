"""Gates on the whole tree and on its history: no key, token or password in any file that is, or was, committed."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator
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
        r"(?im)^[ \t]*(export[ \t]+)?[A-Z_]*(SECRET|PASSWORD|TOKEN|API_KEY)[A-Z_]*[ \t]*[=:][ \t]*[\"']?"
        r"(?=[^\s\"']*[0-9])[A-Za-z0-9+/_-]{24,}[\"']?\s*$"
    ),
}  # fmt: skip
# "path: kind" of what is none, and why.
ALLOWED: dict[str, str] = {
    "tests/flows/test_factor_pages.py: a secret in a setting": "the secret of RFC 6238, known to everybody",
}
# The same for what stands in the history alone.
ONCE: dict[str, str] = {}
HERE = "scripts/gates/secrets.py"
MOST_BLOBS, LARGEST_BYTES, AT_ONCE = 20_000, 1_000_000, 500


def found_in(text: str) -> Iterator[tuple[int, str]]:
    """(line, kind) of every secret in a text."""
    for kind, pattern in KINDS.items():
        for hit in pattern.finditer(text):
            yield text.count("\n", 0, hit.start()) + 1, kind


def committed(root: Path) -> list[Path]:
    told = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True)
    if told.returncode == 0:
        return [root / name for name in told.stdout.split("\0") if name]
    return [file for file in root.rglob("*") if file.is_file()]


def nothing_is_secret(root: Path) -> Found:
    """ASVS 13.3.1"""
    found = Found(ALLOWED)
    for file in committed(root):
        if not file.is_file() or file.is_symlink():
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found.examined += 1
        name = str(file.relative_to(root))
        if name != HERE:
            for line, kind in found_in(text):
                found.refuse(f"{name}:{line}: {kind}", unless=f"{name}: {kind}")
    return found


def nothing_was_secret(root: Path) -> Found:
    """ASVS 13.3.1: what was taken out again is in every copy of the repository, and has to be changed."""
    if not (root / ".git").exists():
        return Found(skipped="there is no history here")
    found = Found(ALLOWED | ONCE)
    for name, blob, text in _past(root):
        found.examined += 1
        if name != HERE:
            for line, kind in found_in(text):
                found.refuse(f"{name}:{line} in blob {blob[:12]}: {kind}", unless=f"{name}: {kind}")
    return found


def _past(root: Path) -> Iterator[tuple[str, str, str]]:
    """(path, blob, text) of every version of every file of text, newest first, up to a bound."""
    listed = _git(root, ["rev-list", "--objects", "HEAD"], b"")
    kinds = "--batch-check=%(objectname) %(objecttype) %(objectsize) %(rest)"
    rows = (
        line.split(" ", 3) for line in _git(root, ["cat-file", kinds], listed).decode(errors="replace").split("\n")[:-1]
    )
    blobs = [(row[0], row[3]) for row in rows if row[1] == "blob" and int(row[2]) <= LARGEST_BYTES][:MOST_BLOBS]
    for start in range(0, len(blobs), AT_ONCE):
        some = blobs[start : start + AT_ONCE]
        told = io.BytesIO(
            _git(root, ["cat-file", "--batch=%(objectsize)"], "\n".join(blob for blob, _ in some).encode())
        )
        for blob, name in some:
            content = told.read(int(told.readline()))
            told.readline()
            try:
                yield name, blob, content.decode()
            except UnicodeDecodeError:
                continue


def _git(root: Path, arguments: list[str], told: bytes) -> bytes:
    return subprocess.run(["git", *arguments], cwd=root, input=told, capture_output=True, check=True).stdout


GATES = (
    Gate("nothing is secret", "files", 400, nothing_is_secret),
    Gate("nothing was secret", "versions of files", 400, nothing_was_secret),
)
