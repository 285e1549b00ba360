"""The type of a credential."""

from onetime.hotp import HOTP
from onetime.totp import TOTP

Credential = HOTP | TOTP
"""What both sides agreed on: a secret, and how codes are computed from it."""
