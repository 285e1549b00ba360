"""The public names."""

import subprocess
import sys
import types
import unittest
from pathlib import Path

import onetime

PUBLIC = [
    "Accepted",
    "Account",
    "Algorithm",
    "AlreadyEnrolledError",
    "Batch",
    "Credential",
    "Decision",
    "Delivered",
    "DeliveredCodes",
    "Device",
    "Diagnosis",
    "DisabledError",
    "ExpiredCodeError",
    "Explanation",
    "Finding",
    "HOTP",
    "IncorrectCodeError",
    "Limits",
    "MalformedCodeError",
    "MemoryStore",
    "MigrationError",
    "NotEnrolledError",
    "NotIssuedError",
    "OnetimeError",
    "OtherCredentialError",
    "Policy",
    "QRCode",
    "RecoveryCodes",
    "Redeemed",
    "ReplayedCodeError",
    "SQLStore",
    "Secret",
    "SecretError",
    "Sighting",
    "State",
    "Store",
    "StoreError",
    "TOTP",
    "ThrottledError",
    "TooManyDevicesError",
    "URIError",
    "VerificationError",
    "Verifier",
    "decide",
    "decide_enroll",
    "decide_resync",
    "diagnose",
    "explain",
]


class FrontDoor(unittest.TestCase):
    def test_public_names(self) -> None:
        """No name becomes public, or stops being so, by accident."""
        names = [
            name
            for name in dir(onetime)
            if not name.startswith("_")
            and name != "TYPE_CHECKING"
            and not isinstance(getattr(onetime, name), types.ModuleType)
        ]
        self.assertEqual(PUBLIC, names)

    def test_a_wings_name_comes_on_first_use_and_stays(self) -> None:
        """Names of the wings are imported when they are asked for, once."""
        code = (
            "import sys, onetime\n"
            "assert 'onetime.provisioning.uri' not in sys.modules\n"
            "first = onetime.Account\n"
            "assert 'Account' in vars(onetime) and onetime.Account is first\n"
            "assert first.__module__ == 'onetime.provisioning.uri'\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(onetime.__file__).parents[1])

    def test_an_unknown_name_is_an_attribute_error(self) -> None:
        """A misspelt name says so."""
        with self.assertRaisesRegex(AttributeError, "module 'onetime' has no attribute 'TOPT'"):
            onetime.TOPT  # noqa: B018 - the access is what is tested
