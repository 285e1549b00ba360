"""The tests on CPython without the GIL, on PyPy, on i386 (32 bits) and on s390x (big-endian).

Needs Debian's apt and patchelf; for the free-threaded CPython also a C compiler, make and the headers of
SQLite, libffi, zlib and OpenSSL. Nothing of the system is changed. Windows is not among them, because neither
Debian nor the Python Package Index has a Python that Wine could run.
"""

import argparse
import os
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
ADDRESS = re.compile(r"(?:https?|mirror\+file|file|copy):[^]\s]+")


class Archive:
    """Debian's packages of any suite and architecture, by an apt with a state of its own.

    Nothing of the system is changed. The archive is the one that the system's apt uses.
    """

    def __init__(self, folder: Path, suite: str, architecture: str) -> None:
        self.folder = folder
        self.architecture = architecture
        self.downloads = folder / "cache" / "archives"
        for each in (folder / "lists" / "partial", self.downloads / "partial"):
            each.mkdir(parents=True, exist_ok=True)
        kinds = "".join(
            f"{kind} [signed-by={KEYS}] {address()} {suite} main\n" for kind in ("deb", "deb-src")
        )
        (folder / "sources.list").write_text(kinds)
        (folder / "status").touch()
        (folder / "apt.conf").write_text(f"""
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{folder}";
Dir::State::lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Binary::apt::APT::Keep-Downloaded-Packages "true";
""")
        self._apt("update", "-qq")

    def unpack(self, place: Path, *packages: str) -> None:
        """Unpack packages, and all that they depend on, into a folder."""
        self._apt("install", "-qq", "-y", "--download-only", *packages)
        for each in sorted(self.downloads.glob("*.deb")):
            run("dpkg", "-x", str(each), str(place))

    def source(self, place: Path, package: str) -> None:
        """Unpack the upstream source of a package into a folder."""
        self._apt("source", "-qq", "--download-only", package)
        place.mkdir(parents=True, exist_ok=True)
        (tarball,) = self.downloads.glob("*.orig.tar.*[!c]")
        run("tar", "-xf", str(tarball), "-C", str(place), "--strip-components=1")

    def _apt(self, *words: str) -> None:
        run("apt-get", *words, cwd=self.downloads, APT_CONFIG=str(self.folder / "apt.conf"))


def address() -> str:
    """Return the address of the archive that the system's apt uses."""
    for each in (Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").iterdir())):
        lines = each.read_text().splitlines() if each.is_file() else []
        for line in lines:
            found = ADDRESS.search(line)
            if found and not line.lstrip().startswith("#") and "security" not in line:
                return found.group()
    raise SystemExit("no archive of Debian's packages is in /etc/apt")


def run(*command: str, cwd: Path = ROOT, **environment: str) -> None:
    """Run a command at low priority; raise RuntimeError with its output if it fails."""
    ran = subprocess.run(
        ["nice", "-n", "10", *command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(f"{shlex.join(command)} ended with {ran.returncode}:\n{ran.stdout[-4000:]}")


@dataclass(frozen=True)
class Platform:
    """A Python to test on.

    Attributes:
        prepare: Makes the Python in a folder, and returns its path.
        modules: The tests that run there; all of them if there are none.
        environment: Further environment variables.
    """

    prepare: Callable[[Path], Path]
    modules: Sequence[str] = ()
    environment: Sequence[tuple[str, str]] = ()


def build_free_threaded(folder: Path) -> Path:
    """Build CPython 3.13 without the GIL from the source that Debian has."""
    source, build = folder / "source", folder / "build"
    if not (build / "Makefile").exists():
        Archive(folder / "apt", "trixie", native()).source(source, "python3.13")
        build.mkdir(exist_ok=True)
        run(str(source / "configure"), "-q", "--disable-gil", "--disable-test-modules", cwd=build)
    run("make", "-s", "-j", str(os.cpu_count()), cwd=build)
    return build / "python"


def unpack_pypy(folder: Path) -> Path:
    """Unpack PyPy."""
    Archive(folder / "apt", "forky", "amd64").unpack(folder / "root", "pypy3")
    return self_contained(folder / "root", "pypy3.11")


def unpack_i386(folder: Path) -> Path:
    """Unpack the CPython of the i386 architecture."""
    Archive(folder / "apt", "bookworm", "i386").unpack(folder / "root", "python3.11")
    return self_contained(folder / "root", "python3.11")


def unpack_s390x(folder: Path) -> Path:
    """Unpack the CPython of the s390x architecture, and QEMU, which runs it."""
    root = folder / "root"
    Archive(folder / "apt", "bookworm", "s390x").unpack(root, "python3.11")
    Archive(folder / "qemu-apt", "bookworm", native()).unpack(folder / "qemu", "qemu-user-static")
    python = folder / "python3"
    # The tests start children by sys.executable, which is this script for them too.
    python.write_text(f"""#!/bin/sh
exec {folder}/qemu/usr/bin/qemu-s390x-static -L {root} -0 {python} -E PYTHONHOME={root}/usr \\
    {root}/usr/bin/python3.11 "$@"
""")
    python.chmod(0o755)
    return python


def self_contained(root: Path, name: str) -> Path:
    """Have an unpacked Python run with the C library and the other libraries that were unpacked beside it."""
    python = root / "usr" / "bin" / name
    loader = next(root.rglob("ld-linux*.so.*"))
    libraries = ":".join(sorted({str(each.parent) for each in root.rglob("*-linux-gnu/*.so*")}))
    run("patchelf", "--set-interpreter", str(loader), "--force-rpath", "--set-rpath", libraries, str(python))
    return python


def native() -> str:
    """Return the name that Debian has for the architecture of this machine."""
    return subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()


def modules(*patterns: str) -> list[str]:
    """Return the names of the test modules whose paths below `tests` match."""
    tests = ROOT / "tests"
    paths = sorted(path.relative_to(ROOT) for pattern in patterns for path in tests.glob(pattern))
    return [".".join(path.with_suffix("").parts) for path in paths]


PLATFORMS = {
    # What runs threads.
    "free-threaded": Platform(
        build_free_threaded,
        modules(
            "storage/test_*.py",
            "verification/test_faults.py",
            "verification/test_hammer.py",
            "verification/test_verifier.py",
            "playground/test_server.py",
            "provisioning/test_qr.py",
        ),
        [("PYTHON_GIL", "0")],
    ),
    "pypy": Platform(unpack_pypy),
    "i386": Platform(unpack_i386),
    # Without what takes very long, or needs forks while threads run.
    "s390x": Platform(
        unpack_s390x,
        modules(
            "test_[!r]*.py",
            "test_redaction.py",
            "verification/test_[!fhk]*.py",
            "provisioning/test_*.py",
            "storage/test_[cdms]*.py",
        ),
    ),
}

DESCRIBE = """
import platform, sqlite3, sys
gil = getattr(sys, "_is_gil_enabled", lambda: True)()
bits = sys.maxsize.bit_length() + 1
print(platform.python_implementation(), platform.python_version(), f"{bits} bits, {sys.byteorder}-endian,",
    "GIL," if gil else "no GIL,", "SQLite", sqlite3.sqlite_version)
"""


def check(python: Path, platform: Platform, modules: Sequence[str], log: Path) -> bool:
    """Run tests on a Python, and print what came of them; while they run, a file shows it."""
    environment = {**os.environ, **dict(platform.environment), "PYTHONPATH": str(ROOT / "src")}
    described = subprocess.run(
        [python, "-c", DESCRIBE], env=environment, capture_output=True, text=True, check=True
    )
    print(f"  {described.stdout.strip()}", flush=True)
    with log.open("w") as output:
        ran = subprocess.run(
            ["nice", "-n", "10", python, "-m", "unittest", *modules],
            cwd=ROOT,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    text = log.read_text(errors="replace")
    _, _, summary = text.rpartition(f"{'-' * 70}\n")
    print(f"  {', '.join(summary.strip().splitlines())}".replace(", ,", ","))
    if ran.returncode:
        print(text[max(0, text.find("=" * 70)) :])
    return ran.returncode == 0


def main(arguments: list[str]) -> int:
    """Run the tests on each platform that is named."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak platforms", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(PLATFORMS)}; all without one"
    )
    parser.add_argument("--folder", type=Path, help="where the Pythons are left for the next run")
    parser.add_argument("--modules", nargs="+", default=(), help="run only these modules of tests")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in PLATFORMS:
            parser.error(f"{name} is not one of {', '.join(PLATFORMS)}")
    passed = True
    with tempfile.TemporaryDirectory() as temporary:
        # Some tests run as another user, who must be able to reach the libraries of the Python.
        Path(temporary).chmod(0o711)
        for name in options.names or PLATFORMS:
            platform, began = PLATFORMS[name], time.monotonic()
            folder = (options.folder or Path(temporary)).resolve() / name
            folder.mkdir(parents=True, exist_ok=True)
            print(name, flush=True)
            python = platform.prepare(folder)
            log = folder / "tests.log"
            passed &= check(python, platform, options.modules or platform.modules, log)
            print(f"  {time.monotonic() - began:.0f} s", flush=True)
    return int(not passed)
