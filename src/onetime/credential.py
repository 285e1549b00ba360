"""What a credential is."""

from onetime.hotp import HOTP
from onetime.totp import TOTP

Credential = HOTP | TOTP
"""What both sides agreed on: a secret, and how codes are made with it."""
