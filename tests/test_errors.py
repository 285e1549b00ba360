"""The tree of exceptions."""

import pickle
import unittest
from typing import Any

from onetime import errors
from onetime.errors import OnetimeError, SecretError, ThrottledError, URIError, VerificationError

REFUSALS: list[VerificationError] = [
    errors.MalformedCodeError(),
    errors.IncorrectCodeError(3, 1_800_000_000, ("watch",)),
    errors.ReplayedCodeError("phone", 60_000_000),
    errors.ThrottledError(1_800_000_000),
    errors.DisabledError(),
    errors.ExpiredCodeError(),
]
OTHERS: list[Any] = [
    errors.NotIssuedError(1_800_000_000),
    errors.NotEnrolledError("text"),
    errors.OtherCredentialError("text"),
    errors.AlreadyEnrolledError("text"),
    errors.TooManyDevicesError("text"),
    errors.StoreError("text"),
]
REASONS = {
    *("malformed", "incorrect", "replayed", "throttled", "disabled", "expired", "not_issued"),
    *("not_enrolled", "other_credential", "already_enrolled", "too_many_devices"),
    "store_error",
}


class Errors(unittest.TestCase):
    def test_everything_has_one_root(self) -> None:
        """Whoever catches OnetimeError catches all."""
        for name, value in vars(errors).items():
            if isinstance(value, type):
                with self.subTest(name):
                    self.assertTrue(issubclass(value, OnetimeError))

    def test_the_tree_in_the_docstring_is_complete(self) -> None:
        """The drawing at the top of the module names every class, under its parent."""
        drawing = errors.__doc__ or ""
        for name, value in vars(errors).items():
            if isinstance(value, type):
                with self.subTest(name):
                    self.assertIn(f" {name} ", drawing.replace("\n", " "))

    def test_refusals_look_alike(self) -> None:
        """N09, K09, O12: every refusal has the same text, so that it is no oracle."""
        self.assertEqual(1, len({str(error) for error in REFUSALS}))
        for error in REFUSALS:
            self.assertIsInstance(error, VerificationError)

    def test_every_error_of_a_verdict_has_a_reason(self) -> None:
        """F29, F30, F31: every error has a stable lower-case word, and no two have the same."""
        self.assertEqual(REASONS, {error.reason for error in [*REFUSALS, *OTHERS]})
        classes = [value for value in vars(errors).values() if isinstance(value, type)]
        words = [each.reason for each in classes if issubclass(each, OnetimeError)]
        others = {"error", "refused", "malformed_secret", "malformed_link", "malformed_export"}
        self.assertEqual(sorted(REASONS | others), sorted(words))

    def test_a_code_that_is_not_sent_has_a_text_of_its_own(self) -> None:
        """F31: it is a VerificationError, and does not say that a code was wrong."""
        self.assertIsInstance(OTHERS[0], VerificationError)
        self.assertNotEqual(str(REFUSALS[0]), str(OTHERS[0]))

    def test_what_was_given_wrong_is_a_value_error_too(self) -> None:
        """A program that knows nothing of this library can still catch what it gave wrong."""
        self.assertTrue(issubclass(SecretError, ValueError))
        self.assertTrue(issubclass(URIError, ValueError))
        self.assertTrue(issubclass(errors.MigrationError, ValueError))

    def test_errors_travel_between_processes(self) -> None:
        """An exception comes back whole from a worker process."""
        for error in [
            *REFUSALS,
            *OTHERS,
            SecretError("text", 3),
            URIError("text", "secret"),
            errors.MigrationError("text", 3),
            errors.StoreError("text"),
        ]:
            with self.subTest(type(error).__name__):
                copy = pickle.loads(pickle.dumps(error))
                self.assertIs(type(error), type(copy))
                self.assertEqual((str(error), vars(error)), (str(copy), vars(copy)))

    def test_throttled_says_when(self) -> None:
        """The program learns from when on the next code is judged."""
        self.assertEqual(17, ThrottledError(17).retry_at)
