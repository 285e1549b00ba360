"""What type checkers see of the public names: mypy and pyright check this file, and the tests run it.

A name that is misspelled must be an error: to ignore an error that is not there is one itself.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

import ast
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, assert_type

import onetime
from onetime import (
    HOTP,
    TOTP,
    Accepted,
    Account,
    Algorithm,
    AlreadyEnrolledError,
    Batch,
    Credential,
    Decision,
    Delivered,
    DeliveredCodes,
    Device,
    Diagnosis,
    DisabledError,
    ExpiredCodeError,
    Explanation,
    Finding,
    IncorrectCodeError,
    Limits,
    MalformedCodeError,
    MemoryStore,
    MigrationError,
    NotEnrolledError,
    NotIssuedError,
    OnetimeError,
    OtherCredentialError,
    Policy,
    QRCode,
    RecoveryCodes,
    Redeemed,
    Refused,
    ReplayedCodeError,
    Secret,
    SecretError,
    Sighting,
    SQLStore,
    State,
    Store,
    StoreError,
    ThrottledError,
    TooManyDevicesError,
    URIError,
    VerificationError,
    Verifier,
    decide,
    decide_enroll,
    decide_resync,
    diagnose,
    explain,
)
from onetime.provisioning import migration, uri
from onetime.testing import ManualClock, StoreContract

if TYPE_CHECKING:
    from onetime import Verifer  # type: ignore[attr-defined]  # it is misspelled

    assert Verifer

NOW = 1_800_000_000
KEY = Secret(b"12345678901234567890")


class Typing(unittest.TestCase):
    """Each test is read by type checkers; here it runs."""

    def test_codes(self) -> None:
        """Secrets, credentials and codes."""
        totp = TOTP(Secret.from_base32(assert_type(KEY.to_base32(), str)), algorithm="SHA256")
        assert_type(totp.at(59.5), str)
        assert_type(totp.span(1), tuple[int, int])
        assert_type(totp.remaining(59.5), float)
        assert_type(totp.algorithm, Algorithm)
        hotp = HOTP(Secret.derive(KEY, "name"), digits=8)
        assert_type(hotp.codes(0, 3), tuple[str, ...])
        credentials: list[Credential] = [hotp, totp]
        self.assertEqual(
            ["hotp", "totp"], [assert_type(each.kind, Literal["hotp", "totp"]) for each in credentials]
        )
        self.assertEqual(assert_type(explain(hotp, 1), Explanation).code, hotp.at(1))

    def test_the_server(self) -> None:
        """Verifiers, what they return, and what is stored."""
        totp, clock = TOTP(KEY), ManualClock(NOW)
        store: Store = MemoryStore()
        verifier = Verifier(store, policy=Policy(window=1), clock=clock)
        assert_type(verifier.enroll("alice", totp, totp.at(NOW)), Accepted)
        clock.advance(30)
        accepted = assert_type(verifier.verify("alice", {"default": totp}, totp.at(NOW + 30)), Accepted)
        assert_type(accepted.moving_factor, int)
        assert_type(accepted.left_out, tuple[str, ...])
        state = assert_type(verifier.state("alice"), State | None)
        assert state is not None
        assert_type(verifier.states(), Iterator[tuple[str, State]])
        assert_type(state.devices["default"], Device)
        assert_type(State.from_text(state.to_text()), State)
        assert_type(decide(totp, state, "000000", NOW), Decision)
        assert_type(decide_resync(totp, state, ["000000"] * 3, NOW), Decision)
        decision = decide_enroll(totp, State(), totp.at(NOW), NOW, enrollment_id=1)
        assert_type(decision, Decision)
        assert_type(decision.result(), Accepted)
        assert_type(Policy().risk(totp, HOTP(KEY)), float)
        assert_type(Policy().near_miss_limits, Limits)
        with self.assertRaises(IncorrectCodeError):
            decide(totp, state, "000000", NOW).result()

    def test_delivered_and_recovery_codes(self) -> None:
        """Codes that are sent, and codes on paper."""
        delivered = DeliveredCodes(MemoryStore(), pepper=KEY)
        code = assert_type(delivered.issue("alice"), str)
        assert_type(delivered.verify("alice", code), Delivered)
        recovery = RecoveryCodes(MemoryStore())
        codes = assert_type(recovery.issue("alice"), tuple[str, ...])
        self.assertEqual(9, assert_type(recovery.verify("alice", codes[0]), Redeemed).remaining)

    def test_links(self) -> None:
        """Accounts, links, exports and QR codes."""
        account = Account("alice", TOTP(KEY), issuer="Acme")
        assert_type(account.credential, Credential)
        assert_type(account.replace(name="bob"), Account)
        assert_type(uri.parse(uri.build(account)), Account)
        parts = assert_type(migration.build([account]), tuple[str, ...])
        batch = assert_type(migration.join([migration.parse(part) for part in parts]), Batch)
        assert_type(batch.accounts, tuple[Account, ...])
        assert_type(batch.refused, tuple[Refused, ...])
        self.assertIn("<svg", assert_type(QRCode(parts[0]).to_svg(), str))
        assert_type(QRCode(parts[0]).to_png(), bytes)

    def test_diagnosis(self) -> None:
        """A code that doesn't match."""
        more = [Sighting(TOTP(KEY).at(NOW + 60), NOW + 60)]
        diagnosis = diagnose(KEY.to_base32(), TOTP(KEY).at(NOW), NOW, more=more)
        assert_type(diagnosis, Diagnosis)
        self.assertTrue(assert_type(diagnosis.found, bool))
        assert_type(diagnosis.findings, tuple[Finding, ...])

    def test_errors(self) -> None:
        """The tree, by which a program chooses what it catches."""
        refusals: list[type[VerificationError]] = [
            *(MalformedCodeError, IncorrectCodeError, ReplayedCodeError, ThrottledError),
            *(DisabledError, ExpiredCodeError),
        ]
        others: list[type[OnetimeError]] = [
            *(NotEnrolledError, AlreadyEnrolledError, TooManyDevicesError, OtherCredentialError),
            *(NotIssuedError, StoreError, SecretError, URIError, MigrationError),
        ]
        self.assertTrue(all(issubclass(each, OnetimeError) for each in [*refusals, *others]))
        self.assertTrue(all(issubclass(each, ValueError) for each in (SecretError, URIError, MigrationError)))

    def test_stores(self) -> None:
        """Constructors of stores, and the contract that other stores are held to."""

        class Mine(StoreContract):
            def make_store(self) -> Store:
                return MemoryStore()

        assert_type(SQLStore.schema("sqlite"), str)
        with self.assertRaises(TypeError):
            SQLStore()
        self.assertIsInstance(Mine().make_store(), MemoryStore)

    def test_every_public_name_is_here(self) -> None:
        """A name that type checkers do not see is missing among the imports."""
        tree = ast.parse(Path(__file__).read_text(encoding="utf-8"))
        (first,) = (
            node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "onetime"
        )
        self.assertEqual(sorted(onetime.__all__), sorted(alias.name for alias in first.names))
