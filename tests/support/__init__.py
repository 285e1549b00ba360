"""Helpers that several tests share: vectors, third-party programs, and the content of error reports."""

import importlib
import json
import os
import shutil
import sys
import traceback
import unittest
from pathlib import Path
from typing import Any, NoReturn

import onetime

SOURCE = Path(onetime.__file__).parent
VECTORS = Path(__file__).parents[1] / "vectors"
RFC_KEY = b"12345678901234567890"
"""The key of RFC 4226 appendix D, and of RFC 6238 appendix B for SHA1."""
CPYTHON = sys.implementation.name == "cpython"
"""Whether an object is deleted with its last reference, and a traceback begins at the interrupted call."""


def vectors(name: str) -> Any:
    """Read a file of vectors."""
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def skip(reason: str) -> NoReturn:
    """Skip a test, and print the reason on stderr, where it is seen without `-v`."""
    print(f"SKIPPED, because {reason}", file=sys.stderr)
    raise unittest.SkipTest(reason)


def program(name: str) -> str:
    """Return the path of a third-party program, or skip the test visibly."""
    path = shutil.which(name)
    if path is None:
        skip(f"{name} is not installed")
    return path


def shown(error: BaseException) -> str:
    """Return everything that an error reporter can show: text, repr, attributes, and the library's frames.

    The variables in the frames of the caller are the caller's responsibility.
    """
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    parts = [str(error), repr(error), repr(error.args), repr(vars(error))]
    chain: traceback.TracebackException | None = report
    while chain is not None:
        frames = [frame for frame in chain.stack if SOURCE in Path(frame.filename).parents]
        parts += [str(chain), *(f"in onetime: {frame.name} {frame.locals}" for frame in frames)]
        chain = chain.__cause__ or chain.__context__
    return "\n".join(parts)


def posix() -> None:
    """Skip a test visibly if the system is not POSIX."""
    if os.name != "posix":
        skip("this system is not POSIX")


def cpython(reason: str) -> None:
    """Skip a test visibly if the Python is not CPython."""
    if not CPYTHON:
        skip(f"this Python is not CPython: {reason}")


def thorough(full: int, small: int) -> int:
    """Return the full size with ONETIME_THOROUGH, which `.ci/run` sets for one Python; else the small one."""
    return full if os.environ.get("ONETIME_THOROUGH") else small


def package(name: str) -> Any:
    """Return a module of the dependency group `examples`, or skip the test visibly."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        skip(f"{name} cannot be loaded, of the dependency group examples: {error}")
