"""Codes: one from a credential at hand, and those of a window from a secret in base32."""

import base64
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

import mintotp  # type: ignore[import-not-found]  # only in the peers' environment
import otpauth  # type: ignore[import-not-found]  # the same
import passlib.totp
import pyotp  # type: ignore[import-not-found]  # the same
import rust_totp  # type: ignore[import-not-found]  # the same
import totp_rs  # type: ignore[import-not-found]  # the same
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import hotp, totp

from onetime import HOTP, TOTP, Account, Secret
from onetime.provisioning import uri
from tests.benchmarks.turns import block, interleave, ratio

KEY = b"12345678901234567890"
TEXT = base64.b32encode(KEY).decode("ascii")
TIME = 1_234_567_890
STEP = TIME // 30
CODE = "005924"
"""The last six digits of RFC 6238 appendix B for that time."""


Calls = dict[str, Callable[[], object]]
"""The same work by each maker. Every call costs a lambda, so that none has an advantage."""


def totps() -> Calls:
    """Prepare a TOTP of each maker, and the call that makes its code."""
    with_onetime = TOTP(Secret(KEY))
    with_pyotp = pyotp.TOTP(TEXT)
    with_cryptography = totp.TOTP(KEY, 6, SHA1(), 30)
    with_otpauth = otpauth.TOTP(KEY)
    with_libpass = passlib.totp.TOTP(key=TEXT, format="base32")
    with_rust_totp = rust_totp.TOTP(secret=KEY)
    return {
        "onetime": lambda: with_onetime.at(TIME),
        "PyOTP": lambda: with_pyotp.at(TIME),
        "cryptography": lambda: with_cryptography.generate(TIME),
        "otpauth": lambda: with_otpauth.string_code(with_otpauth.generate(TIME)),
        "libpass": lambda: with_libpass.generate(TIME).token,
        # Its totp() reads the clock itself; this is all the rest of it.
        "mintotp": lambda: mintotp.hotp(TEXT, TIME // 30),
        # These two are written in Rust. The first takes the secret with each call.
        "totp-rs": lambda: totp_rs.totp_generate(KEY, time=TIME),
        "rust-totp": lambda: with_rust_totp.generate(TIME),
    }


def hotps() -> Calls:
    """Prepare the same with a counter; libpass has no public function for it."""
    with_onetime = HOTP(Secret(KEY))
    with_pyotp = pyotp.HOTP(TEXT)
    with_cryptography = hotp.HOTP(KEY, 6, SHA1())
    with_otpauth = otpauth.HOTP(KEY)
    return {
        "onetime": lambda: with_onetime.at(STEP),
        "PyOTP": lambda: with_pyotp.at(STEP),
        "cryptography": lambda: with_cryptography.generate(STEP),
        "otpauth": lambda: with_otpauth.string_code(with_otpauth.generate(STEP)),
        "mintotp": lambda: mintotp.hotp(TEXT, STEP),
    }


def window() -> tuple[str, str, str]:
    """Make a credential and the codes of three steps."""
    credential = TOTP(Secret.from_base32(TEXT))
    step = credential.step(TIME)
    return credential.at_step(step - 1), credential.at_step(step), credential.at_step(step + 1)


def pyotp_window(code: str) -> bool:
    """Let PyOTP do the same; a wrong code makes it look at all three steps."""
    return bool(pyotp.TOTP(TEXT).verify(code, for_time=TIME, valid_window=1))


LINK = f"otpauth://totp/Acme:alice%40example.com?secret={TEXT}&issuer=Acme"


def writers() -> Calls:
    """Prepare an account of each maker, and the call that writes its link."""
    account = Account("alice@example.com", TOTP(Secret(KEY)), issuer="Acme")
    with_pyotp = pyotp.TOTP(TEXT)
    return {
        "onetime": lambda: uri.build(account),
        "PyOTP": lambda: with_pyotp.provisioning_uri(name="alice@example.com", issuer_name="Acme"),
    }


def readers() -> Calls:
    """Prepare the call of each maker that reads a link."""
    return {"onetime": lambda: uri.parse(LINK), "PyOTP": lambda: pyotp.parse_uri(LINK)}


def check(wrong: str) -> None:
    """Make sure that all makers agree before they are compared."""
    for name, call in (*totps().items(), *hotps().items()):
        code = call()
        # Cryptography's codes are bytes.
        text = code.decode("ascii") if isinstance(code, bytes) else code
        assert text == CODE, f"{name} makes {text}"
    assert {call() for call in writers().values()} == {LINK}
    assert window()[1] == CODE and wrong not in window()
    assert pyotp_window(CODE) and not pyotp_window(wrong)


TARGETS = {
    "PyOTP": "at least 4.5 (goal 5)",
    "cryptography": "at least 1.9 (goal 2)",
    "otpauth": "at least 1.6 (goal 1.8)",
    "libpass": "at least 1.35 (goal 1.4)",
}
OTHER_TARGETS = {"window": "at least 2.5", "writing": "at least 1", "reading": ""}
WORDS = {
    "TOTP": "one code from a TOTP at hand",
    "HOTP": "one code from an HOTP at hand",
    "window": "a credential from base32, and three codes",
    "writing": "a link from an account at hand",
    "reading": "an account from a link",
}


def table() -> Iterator[str]:
    """Measure, and lay out the lines of the table."""
    wrong = "000000"
    check(wrong)
    groups: dict[str, Calls] = {
        "TOTP": totps(),
        "HOTP": hotps(),
        "window": {"onetime": window, "PyOTP": lambda: pyotp_window(wrong)},
        "writing": writers(),
        "reading": readers(),
    }
    times = interleave(
        {
            f"{group} {maker}": partial(block, call)
            for group, calls in groups.items()
            for maker, call in calls.items()
        }
    )
    yield "| what | by | µs | onetime is so many times as fast | target |"
    yield "|---|---|---:|---:|---|"
    for group, calls in groups.items():
        ours = times[f"{group} onetime"]
        for maker in calls:
            theirs = times[f"{group} {maker}"]
            figure = "" if maker == "onetime" else f"{ratio(theirs, ours):.2f}"
            target = OTHER_TARGETS.get(group, TARGETS.get(maker, "")) if figure else ""
            yield f"| {WORDS[group]} | {maker} | {median(theirs) * 1e6:.2f} | {figure} | {target} |"
