"""Version 0.1.0, out of the history, for comparisons."""

import io
import subprocess
import tarfile
from pathlib import Path

from tests.support.peers import CHECKOUT

COMMIT = "c4e493d"
"""The commit of version 0.1.0."""


def old_version(folder: Path) -> Path | None:
    """Unpack version 0.1.0, and return its `src`; None where there is no history."""
    command = ["git", "-C", str(CHECKOUT), "archive", COMMIT, "src"]
    try:
        archive = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder / "old", filter="data")
    return folder / "old" / "src"
