"""How the secret goes into the HMAC, computed once more by other means."""

import hashlib
import hmac
import unittest

from onetime.inspection.choice import Choice
from onetime.inspection.keying import HASHES, Keying, keyings, right_keying

SHA1, SHA512 = HASHES["SHA1"], HASHES["SHA512"]
WAYS = [
    "secret and message exchanged in the HMAC",
    "one hash of secret and message instead of an HMAC",
    "one hash of message and secret instead of an HMAC",
]


class Keyings(unittest.TestCase):
    def test_padded_keys(self) -> None:
        """RFC 2104 section 2, and what is made of it."""
        key = bytes(range(1, 201))
        for keying, size, expected in (
            (Keying(SHA1, 64, 64), 64, key[:64]),
            (Keying(SHA1, 64, 64), 65, hashlib.sha1(key[:65]).digest() + bytes(44)),
            (Keying(SHA1, None, 64), 65, key[:64]),
            (Keying(SHA512, 128, 128), 100, key[:100] + bytes(28)),
            (Keying(SHA512, None, 128), 200, key[:128]),
            (Keying(SHA512, 64, 64), 10, key[:10] + bytes(54)),
            (Keying(SHA512, 64, 64), 65, hashlib.sha512(key[:65]).digest()),
            (Keying(SHA512, 64, 128), 65, hashlib.sha512(key[:65]).digest() + bytes(64)),
            (Keying(SHA512, 64, 128), 64, key[:64] + bytes(64)),
            (Keying(SHA512, 128, 128, repeated=True), 20, (key[:20] * 4)[:64] + bytes(64)),
            (Keying(SHA512, 128, 128, repeated=True), 64, key[:64] + bytes(64)),
            (Keying(SHA512, 128, 128, repeated=True), 65, key[:65] + bytes(63)),
        ):
            with self.subTest(keying=keying, size=size):
                self.assertEqual(expected, keying.padded(key[:size]))

    def test_digests(self) -> None:
        """F70: an HMAC, one with secret and message exchanged, and one hash of both."""
        key, messages = b"secret" * 20, [bytes(8), b"other"]
        for name, each in HASHES.items():
            right = right_keying(name).value
            module = name.lower()
            for way, expected in (
                ("hmac", [hmac.digest(key, message, module) for message in messages]),
                ("swapped", [hmac.digest(message, key, module) for message in messages]),
                ("secret first", [hashlib.new(module, key + message).digest() for message in messages]),
                ("message first", [hashlib.new(module, message + key).digest() for message in messages]),
            ):
                with self.subTest(name, way=way):
                    self.assertEqual(expected, right._replace(way=way).digests(key)(messages))
            self.assertEqual(
                (each.digest_size, each.block_size), (len(hmac.digest(key, b"", module)), each.block_size)
            )

    def test_only_what_makes_a_difference_is_tried(self) -> None:
        """Of the wrong ways to use a key, those are left out that are right for it."""
        blocks = {"SHA1": 64, "SHA256": 64, "SHA512": 128, "SHA3_256": 136, "SHA3_512": 72}
        sizes = {"SHA1": 20, "SHA256": 32, "SHA512": 64, "SHA3_256": 32, "SHA3_512": 64}
        for size in (1, 19, 20, 31, 32, 63, 64, 65, 72, 73, 128, 129, 136, 137, 200):
            expected = []
            for name, digest in sizes.items():
                block = blocks[name]
                expected.append((name, int(name != "SHA1"), ""))
                if block > 64:
                    expected.append((name, 1, f"a block of 64 bytes where that of {name} has {block}"))
                    if 64 < size <= block:
                        words = "a key of more than 64 bytes hashed, though it fits the block"
                        expected.append((name, 1, words))
                if size < digest:
                    expected.append((name, 1, "the key repeated to the length of the hash"))
                if size > block:
                    expected.append((name, 1, "a key longer than the block cut to the block, not hashed"))
                if name == "SHA1":
                    expected += [(name, 1, words) for words in WAYS]
            expected += [("SHA224", 1, ""), ("SHA384", 1, "")]
            with self.subTest(size):
                choices = keyings(bytes(range(1, size + 1)), "SHA1", told=False)
                self.assertEqual(
                    expected, [(choice.value.hash.name, choice.cost, choice.words) for choice in choices]
                )

    def test_what_a_link_says_of_the_hash(self) -> None:
        """F60: the link's hash is right, and another one is a mistake that is said."""
        choices = keyings(bytes(range(20)), "SHA256", told=True)
        self.assertEqual(("SHA256", 0, ""), (choices[0].value.hash.name, choices[0].cost, choices[0].words))
        others = {
            choice.value.hash.name: choice for choice in choices if "where the link says" in choice.words
        }
        self.assertEqual(set(HASHES) - {"SHA256"}, set(others))
        self.assertEqual({1}, {choice.cost for choice in choices[1:]})
        said = [
            choice.words for choice in choices if choice.value.repeated and choice.value.hash.name == "SHA512"
        ]
        self.assertEqual(
            ["SHA512 where the link says SHA256, the key repeated to the length of the hash"], said
        )
        self.assertTrue(all(choice.advice for choice in choices[1:]))

    def test_a_key_that_repeats_itself(self) -> None:
        """A key that is the same when it is repeated is tried once."""
        choices = keyings(bytes(10), "SHA1", told=False)
        self.assertEqual([], [choice for choice in choices if choice.words.startswith("the key repeated")])

    def test_a_choice_is_right_unless_it_says_otherwise(self) -> None:
        """It costs nothing and has neither words nor advice."""
        self.assertEqual((1, 0, "", "", False), Choice(1))
