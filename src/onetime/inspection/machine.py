"""The computation of the codes of a hypothesis, and their comparison with the codes that were shown."""

from collections.abc import Sequence
from typing import NamedTuple

from onetime.hotp import LAST_MOVING_FACTOR
from onetime.inspection.keying import Digests
from onetime.inspection.plan import Hypothesis, Source
from onetime.inspection.truncation import four_bytes, right


class Trace(NamedTuple):
    """The place where the codes of a hypothesis were found.

    Attributes:
        factors: The moving factor of each code.
        errors: The lowest and the highest error of the course that fits these moving factors.
        likelihood: The chance that all codes except the first fit although they are unrelated to the secret,
            from 0 to 1.
    """

    factors: tuple[int, ...]
    errors: tuple[int, int]
    likelihood: float


class Machine:
    """Computes and compares the codes of one hypothesis after another.

    Most of the work is computing HMACs. The HMACs of the last source and moving factors are stored, because
    the next hypotheses often differ only in later steps.

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
        """Return the moving factors with which a hypothesis results in a code.

        Args:
            hypothesis: The hypothesis.
            factors: The moving factors to try.
            number: Index of the code, from 0.
        """
        hmacs = self._compute(hypothesis.source, factors)
        _, _, _, _, ending, truncate, _ = hypothesis.finish
        digits, write, _ = ending.value
        if write is not None:
            code = self._codes[number]
            return [i for i, hs in zip(factors, hmacs, strict=True) if write(truncate(hs), digits) == code]
        value, modulus = self._numbers[number], 10**digits
        if truncate is right:
            # Most of the search takes this path, so `right` is inlined.
            return [
                i
                for i, hs in zip(factors, hmacs, strict=True)
                if (four_bytes(hs, hs[-1] & 0xF)[0] & 0x7FFFFFFF) % modulus == value
            ]
        return [i for i, hs in zip(factors, hmacs, strict=True) if truncate(hs) % modulus == value]

    def follow(self, hypothesis: Hypothesis, factor: int) -> Trace | None:
        """Find the other codes, given the moving factor of the first; return None if one does not fit."""
        course = hypothesis.course.value
        # Not only the errors that were searched: a moving factor on the border is both near and distant.
        errors = course.narrowed(0, factor, course.far)
        factors = [factor]
        likelihood = 1.0
        for number in range(1, len(self._codes)):
            expected = course.factors(number, errors)
            match = next(iter(self.matches(hypothesis, expected, number)), None)
            if match is None:
                return None
            if match not in factors:  # a code that was seen twice counts once
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
