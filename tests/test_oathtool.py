"""Codes against those of oathtool, which others wrote."""

import os
import random
import subprocess
import unittest
from datetime import UTC, datetime, timedelta

from onetime import HOTP, TOTP, Secret
from tests.support import program

LAST_SECOND = 253_402_300_799
"""The end of the year 9999."""

LAST = 2**64 - 1


class Oathtool(unittest.TestCase):
    path: str
    environment: dict[str, str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.path = program("oathtool")
        cls.environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}

    def codes(self, key: str, *arguments: str) -> list[str]:
        """Let oathtool make codes; the key goes in by standard input."""
        run = subprocess.run(
            [self.path, *arguments, "-"], input=key, env=self.environment, capture_output=True, text=True
        )
        self.assertEqual((0, ""), (run.returncode, run.stderr))
        return run.stdout.split()

    def key(self, source: random.Random) -> tuple[str, Secret, list[str]]:
        """Draw a key: as text, as it is read here, and with oathtool's arguments for it."""
        key = source.randbytes(source.choice((20, 32, 64, source.randint(1, 300))))
        if source.random() < 0.5:
            text = source.choice((key.hex(), key.hex().upper()))
            return text, Secret.from_hex(text), []
        text = Secret(key).to_base32(group=source.choice((0, 4)))
        text = source.choice((text, text.lower(), text + "=" * (-len(text.replace(" ", "")) % 8)))
        return text, Secret.from_base32(text), ["--base32"]

    def test_hotp(self) -> None:
        """H12, H14: 200 random keys and counters, and the codes of the counters that follow."""
        source = random.Random(4226)
        counters = [0, 1, 2**31, 2**32, 2**63 - 1, 2**63, LAST]
        counters += [source.getrandbits(source.randint(1, 64)) for _ in range(193)]
        for counter in counters:
            text, secret, arguments = self.key(source)
            digits, more = source.randint(6, 8), min(source.randint(0, 12), LAST - counter)
            arguments += ["--hotp", f"--counter={counter}", f"--digits={digits}", f"--window={more}"]
            with self.subTest(text, arguments=arguments):
                codes = HOTP(secret, digits=digits).codes(counter, more + 1)
                self.assertEqual(self.codes(text, *arguments), list(codes))

    def test_totp(self) -> None:
        """T01, T05, T09, T11, T12: 200 random keys, hashes, periods, T0 and times to the year 9999."""
        source = random.Random(6238)
        times = [0, 59, 2**31, 2**32, 20_000_000_000, LAST_SECOND]
        times += [source.randrange(min(2 ** source.randint(1, 38), LAST_SECOND)) for _ in range(194)]
        for time in times:
            text, secret, arguments = self.key(source)
            digits, more = source.randint(6, 8), source.randint(0, 12)
            algorithm = source.choice(("SHA1", "SHA256", "SHA512"))
            period = source.choice((30, 60, source.randint(1, 100_000)))
            t0 = source.choice((0, source.randint(0, time)))
            date = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=time)
            now = source.choice((f"@{time}", f"{date:%Y-%m-%d %H:%M:%S} UTC"))
            arguments += [f"--totp={algorithm}", f"--digits={digits}", f"--window={more}", f"--now={now}"]
            arguments += [f"--time-step-size={period}s", f"--start-time=@{t0}"]
            with self.subTest(text, arguments=arguments):
                totp = TOTP(secret, digits=digits, algorithm=algorithm, period=period, t0=t0)
                steps = range(totp.step(time), totp.step(time) + more + 1)
                codes = self.codes(text, *arguments)
                self.assertEqual(codes, [totp.at_step(step) for step in steps])
                self.assertEqual(codes[:1] * 2, [totp.at(time), totp.at(date)])
