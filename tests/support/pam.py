"""Logins through PAM, with the system's modules and a service of the test's own."""

import ctypes
import ctypes.util
from pathlib import Path
from typing import Any

from tests.support import posix, skip

FOLDERS = ("usr/lib/*/security", "usr/lib/security", "usr/lib64/security", "lib/*/security")
ECHO_OFF = 1  # PAM_PROMPT_ECHO_OFF
ECHO_ON = 2  # PAM_PROMPT_ECHO_ON
SUCCESS = 0


class _Message(ctypes.Structure):
    _fields_ = (("style", ctypes.c_int), ("text", ctypes.c_char_p))


class _Response(ctypes.Structure):
    _fields_ = (("text", ctypes.c_void_p), ("code", ctypes.c_int))


_Talk = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_int,
    ctypes.POINTER(ctypes.POINTER(_Message)),
    ctypes.POINTER(ctypes.POINTER(_Response)),
    ctypes.c_void_p,
)


class _Conversation(ctypes.Structure):
    _fields_ = (("talk", _Talk), ("data", ctypes.c_void_p))


def module(name: str) -> str:
    """Return the path of a module of PAM, or skip the test visibly."""
    posix()
    for folder in FOLDERS:
        if found := list(Path("/").glob(f"{folder}/{name}.so")):
            return str(found[0])
    return skip(f"{name} is not installed")


class Service:
    """A service with the rules of a test.

    Args:
        folder: Folder in which the rules are written.
        rules: Lines of a file of /etc/pam.d.
    """

    def __init__(self, folder: Path, rules: str) -> None:
        found = ctypes.util.find_library("pam")
        if found is None:
            skip("libpam is not installed")
        self._pam: Any = ctypes.CDLL(found)
        if not hasattr(self._pam, "pam_start_confdir"):
            skip("libpam is older than 1.4")
        self._libc: Any = ctypes.CDLL(None)
        self._libc.calloc.restype = self._libc.strdup.restype = ctypes.c_void_p
        self._folder = folder
        (folder / "onetime").write_text(rules)

    def login(self, user: str, typed: str) -> bool:
        """Return whether a user who types the same text at each prompt is logged in."""

        def talk(count: int, messages: Any, responses: Any, _data: object) -> int:
            # The module frees the answers.
            block = self._libc.calloc(count, ctypes.sizeof(_Response))
            answers = ctypes.cast(block, ctypes.POINTER(_Response))
            for number in range(count):
                if messages[number].contents.style in (ECHO_OFF, ECHO_ON):
                    answers[number].text = self._libc.strdup(typed.encode())
            responses[0] = answers
            return SUCCESS

        conversation = _Conversation(_Talk(talk), None)
        handle = ctypes.c_void_p()
        started = self._pam.pam_start_confdir(
            b"onetime",
            user.encode(),
            ctypes.byref(conversation),
            str(self._folder).encode(),
            ctypes.byref(handle),
        )
        if started != SUCCESS:
            raise RuntimeError(f"PAM did not start: {started}")
        status = self._pam.pam_authenticate(handle, 0)
        self._pam.pam_end(handle, status)
        return bool(status == SUCCESS)
