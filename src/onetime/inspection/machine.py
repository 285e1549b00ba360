"""Computes the codes of a hypothesis, and follows those that fit."""

from collections.abc import Sequence
from typing import NamedTuple

from onetime.hotp import LAST_MOVING_FACTOR
from onetime.inspection.keying import Digests
from onetime.inspection.plan import Hypothesis, Source
from onetime.inspection.truncation import four_bytes, right


class Trace(NamedTuple):
    """Where the codes of a hypothesis were found.

    Attributes:
        factors: The moving factor of each code.
        errors: The lowest and the highest error of the course with which all codes have these.
        likelihood: The chance that all codes but the first are found so if they have nothing to do with
            the secret.
    """

    factors: tuple[int, ...]
    errors: tuple[int, int]
    likelihood: float


class Machine:
    """Computes and compares the codes of one hypothesis after the other.

    HMACs are the larger part of the work. Those of the last source and moving factors are stored, because the
    next hypotheses often differ in later steps only.

    Args:
        codes: The codes to compare with.
    """

    def __init__(self, codes: Sequence[str]) -> None:
        self._codes = codes
        self._numbers = [int(code) for code in codes]
        self._source: Source | None = None
        self._digests: Digests = list
        self._factors = range(0)
        self._hmacs: list[bytes] = []

    def matches(self, hypothesis: Hypothesis, factors: range, number: int) -> list[int]:
        """Return the moving factors with which a hypothesis gives a code.

        Args:
            hypothesis: What may have been done.
            factors: The moving factors to try.
            number: The code's, from 0.
        """
        hmacs = self._compute(hypothesis.source, factors)
        _, _, _, _, ending, truncate, _ = hypothesis.finish
        digits, write, _ = ending.value
        if write is not None:
            code = self._codes[number]
            return [i for i, hs in zip(factors, hmacs, strict=True) if write(truncate(hs), digits) == code]
        value, modulus = self._numbers[number], 10**digits
        if truncate is right:
            # Most of the search goes this way, so `right` is written out.
            return [
                i
                for i, hs in zip(factors, hmacs, strict=True)
                if (four_bytes(hs, hs[-1] & 0xF)[0] & 0x7FFFFFFF) % modulus == value
            ]
        return [i for i, hs in zip(factors, hmacs, strict=True) if truncate(hs) % modulus == value]

    def follow(self, hypothesis: Hypothesis, factor: int) -> Trace | None:
        """Find the other codes, the first having a moving factor; None if one is not where it should be."""
        course = hypothesis.course.value
        # Not only the errors that were searched: the last factor that is near is also the first far off.
        errors = course.narrowed(0, factor, course.far)
        factors = [factor]
        likelihood = 1.0
        for number in range(1, len(self._codes)):
            expected = course.factors(number, errors)
            match = next(iter(self.matches(hypothesis, expected, number)), None)
            if match is None:
                return None
            if match not in factors:  # a code that is seen twice proves nothing the second time
                likelihood *= len(expected) * hypothesis.finish.likelihood
            factors.append(match)
            errors = course.narrowed(number, match, errors)
        return Trace(tuple(factors), errors, likelihood)

    def _compute(self, source: Source, factors: range) -> list[bytes]:
        """Return the HMACs of moving factors."""
        if source is not self._source:
            self._source = source
            self._digests = source.keying.value.digests(source.reading.key)
        elif factors == self._factors:
            return self._hmacs
        self._factors = factors
        numbers = factors if factors.start >= 0 else [factor & LAST_MOVING_FACTOR for factor in factors]
        self._hmacs = self._digests(map(source.message.value, numbers))
        return self._hmacs
