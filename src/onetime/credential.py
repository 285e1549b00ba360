"""The type of a credential."""

from onetime.hotp import HOTP
from onetime.totp import TOTP

Credential = HOTP | TOTP
"""A secret that both sides share, with the parameters by which codes are computed from it."""
