"""Processes: what an import costs, and what the command costs, beside the bare interpreter."""

import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median

from tests.benchmarks.turns import interleave, less, ratio
from tests.support.peers import environment

TEXT = b"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\n"
LINK = b"otpauth://totp/Acme:alice%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme\n"

PYTHON = (sys.executable, "-I")
SCRIPT = (str(Path(sys.executable).with_name("onetime")), "code")
MODULE = (*PYTHON, "-m", "onetime", "code")

COMMANDS: dict[str, tuple[tuple[str, ...], bytes]] = {
    "bare": ((*PYTHON, "-c", "pass"), b""),
    "import onetime": ((*PYTHON, "-c", "import onetime"), b""),
    "import pyotp": ((*PYTHON, "-c", "import pyotp"), b""),
    "`onetime code`, a secret": (SCRIPT, TEXT),
    "`onetime code`, a link": (SCRIPT, LINK),
    "`python -m onetime code`, a secret": (MODULE, TEXT),
    "`python -m onetime code`, a link": (MODULE, LINK),
}


def process(command: tuple[str, ...], given: bytes) -> float:
    """Time a process from its start to its end."""
    start = time.perf_counter()
    run = subprocess.run(command, input=given, env=environment(), capture_output=True)
    seconds = time.perf_counter() - start
    assert (run.returncode, run.stderr) == (0, b""), run
    return seconds


def table() -> Iterator[str]:
    """Measure, and lay out the lines of the table."""
    times = interleave({name: partial(process, *command) for name, command in COMMANDS.items()})
    bare = times["bare"]
    yield "| process | ms | ratio | target |"
    yield "|---|---:|---:|---|"
    yield f"| `python -I -c pass`, the bare interpreter | {median(bare) * 1000:.1f} | | |"
    ours, theirs = less(times["import onetime"], bare), less(times["import pyotp"], bare)
    yield f"| `import pyotp`, without the interpreter | {median(theirs) * 1000:.1f} | | |"
    yield (
        f"| `import onetime`, without the interpreter | {median(ours) * 1000:.1f} | "
        f"{ratio(ours, theirs):.2f} x PyOTP's | at most 0.5 |"
    )
    for name in list(COMMANDS)[3:]:
        figure = f"{ratio(times[name], bare):.2f} x the bare interpreter"
        yield f"| {name} | {median(times[name]) * 1000:.1f} | {figure} | at most 3.0 |"
