"""`onetime demo`: enrollment, login and an attack, on an SQLite file in a temporary folder."""

import argparse
import tempfile
import time
from pathlib import Path

from onetime.cli.answers import answer
from onetime.cli.arguments import Parser
from onetime.errors import VerificationError
from onetime.secret import Secret
from onetime.storage.sql import SQLStore
from onetime.totp import TOTP
from onetime.verification.verifier import Verifier

EXAMPLES = ("onetime demo",)


def add_arguments(parser: Parser) -> None:
    """Add no arguments."""


def run(_: argparse.Namespace) -> int:
    """Print the demonstration line by line; a simulated clock shortens the waits."""
    now = int(time.time())
    totp = TOTP(Secret.generate())
    with tempfile.TemporaryDirectory() as folder, SQLStore.sqlite(Path(folder, "otp.db")) as store:
        verifier = Verifier(store, clock=lambda: now)

        code = totp.at(now)
        verifier.enroll("alice", totp, code)
        _tell(f"Alice scans the link and confirms with {code}: enrolled, and the code is spent.")

        now += 30
        code = totp.at(now)
        _tell(f"Half a minute later she logs in with {code}: {_verdict(verifier, totp, code)}.")

        refusal = _verdict(verifier, totp, code)
        _tell(f"An attacker who saw the code types {code} too: {refusal}.")

        right = {totp.at(now + away) for away in range(-30, 151, 30)}
        wrong = next(code for code in map("{:06d}".format, range(8)) if code not in right)
        guesses = 0
        while (refusal := _verdict(verifier, totp, wrong)) == "IncorrectCodeError":
            guesses += 1
        _tell(f"The attacker types {wrong} again and again: {guesses} guesses are checked, then {refusal}.")

        for wait in (30, 60):
            now += wait
            refusal = _verdict(verifier, totp, wrong)
            _tell(
                f"After {wait} seconds one more guess is checked: {refusal}. The next delay is twice as long."
            )

        codes = [totp.at(now + away) for away in (0, 30, 60)]
        refusal = _verdict(verifier, totp, codes[0])
        _tell(f"Alice types {codes[0]}, which is correct but is not checked now: {refusal}.")

        now += 60
        accepted = verifier.resynchronize("alice", totp, codes)
        _tell(f"She types three consecutive codes, {' '.join(codes)}: accepted despite the delay.")
        _tell(f"She sees that there have been {accepted.failures_before} wrong codes since her last login.")
    return 0


def _tell(sentence: str) -> None:
    answer(sentence, sentences=True)


def _verdict(verifier: Verifier, totp: TOTP, code: str) -> str:
    """Verify a code, and return the verdict in words."""
    try:
        return f"accepted, as step {verifier.verify('alice', totp, code).moving_factor}"
    except VerificationError as error:
        return type(error).__name__
