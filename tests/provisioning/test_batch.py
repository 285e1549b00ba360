"""What an export holds, as a value."""

import copy
import dataclasses
import pickle
import unittest

from onetime import HOTP, TOTP, Account, Batch, Refused, Secret
from tests.support import RFC_KEY

SECRET = Secret(RFC_KEY)
ALICE = Account("alice", TOTP(SECRET), issuer="Acme")
BOB = Account("bob", HOTP(SECRET), counter=7)


class Value(unittest.TestCase):
    BATCH = Batch((ALICE, BOB), 0, 1, -5)

    def test_a_batch_shows_no_secret(self) -> None:
        """Its names are there to read; the secrets are not."""
        self.assertEqual(
            f"Batch(accounts=({ALICE!r}, {BOB!r}), index=0, size=1, id=-5, refused=())", repr(self.BATCH)
        )
        self.assertEqual(repr(self.BATCH), f"{self.BATCH}")
        with self.assertRaises(TypeError):
            vars(self.BATCH)

    def test_a_batch_is_not_pickled(self) -> None:
        """Nor taken apart further than its accounts."""
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with self.subTest(protocol), self.assertRaisesRegex(TypeError, "Batch holds a secret"):
                pickle.dumps(self.BATCH, protocol)
        with self.assertRaises(TypeError):
            self.BATCH.__getstate__()
        self.assertIs(ALICE, dataclasses.asdict(self.BATCH)["accounts"][0])

    def test_a_batch_is_a_value(self) -> None:
        """Compared by its parts, never changed, without a hash; its copy is itself."""
        self.assertEqual(Batch((ALICE, BOB), 0, 1, -5), self.BATCH)
        self.assertNotEqual(Batch((BOB, ALICE), 0, 1, -5), self.BATCH)
        with self.assertRaises(AttributeError):
            self.BATCH.id = 1  # type: ignore[misc]  # what is tested
        with self.assertRaisesRegex(TypeError, "unhashable"):
            hash(self.BATCH)
        self.assertIs(self.BATCH, copy.copy(self.BATCH))
        self.assertIs(self.BATCH, copy.deepcopy(self.BATCH))

    def test_what_is_not_said_has_a_default(self) -> None:
        """A batch by itself is the only one of its export, and refuses nothing."""
        self.assertEqual(Batch((ALICE,), 0, 1, 0, ()), Batch((ALICE,)))
        self.assertEqual(Refused(0, "why", None, ""), Refused(0, "why"))
