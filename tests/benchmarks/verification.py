"""Verifications in memory: beside PyOTP, which stores nothing, and beside their HMACs."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from statistics import median

import pyotp  # type: ignore[import-not-found]  # only in the peers' environment

from onetime import TOTP, Credential, Device, MemoryStore, Policy, Secret, State, Store, Verifier
from onetime.errors import IncorrectCodeError
from onetime.storage.store import Records
from onetime.verification.asked import Credentials
from tests.benchmarks.codes import TEXT
from tests.benchmarks.turns import Times, block, interleave, ratio

CREDENTIAL = TOTP(Secret.from_base32(TEXT))
TEN = {f"device-{number}": TOTP(Secret(bytes([number]) * 20)) for number in range(1, 11)}
"""Ten devices of one user."""

TIME = 1_800_000_000.5
"""Unix time in seconds of the first verification; each later one is a step later."""

BLOCK = 400
"""Verifications in memory between two looks at the clock."""

TIMES = [TIME + CREDENTIAL.period * number for number in range(5000)]
CODES = [CREDENTIAL.at(moment) for moment in TIMES]
CODES_OF_TEN = [TEN["device-6"].at(moment) for moment in TIMES[:BLOCK]]
WRONG = "000000"
FAILURES = Policy().delay_after - 1
"""Wrong codes of one user before a delay starts."""

USER = "alice"
ENROLLMENT_ID = 2**64 - 1
"""A random enrollment id, as long as it can be."""


def by_device(credentials: Credentials) -> Mapping[str, Credential]:
    """Return credentials by the names of their devices."""
    return credentials if isinstance(credentials, Mapping) else {"default": credentials}


def enrolled(credentials: Credentials) -> State:
    """Return the state of a user who enrolled these devices and has not logged in yet."""
    state = State()
    for name, credential in by_device(credentials).items():
        state = state.put(name, Device.fresh(credential, ENROLLMENT_ID - len(state.devices)))
    return state


def verification(
    store: Store, credentials: Credentials = CREDENTIAL, codes: list[str] = CODES
) -> Callable[[], object]:
    """Enroll the devices, and prepare the call that verifies the next right code, one step later."""
    assert store.swap(Records(store, "otp").key(USER), None, enrolled(credentials).to_text())
    verify, code = Verifier(store, clock=iter(TIMES).__next__).verify, iter(codes).__next__
    return lambda: verify(USER, credentials, code())


def right(credentials: Credentials, codes: list[str]) -> float:
    """Time a block of right codes, each of a new step."""
    return block(verification(MemoryStore(), credentials, codes), BLOCK)


def wrong(credentials: Credentials) -> float:
    """Time a block of wrong codes, of so many users that none is throttled."""
    store, text = MemoryStore(), enrolled(credentials).to_text()
    users = [f"user {number}" for number in range(BLOCK // FAILURES)]
    for user in users:
        assert store.swap(Records(store, "otp").key(user), None, text)
    verify, user_of_next = Verifier(store, clock=lambda: TIME).verify, iter(users * FAILURES).__next__

    def attempt() -> None:
        try:
            verify(user_of_next(), credentials, WRONG)
        except IncorrectCodeError:
            return
        raise AssertionError("a wrong code was accepted")

    return block(attempt, BLOCK)


def pyotp_right() -> float:
    """Time the same right codes at the same times with PyOTP, with a TOTP that is ready."""
    verify, moment, code = pyotp.TOTP(TEXT).verify, iter(TIMES).__next__, iter(CODES).__next__
    return block(lambda: verify(code(), for_time=moment(), valid_window=1), BLOCK)


def pyotp_wrong() -> float:
    """Time the same wrong code with PyOTP, with a TOTP that is ready."""
    verify = pyotp.TOTP(TEXT).verify
    return block(lambda: verify(WRONG, for_time=TIME, valid_window=1), BLOCK)


def hmacs(credentials: Credentials) -> float:
    """Time the HMACs of one verification alone: for each device three of counters, and its fingerprint's."""
    hotps = [credential.hotp for credential in by_device(credentials).values()]
    message = f"onetime {ENROLLMENT_ID} totp SHA1 6 30 0".encode()

    def compute() -> None:
        for hotp in hotps:
            hmac = hotp.hmac
            hmac(message)
            hmac(b"counter1")
            hmac(b"counter2")
            hmac(b"counter3")

    return block(compute, BLOCK // len(hotps))


def with_codes(credentials: Credentials) -> float:
    """Time the same HMACs with the codes that are made of them: for each device three."""
    hotps = [credential.hotp for credential in by_device(credentials).values()]
    message = f"onetime {ENROLLMENT_ID} totp SHA1 6 30 0".encode()
    first = CREDENTIAL.step(TIME) - 1

    def compute() -> None:
        for hotp in hotps:
            hotp.hmac(message)
            hotp.codes(first, 3)

    return block(compute, BLOCK // len(hotps))


DEVICES: dict[str, tuple[Credentials, list[str]]] = {
    "one device": (CREDENTIAL, CODES),
    "ten devices": (TEN, CODES_OF_TEN),
}
"""The devices of a user, and the codes that are right one after the other."""


def in_memory() -> Times:
    """Measure with MemoryStore, beside PyOTP and beside the HMACs, in seconds of the processor."""
    by_pyotp = pyotp.TOTP(TEXT)
    for code, moment in zip(CODES, TIMES, strict=True):
        assert by_pyotp.verify(code, for_time=moment, valid_window=1)
    assert not by_pyotp.verify(WRONG, for_time=TIME, valid_window=1)
    measures = {"PyOTP, right": pyotp_right, "PyOTP, wrong": pyotp_wrong}
    for number, (credentials, codes) in DEVICES.items():
        measures |= {
            f"{number}, right": partial(right, credentials, codes),
            f"{number}, wrong": partial(wrong, credentials),
            f"{number}, HMACs": partial(hmacs, credentials),
            f"{number}, codes": partial(with_codes, credentials),
        }
    return interleave(measures)


def of_memory(times: Times) -> Iterator[str]:
    """Lay out what was measured."""
    targets = {"one device, right": "PyOTP: at least 1.0", "one device, wrong": "PyOTP: at least 1.3"}
    for number in DEVICES:
        for kind in ("right", "wrong"):
            what = f"{number}, {kind}"
            ours = times[what]
            figures = [
                f"{ratio(ours, times[f'{number}, HMACs']):.2f} x the time of its HMACs",
                f"{ratio(ours, times[f'{number}, codes']):.2f} x that of its HMACs and their codes",
            ]
            if what in targets:
                figures.insert(0, f"{ratio(times[f'PyOTP, {kind}'], ours):.2f} x as fast as PyOTP")
            yield (
                f"| a {kind} code, {number}, MemoryStore | onetime | {median(ours) * 1e6:.2f} | "
                f"{', '.join(figures)} | {targets.get(what, 'HMACs: at most 1.2')} |"
            )
        for kind, words in (("HMACs", "the HMACs alone"), ("codes", "the HMACs and their codes alone")):
            yield f"| {words}, {number} | onetime | {median(times[f'{number}, {kind}']) * 1e6:.2f} | | |"
    for kind in ("right", "wrong"):
        theirs = times[f"PyOTP, {kind}"]
        yield f"| a {kind} code, one device, nothing stored | PyOTP | {median(theirs) * 1e6:.2f} | | |"


def table() -> Iterator[str]:
    """Measure, and lay out the lines of the table."""
    yield "| verification in memory | by | µs of the processor | figure | target |"
    yield "|---|---|---:|---|---|"
    yield from of_memory(in_memory())
