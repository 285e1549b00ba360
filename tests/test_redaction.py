"""Nothing that holds a secret shows it, gives it to a pickle, or can be changed."""

import copy
import dataclasses
import io
import json
import logging
import pickle
import pprint
import unittest
from collections.abc import Callable
from functools import partial
from typing import Any

from onetime import (
    HOTP,
    TOTP,
    Account,
    Batch,
    MemoryStore,
    OnetimeError,
    QRCode,
    Secret,
    StoreError,
    Verifier,
    explain,
)
from onetime.provisioning import uri
from tests.support import shown

KEY = b"a very secret key!!!"
SECRET = Secret(KEY)
ACCOUNT = Account("alice", TOTP(SECRET), issuer="Acme", extra=[("image", "https://example.com/a.png")])
HOLDERS = [
    SECRET,
    HOTP(SECRET),
    TOTP(SECRET, t0=1),
    ACCOUNT,
    Account("bob", HOTP(SECRET), counter=7),
    explain(HOTP(SECRET), 7),
    explain(TOTP(SECRET), 7),
    Batch((ACCOUNT,), 0, 1, 5),
    QRCode(uri.build(ACCOUNT)),
]
CREDENTIALS = HOLDERS[:-4]
"""Those that are compared by value."""
TRACES = [
    KEY.decode(),
    KEY.hex(),
    KEY.hex(" "),
    SECRET.to_base32(),
    SECRET.to_base64(),
    HOTP(SECRET).at(7),
    repr(explain(HOTP(SECRET), 7).inner_pad),
]


@dataclasses.dataclass
class Row:
    """What a program may keep a credential in."""

    name: str
    held: object


class Redaction(unittest.TestCase):
    def assert_silent(self, text: str) -> None:
        """Find no form of the secret in a text."""
        for trace in TRACES:
            self.assertNotIn(trace, text)

    def test_nothing_shows_the_secret(self) -> None:
        """H21, H44, K22: repr, str, format, containers, dataclasses and logs."""
        for holder in HOLDERS:
            with self.subTest(type(holder).__name__):
                log = io.StringIO()
                logger = logging.Logger("test")
                logger.addHandler(logging.StreamHandler(log))
                logger.warning("%s %r", holder, holder)
                for text in (
                    repr(holder),
                    str(holder),
                    format(holder),
                    f"{holder:>80}",
                    "%s %r" % (holder, holder),  # noqa: UP031 - the old way of formatting is tested too
                    repr([holder]),
                    repr({"key": holder}),
                    repr(Row("alice", holder)),
                    pprint.pformat(Row("alice", holder)),
                    log.getvalue(),
                ):
                    self.assertIn(type(holder).__name__, text)
                    self.assert_silent(text)

    def test_a_dataclass_that_holds_a_credential_is_taken_apart_safely(self) -> None:
        """H44: dataclasses.asdict goes no further than the credential."""
        for holder in CREDENTIALS:
            with self.subTest(type(holder).__name__):
                self.assertIs(holder, dataclasses.asdict(Row("alice", holder))["held"])

    def test_what_is_shown(self) -> None:
        """The public parts are there to read."""
        self.assertEqual("Secret(<20 bytes>)", f"{SECRET}")
        self.assertEqual("HOTP(Secret(<20 bytes>), digits=6, algorithm=SHA1)", repr(HOTP(SECRET)))
        self.assertEqual(
            "TOTP(Secret(<20 bytes>), digits=8, algorithm=SHA256, period=60, t0=5)",
            repr(TOTP(SECRET, digits=8, algorithm="SHA256", period=60, t0=5)),
        )
        self.assertEqual(
            f"Account('alice', {TOTP(SECRET)!r}, issuer='Acme', counter=0, extra=<1>)", repr(ACCOUNT)
        )
        self.assertEqual("Explanation(<moving factor 7>)", repr(explain(HOTP(SECRET), 7)))

    def test_nothing_is_pickled(self) -> None:
        """H44: a secret does not slip into a cache or a queue."""
        for holder in HOLDERS:
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                with self.subTest(type(holder).__name__, protocol=protocol):
                    with self.assertRaisesRegex(TypeError, "holds a secret and cannot be pickled"):
                        pickle.dumps(holder, protocol)
            with self.assertRaises(TypeError):
                holder.__getstate__()
            with self.assertRaises(TypeError):
                json.dumps(holder)

    def test_nothing_lies_open(self) -> None:
        """There is no instance dictionary to dump."""
        for holder in HOLDERS:
            with self.subTest(type(holder).__name__), self.assertRaises(TypeError):
                vars(holder)

    def test_nothing_is_hashed(self) -> None:
        """A hash of a secret is a trace of it."""
        for holder in CREDENTIALS:
            with self.subTest(type(holder).__name__), self.assertRaisesRegex(TypeError, "unhashable"):
                hash(holder)

    def test_nothing_can_be_changed(self) -> None:
        """T12: what was agreed on stays; to change it is to enroll again."""
        for holder in HOLDERS:
            for name in ("secret", "digits", "_key", "key", "name", "anything"):
                with self.subTest(type(holder).__name__, name=name):
                    # A frozen dataclass with slots answers an unknown name with TypeError.
                    with self.assertRaises((AttributeError, TypeError)):
                        setattr(holder, name, 1)
                    with self.assertRaises((AttributeError, TypeError)):
                        delattr(holder, name)

    def test_a_copy_is_itself(self) -> None:
        """Nothing that never changes is copied."""
        for holder in HOLDERS:
            with self.subTest(type(holder).__name__):
                self.assertIs(holder, copy.copy(holder))
                self.assertIs(holder, copy.deepcopy(holder))


class Errors(unittest.TestCase):
    """What was given wrong is a secret too: it is in no message, attribute, or frame of the library."""

    TEXT = "JBSWY3DPEHPK3PXPSECRETSECRET"

    def assert_silent(self, call: Callable[[], object]) -> None:
        """Find nothing of the text in anything that the call's error shows."""
        # Not assertRaises: it clears the frames.
        try:
            call()
        except (OnetimeError, TypeError, ValueError) as error:
            text = shown(error)
        else:
            self.fail("nothing was raised")
        self.assertIn("in onetime: forgetting", text)
        for size in range(8, len(self.TEXT)):
            self.assertNotIn(self.TEXT[:size].lower(), text.lower())

    def test_errors_of_reading_a_secret(self) -> None:
        """H21, H44: not even with the local variables of every frame."""
        text = self.TEXT
        for broken in (text + "!", text + "=", text + "é", text + "AA", "=" + text, text + "\n"):
            self.assert_silent(partial(Secret.from_base32, broken))
        self.assert_silent(lambda: Secret.from_hex(text))
        self.assert_silent(lambda: Secret.from_hex(text=text))
        self.assert_silent(lambda: Secret.from_base64(text + "+-"))
        self.assert_silent(lambda: Secret.from_text(text + "\ud800"))
        for read in (Secret.from_base32, Secret.from_hex, Secret.from_base64, Secret.from_text):
            self.assert_silent(partial(read, text.encode()))  # type: ignore[arg-type]  # the wrong type is what is tested

    def test_errors_of_making_a_credential(self) -> None:
        """A secret that was not read first does not show up in the TypeError."""
        text = self.TEXT
        self.assert_silent(lambda: Secret(text))  # type: ignore[arg-type]  # the wrong type is what is tested
        self.assert_silent(lambda: HOTP(text))  # type: ignore[arg-type]  # the wrong type is what is tested
        self.assert_silent(lambda: TOTP(text))  # type: ignore[arg-type]  # the wrong type is what is tested
        self.assert_silent(lambda: Secret.derive(text, "x"))  # type: ignore[arg-type]  # the same
        self.assert_silent(lambda: Account("alice", text))  # type: ignore[arg-type]  # the same
        self.assert_silent(lambda: HOTP(SECRET, algorithm=[text]))  # type: ignore[arg-type]  # the same
        self.assert_silent(lambda: TOTP(SECRET, algorithm=text.encode()))  # type: ignore[arg-type]  # the same
        wrong: list[Any] = [2.0, 2.5, "2"]
        for group in wrong:
            self.assert_silent(partial(Secret.from_base32(text).to_base32, group))
        self.assert_silent(lambda: explain(text, 5))  # type: ignore[arg-type]  # the same

    def test_errors_of_reading_a_link(self) -> None:
        """Wherever in a link the secret stands, an error does not show it."""
        text = self.TEXT
        for link in (
            text,
            f"https://example.com/?secret={text}",
            f"otpauth://totp/alice?secret={text}!",
            f"otpauth://totp/alice?secret={text}&digits=5",
            f"otpauth://totp/alice?secret={text}&secret={text}",
            f"otpauth://totp/alice?{text}&{text}",
            f"otpauth://totp/alice?secret={text}&algorithm={text}",
            f"otpauth://totp/alice?secret={text}&digits={text}",
            f"otpauth://totp/alice?secret={text}&x=%ff",
            f"otpauth://totp/%ff{text}?secret={text}",
            f"otpauth://{text}/alice?secret={text}",
            f"otpauth://totp/alice?secret={text}#",
            f"otpauth://totp/alice%0A?secret={text}",
            f"otpauth://totp/alice?secret={text}&{text}=%00",
        ):
            with self.subTest(link):
                self.assert_silent(partial(uri.parse, link))
        self.assert_silent(lambda: uri.parse(text.encode()))  # type: ignore[arg-type]  # the same


class BrokenStore:
    """Reads, and fails when it is to write."""

    def __init__(self, store: MemoryStore) -> None:
        self.get = store.get

    def swap(self, key: str, old: str | None, new: str | None) -> bool:
        raise StoreError("the disk is full")


class Codes(unittest.TestCase):
    """A code that was typed may be right and unspent."""

    def test_errors_of_a_verification(self) -> None:
        """H21: no refusal and no failure of the store shows the code, not even with local variables."""
        hotp, store = HOTP(SECRET), MemoryStore()
        Verifier(store).adopt("alice", hotp)
        codes = hotp.codes(0, 3)
        for verifier, code in ((Verifier(BrokenStore(store)), codes[0]), (Verifier(store), hotp.at(90))):
            calls: list[Callable[[], object]] = [
                partial(verifier.verify, "alice", hotp, code),
                partial(verifier.verify, "nobody", hotp, code),
                partial(verifier.verify, "", hotp, code),
                partial(Verifier(store, clock=lambda: -1.0).verify, "alice", hotp, code),
                partial(verifier.resynchronize, "alice", hotp, [code, *codes[1:]]),
                partial(verifier.enroll, "bob", hotp, code),
            ]
            for call in calls:
                try:
                    call()
                except (OnetimeError, ValueError) as error:
                    text = shown(error)
                else:
                    self.fail("nothing was raised")
                self.assertIn("in onetime: ", text)
                for typed in (code, *codes):
                    self.assertNotIn(typed, text)
