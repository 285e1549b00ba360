"""The last step: from a number to the digits of a code (RFC 4226 section 5.3), and known mistakes in it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from onetime.hotp import MAX_DIGITS, MIN_DIGITS
from onetime.inspection.choice import Choice

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""For each digit, the sum of the digits of its double (RFC 4226 appendix C)."""


class Ending(NamedTuple):
    """A way to make the digits of a code from a number.

    Attributes:
        digits: Length of the code.
        write: Writes a number as a code; None for the remainder with leading zeros.
        odds: Maximum factor by which an arbitrary code is likelier than with the remainder.
    """

    digits: int
    write: Callable[[int, int], str] | None = None
    odds: float = 1

    @property
    def likelihood(self) -> float:
        """The chance that a code unrelated to the secret matches, from 0 to 1."""
        # Snum has 31 bits; with nine or more digits, not all codes are equally likely (RFC 4226 A.4.1).
        codes: int = 10**self.digits
        return min(1.0, -(-(2**31) // codes) / 2**31 * self.odds)


def endings(codes: Sequence[str], expected: int | None) -> list[Choice[Ending]]:
    """List the ways to make digits that can result in all codes, the right one first.

    Args:
        codes: Digits, 1 to 10 each.
        expected: The length that a link specifies; None if it is not specified, and 6 is expected.
    """
    usual = expected or MIN_DIGITS
    found: list[Choice[Ending]] = []
    longest = max(map(len, codes))
    for digits in range(max(longest, MIN_DIGITS), MAX_DIGITS + 1):
        if all(len(code) == digits for code in codes):
            # The length is visible, so it is named but does not count as a mistake in combinations.
            other = digits != usual
            words = f"{digits} digits where the link says {expected}" if other and expected else ""
            found.append(Choice(Ending(digits), 0, words, _same(digits, usual)))
            cut = [choice for choice in _cut(digits, codes) if _possible(choice, codes)]
            # With a checksum, the code is one digit longer anyway.
            found += [each if each.value.write is checked else _also(each, usual) for each in cut]
        elif all(len(code) == digits or not code.startswith("0") or code == "0" for code in codes):
            words = "leading zeros are lost"
            advice = f"Fill each code with zeros on its left to {digits} digits, and keep it as text."
            found.append(_also(Choice(Ending(digits), 1, words, advice), usual))
    return found


def _same(digits: int, usual: int) -> str:
    """Return the advice on a length other than the usual one; empty for the usual one."""
    return f"Set both sides to the same number of digits: {usual} or {digits}." if digits != usual else ""


def _also(choice: Choice[Ending], usual: int) -> Choice[Ending]:
    """Add the advice on the length to that of a mistake."""
    return choice._replace(advice=f"{choice.advice} {_same(choice.value.digits, usual)}".rstrip())


def _cut(digits: int, codes: Sequence[str]) -> list[Choice[Ending]]:
    """List the mistakes that can still result in codes of a given length."""
    leading = max(map(_leading, codes)) * 10**digits
    zeros = max(len(code) - len(code.rstrip("0")) for code in codes)
    modulus = f"Take the number modulo 10^{digits}: its last digits, not its first."
    return [
        Choice(
            Ending(digits, lambda number, size: str(number)[:size], 1 + leading),
            1,
            "the first digits of the number instead of the last",
            modulus,
            rare=True,
        ),
        Choice(
            Ending(digits, lambda number, size: str(number % 10**size).ljust(size, "0"), 1 + zeros),
            1,
            "zeros put on the right of a short code instead of the left",
            f"Fill each code with zeros on its left to {digits} digits.",
            rare=True,
        ),
        Choice(
            Ending(digits, lambda number, size: f"{number % 10**8:08}"[:size], 1.1),
            1,
            "a code of 8 digits cut to its first digits",
            modulus,
            rare=True,
        ),
        Choice(
            # Snum is less than 2^31, so the codes that it can begin with are likelier.
            Ending(digits, lambda number, size: f"{number:010}"[:size], 10**10 / 2**31),
            1,
            "a code of 10 digits cut to its first digits",
            modulus,
            rare=True,
        ),
        Choice(
            Ending(digits, checked, 1.1),
            1,
            "a checksum as the last digit",
            "Leave out the checksum: the last digit does not belong to the code (RFC 4226 section 5.3).",
            rare=True,
        ),
    ]


def _leading(code: str) -> float:
    """Return the chance that a number of 31 bits begins with a code."""
    hits = 0
    for more in range(MAX_DIGITS + 1 - len(code)):
        first = int(code) * 10**more
        hits += max(0, min(first + 10**more, 2**31) - first)
    return hits / 2**31


def _possible(choice: Choice[Ending], codes: Sequence[str]) -> bool:
    """Return whether a way to make digits can result in all codes, and differs from the remainder."""
    digits, write, _ = choice.value
    if choice.words.startswith("zeros put"):
        return any(code.endswith("0") for code in codes)
    if choice.words.startswith("a code of 8"):
        return digits < 8
    if choice.words.startswith("a code of 10"):
        # Without a zero in front, these are the first digits of the number, which is less than 2^32.
        first = {code[0] for code in codes}
        return digits < MAX_DIGITS and "0" in first <= set("01234")
    if write is checked:
        return digits > MIN_DIGITS and all(code == checked(int(code[:-1]), digits) for code in codes)
    return not any(code.startswith("0") for code in codes)


def checked(number: int, digits: int) -> str:
    """Return the remainder with one digit fewer, and a checksum, as the code of RFC 4226 appendix C does.

    Args:
        number: The truncated HMAC.
        digits: Length of the code with its checksum.
    """
    text = f"{number % 10 ** (digits - 1):0{digits - 1}}"
    weighed = sum(_DOUBLED[int(digit)] if i % 2 == 0 else int(digit) for i, digit in enumerate(text[::-1]))
    return f"{text}{-weighed % 10}"
