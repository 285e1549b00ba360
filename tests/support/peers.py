"""A virtual environment with third-party libraries, and with this library installed from the checkout.

It is created once for each Python and each list of libraries, in the user's cache folder.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS: dict[str, list[str]] = PROJECT["dependency-groups"]
PACKAGES = GROUPS["peers"] + [package for package in GROUPS["servers"] if package.startswith("psycopg")]
BUILD: list[str] = PROJECT["build-system"]["requires"]


def run_inside(module: str) -> None:
    """Return if this process is in the environment; otherwise, run the module there and exit with its status.

    There, the tests come from the checkout. The packages, including this library, are installed.
    """
    folder = _folder()
    if Path(sys.prefix).resolve() == folder:
        import onetime

        source = Path(onetime.__file__)
        assert source.is_relative_to(folder), f"{source} is not the onetime of {folder}"
        return
    command = [str(_make(folder)), "-m", module, *sys.argv[1:]]
    sys.exit(subprocess.run(command, env=environment(PYTHONPATH=str(CHECKOUT)), cwd=folder).returncode)


def environment(**variables: str) -> dict[str, str]:
    """Copy the environment's variables without those that change how Python starts."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | variables


def _folder() -> Path:
    """Return the folder of the environment, whose name depends on the Python and on the lists of packages."""
    parts = [sys.version, sys.base_prefix, *PACKAGES, *BUILD]
    name = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache.resolve() / "onetime-peers" / name


def _make(folder: Path) -> Path:
    """Create the environment unless it exists, and install this library in its current state."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / "ready"
    if not ready.exists():
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", *PACKAGES, *BUILD)
        # An installed setuptools is imported at each start, which would be measured, too.
        _run(str(python), "-m", "pip", "uninstall", "--quiet", "--yes", "setuptools")
        ready.touch()
    # Install from a copy, because other files in the checkout do not belong to the package.
    copy = folder / "onetime-source"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, copy)
    shutil.copytree(CHECKOUT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__"))
    _run(
        *(str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--force-reinstall", str(copy)),
    )
    return python


def _run(*command: str) -> None:
    subprocess.run(command, env=environment(PIP_DISABLE_PIP_VERSION_CHECK="1"), check=True, stdout=sys.stderr)
