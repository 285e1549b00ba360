"""The use of the secret as the key of the HMAC (RFC 2104), and known mistakes in it."""

import hashlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from onetime.algorithm import Algorithm
from onetime.hotp import IPAD, OPAD
from onetime.inspection.choice import Choice

if TYPE_CHECKING:
    from _hashlib import HASH

Digests = Callable[[Iterable[bytes]], list[bytes]]


class Hash(NamedTuple):
    """A hash function.

    Attributes:
        name: Name of an Algorithm, or "SHA224" or "SHA384", which the library does not use for codes.
        new: The constructor of the hash.
        digest_size: Length of the hash, in bytes.
        block_size: Length of the block that the hash works on, in bytes.
    """

    name: str
    new: "Callable[[bytes], HASH]"
    digest_size: int
    block_size: int


HASHES = {
    **{str(each): Hash(each, each.new, each.digest_size, each.block_size) for each in Algorithm},
    "SHA224": Hash("SHA224", hashlib.sha224, 28, 64),
    "SHA384": Hash("SHA384", hashlib.sha384, 48, 128),
}
"""The hash functions that are tried, by name."""


class Keying(NamedTuple):
    """A way to compute an HMAC from a secret and a message.

    Attributes:
        hash: The hash function.
        longest: Length in bytes above which the secret is hashed first; None if it is cut to the block.
        block: Length in bytes to which the secret is filled with zeros.
        repeated: Whether a secret that is shorter than the hash is repeated to its length.
        way: "hmac", or the computation in its place: "swapped" (secret and message exchanged), "secret first"
            or "message first" (one hash of both).
    """

    hash: Hash
    longest: int | None
    block: int
    repeated: bool = False
    way: str = "hmac"

    def padded(self, key: bytes) -> bytes:
        """Return the padded key of RFC 2104 section 2."""
        size = self.hash.digest_size
        if self.repeated and len(key) < size:
            key = (key * size)[:size]
        if self.longest is None:
            key = key[: self.block]
        elif len(key) > self.longest:
            key = self.hash.new(key).digest()
        return key.ljust(self.block, b"\0")

    def digests(self, key: bytes) -> Digests:
        """Return a function that computes the HMACs of messages with a secret."""
        new, way = self.hash.new, self.way
        if way == "swapped":
            return lambda messages: [self.hmac(message)((key,))[0] for message in messages]
        if way == "secret first":
            return lambda messages: [new(key + message).digest() for message in messages]
        if way == "message first":
            return lambda messages: [new(message + key).digest() for message in messages]
        return self.hmac(key)

    def hmac(self, key: bytes) -> Digests:
        """Return a function that computes the HMACs of messages by copying two states of the hash."""
        padded = self.padded(key)
        # RFC 2104 section 4.
        inner, outer = (self.hash.new(padded.translate(pad)).copy for pad in (IPAD, OPAD))

        def digests(messages: Iterable[bytes]) -> list[bytes]:
            found = []
            for message in messages:
                inside = inner()
                inside.update(message)
                outside = outer()
                outside.update(inside.digest())
                found.append(outside.digest())
            return found

        return digests


_AS_IT_IS = "Use the secret as it is. RFC 6238 repeats the secret only in its examples."
_HASHED = "Hash a key only if it is longer than the block of the hash (RFC 2104 section 2)."
_BLOCK = "Fill the key with zeros to the block of the hash (RFC 2104 section 2), or use a library's HMAC."
_HMAC = "Compute an HMAC (RFC 2104), preferably with a library."

_WAYS = (
    ("swapped", "secret and message exchanged in the HMAC", "Pass the secret to the HMAC as its key."),
    ("secret first", "one hash of secret and message instead of an HMAC", _HMAC),
    ("message first", "one hash of message and secret instead of an HMAC", _HMAC),
)


def right_keying(name: str) -> Choice[Keying]:
    """Return the right way to use a secret with a hash."""
    each = HASHES[name]
    return Choice(Keying(each, each.block_size, each.block_size))


def keyings(key: bytes, expected: str, *, told: bool) -> list[Choice[Keying]]:
    """List the ways to use a secret, the right one first, without mistakes that do not change the result.

    Args:
        key: The secret.
        expected: Name of the expected hash.
        told: Whether a link names the hash.
    """
    choices: list[Choice[Keying]] = []
    for name in sorted(HASHES, key=lambda name: name != expected):
        right = right_keying(name)
        if name != expected:
            words = f"{name} where the link says {expected}" if told else ""
            advice = f"Set both sides to the same hash: {expected} or {name}."
            right = right._replace(cost=1, words=words, advice=advice, rare=name not in Algorithm.__members__)
        choices.append(right)
        choices += _wrong(right, key)
        if name == expected:
            for way, words, advice in _WAYS:
                choices.append(Choice(right.value._replace(way=way), 1, words, advice, rare=True))
    return choices


def _wrong(right: Choice[Keying], key: bytes) -> list[Choice[Keying]]:
    """List the known mistakes with one hash that change the padded key."""
    each = right.value.hash
    block = each.block_size
    choices: list[Choice[Keying]] = []
    known = {right.value.padded(key)}
    for keying, words, advice in (
        (Keying(each, 64, 64), f"a block of 64 bytes where that of {each.name} has {block}", _BLOCK),
        (Keying(each, 64, block), "a key of more than 64 bytes hashed, though it fits the block", _HASHED),
        (Keying(each, block, block, repeated=True), "the key repeated to the length of the hash", _AS_IT_IS),
        (Keying(each, None, block), "a key longer than the block cut to the block, not hashed", _BLOCK),
    ):
        padded = keying.padded(key)
        # Hashes that are not an Algorithm are rare enough by themselves.
        if padded not in known and each.name in Algorithm.__members__:
            known.add(padded)
            # A mistake that shows only with another hash is not counted twice.
            choices.append(
                Choice(
                    keying, 1, ", ".join(filter(None, (right.words, words))), advice, keying.longest is None
                )
            )
    return choices
