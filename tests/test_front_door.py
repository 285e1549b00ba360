"""The public names."""

import pydoc
import re
import subprocess
import sys
import types
import unittest
from pathlib import Path

import onetime
from onetime.provisioning import migration, uri

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
    "Refused",
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
        self.assertEqual(PUBLIC, sorted(onetime.__all__))

    def test_everything_is_imported_with_a_star(self) -> None:
        """F92: `from onetime import *` brings each public name."""
        found: dict[str, object] = {}
        exec("from onetime import *", found)
        self.assertEqual(PUBLIC, sorted(name for name in found if name != "__builtins__"))

    def test_version(self) -> None:
        """The changelog begins with this version and its date."""
        changes = (Path(__file__).parents[1] / "CHANGELOG.md").read_text(encoding="utf-8")
        heading = next(line for line in changes.splitlines() if line.startswith("## "))
        self.assertRegex(heading, rf"^## {re.escape(onetime.__version__)} - \d{{4}}-\d\d-\d\d$")

    def test_public_modules(self) -> None:
        """The modules that are public themselves say which of their names are."""
        self.assertEqual(["Account", "build", "parse"], uri.__all__)
        self.assertEqual(["Batch", "Refused", "build", "join", "parse", "read"], migration.__all__)

    def test_help_shows_every_class(self) -> None:
        """F92: `help(onetime)` describes the public names, those of the wings too."""
        shown = pydoc.plain(pydoc.render_doc(onetime))
        for name in ("Verifier", "SQLStore", "TOTP", "diagnose", "QRCode"):
            with self.subTest(name):
                self.assertRegex(shown, rf"(class |\b){name}\(")

    def test_a_wings_name_comes_on_first_use_and_stays(self) -> None:
        """Names of the wings are imported when they are asked for, once."""
        code = (
            "import sys, onetime\n"
            "assert 'onetime.provisioning.account' not in sys.modules\n"
            "first = onetime.Account\n"
            "assert 'Account' in vars(onetime) and onetime.Account is first\n"
            "assert first.__module__ == 'onetime.provisioning.account'\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(onetime.__file__).parents[1])

    def test_an_unknown_name_is_an_attribute_error(self) -> None:
        """A misspelt name says so."""
        with self.assertRaisesRegex(AttributeError, "module 'onetime' has no attribute 'TOPT'"):
            onetime.TOPT  # type: ignore[attr-defined]  # noqa: B018 - the access is what is tested
