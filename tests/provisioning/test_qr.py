"""QR codes: the steps of ISO/IEC 18004, what is drawn of them, and other makers who read it."""

import base64
import copy
import pickle
import random
import re
import unittest
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree

from onetime.provisioning import codewords, matrix
from onetime.provisioning.qr import QRCode
from tests.support import pictures, shown, vectors
from tests.support.symbols import LEVELS, MASKS, VERSIONS, Rows, content, digest, scores

SYMBOLS: dict[str, tuple[int, str]] = vectors("qr.json")["symbols"]
"""By version and level: how many bytes it holds, and the digests of the eight masks when it is full."""

LINK = "otpauth://totp/Acme:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme"

NUMERIC = bytes.fromhex("10200c566180ec11ec11ec11ec11ec11")
"""Annex I: the data codewords of "01234567" in version 1-M."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def alphanumeric(text: str, size: int, part: str = "") -> bytes:
    """Make so many data codewords in alphanumeric mode (7.4.4), as in the standard's figures."""
    bits = f"{part}0010{len(text):09b}"
    for first, second in zip(text[::2], text[1::2], strict=True):
        bits += f"{ALPHABET.index(first) * 45 + ALPHABET.index(second):011b}"
    stream = int(bits.ljust(-(-(len(bits) + 4) // 8) * 8, "0"), 2)
    used = stream.to_bytes(-(-(len(bits) + 4) // 8))
    return used + (b"\xec\x11" * size)[: size - len(used)]


def times(a: int, b: int) -> int:
    """Multiply in GF(2^8), bit by bit."""
    product = 0
    while b:
        product, a, b = product ^ a * (b & 1), (a << 1) ^ (a >> 7) * 0b100011101, b >> 1
    return product


def bits_at(rows: Rows, places: Sequence[tuple[int, int]]) -> str:
    """Read modules one after the other; places below 0 count from the end."""
    return "".join(str(rows[i][j]) for i, j in places)


class Codewords(unittest.TestCase):
    def test_every_version_and_level_holds_what_the_standard_says(self) -> None:
        """Table 7: one byte more needs the next version, and is too much for the last."""
        for level in LEVELS:
            for version in VERSIONS:
                size = SYMBOLS[f"{version}-{level}"][0]
                with self.subTest(level=level, version=version):
                    self.assertEqual(version, QRCode(bytes(size), level=level, mask=0).version)
                    if version < 40:
                        self.assertEqual(version + 1, QRCode(bytes(size + 1), level=level, mask=0).version)
        for key, size in (("1-L", 17), ("1-H", 7), ("40-L", 2953), ("40-M", 2331), ("40-H", 1273)):
            self.assertEqual(size, SYMBOLS[key][0])

    def test_bytes_become_codewords(self) -> None:
        """7.4: mode, count, bytes, terminator, and pad codewords in turn; long counts from version 10 on."""
        for data, version, expected in (
            (b"A", 1, "401410" + 3 * "ec11"),
            (b"AB", 1, "40241420" + 2 * "ec11" + "ec"),
            (b"ABCDEFG", 1, "407414243444546470"),
            (b"A", 10, "40001410" + 59 * "ec11"),
        ):
            with self.subTest(data, version=version):
                self.assertEqual(expected, codewords.data_codewords(data, version, "H").hex())

    def test_the_example_of_annex_i_is_corrected(self) -> None:
        """7.5.2: the ten codewords that the standard works out."""
        self.assertEqual("a524d4c1ed36c7872c55", codewords.error_correction(NUMERIC, 10).hex())

    def test_error_correction_leaves_no_remainder(self) -> None:
        """Annex A: a block with its error correction is 0 at each root of the generator polynomial."""
        source = random.Random(18004)
        for size in (7, 10, 13, 15, 16, 17, 18, 20, 22, 24, 26, 28, 30):
            block = source.randbytes(source.randint(1, 123))
            block += codewords.error_correction(block, size)
            root = 1
            for power in range(size):
                value = 0
                for coefficient in block:
                    value = times(value, root) ^ coefficient
                with self.subTest(size=size, power=power):
                    self.assertEqual(0, value)
                root = times(root, 2)

    def test_blocks_are_interleaved(self) -> None:
        """7.6: two blocks of 15 and two of 16 codewords, then the four of error correction."""
        data = bytes(range(62))
        message = codewords.final_message(data, 5, "Q")
        self.assertEqual([0, 15, 30, 46, 1, 16, 31, 47], list(message[:8]))
        self.assertEqual([14, 29, 44, 60, 45, 61], list(message[56:62]))
        for i, block in enumerate((data[:15], data[15:30], data[30:46], data[46:])):
            self.assertEqual(codewords.error_correction(block, 18), message[62 + i :: 4])


class Matrix(unittest.TestCase):
    def test_every_version_level_and_mask(self) -> None:
        """1,280 full symbols have the digests of segno's."""
        for version in VERSIONS:
            for level in LEVELS:
                size, digests = SYMBOLS[f"{version}-{level}"]
                data = content(version, level, size)
                for mask, expected in zip(MASKS, digests.split(), strict=True):
                    with self.subTest(version=version, level=level, mask=mask):
                        rows = QRCode(data, version=version, level=level, mask=mask).rows
                        self.assertEqual(expected, digest(rows))

    def test_codewords_and_remainder_bits_fill_the_symbol(self) -> None:
        """Table 1: so many modules are left over."""
        for version in VERSIONS:
            size = len(codewords.final_message(codewords.data_codewords(b"A", version, "L"), version, "L"))
            left = 7 * (2 <= version <= 6) + 3 * (14 <= version <= 20 or 28 <= version <= 34)
            left += 4 * (21 <= version <= 27)
            with self.subTest(version=version):
                self.assertEqual(8 * size + left + 1, matrix.lay_out(version).bits)

    def test_alignment_patterns(self) -> None:
        """Annex E: some rows of Table E.1, the one that is not rounded up among them."""
        for version, expected in (
            (1, ()),
            (2, (6, 18)),
            (7, (6, 22, 38)),
            (16, (6, 26, 50, 74)),
            (22, (6, 26, 50, 74, 98)),
            (32, (6, 34, 60, 86, 112, 138)),
            (36, (6, 24, 50, 76, 102, 128, 154)),
            (40, (6, 30, 58, 86, 114, 142, 170)),
        ):
            with self.subTest(version=version):
                self.assertEqual(expected, matrix.alignment_positions(version))

    def test_format_information(self) -> None:
        """7.9.1, Annex C and Annex I: level and mask stand in both places, and the dark module."""
        around = [(8, j) for j in (0, 1, 2, 3, 4, 5, 7, 8)] + [(i, 8) for i in (7, 5, 4, 3, 2, 1, 0)]
        apart = [(-i, 8) for i in range(1, 8)] + [(8, -j) for j in range(8, 0, -1)]
        for level, mask, expected in (
            ("M", 5, "100000011001110"),
            ("M", 2, "101111001111100"),
            ("M", 0, "101010000010010"),
            ("L", 7, "110100101110110"),
            ("Q", 3, "011101000000110"),
            ("H", 4, "000011101100010"),
        ):
            rows = QRCode(b"A", level=level, mask=mask).rows
            with self.subTest(level=level, mask=mask):
                self.assertEqual(expected, bits_at(rows, around))
                self.assertEqual(expected, bits_at(rows, apart))
                self.assertEqual("1", bits_at(rows, [(-8, 8)]))

    def test_version_information(self) -> None:
        """7.10 and Annex D: from version 7 on it stands in both places."""
        right = [(bit // 3, bit % 3 - 11) for bit in range(17, -1, -1)]
        for version, expected in (
            (7, "000111110010010100"),
            (21, "010101011010000011"),
            (40, "101000110001101001"),
        ):
            rows = QRCode(b"A", version=version).rows
            with self.subTest(version=version):
                self.assertEqual(expected, bits_at(rows, right))
                self.assertEqual(expected, bits_at(rows, [(i, j) for j, i in right]))


class Masks(unittest.TestCase):
    def penalty(self, rows: Sequence[str]) -> int:
        number = int("".join(row + "0000" for row in rows), 2)
        return matrix.penalty(number, matrix.lay_out((len(rows) - 17) // 4))

    def test_penalties_that_are_added_up_by_hand(self) -> None:
        """7.8.3.1: N1, N2, N3 and N4 for plain patterns of 21 modules."""
        light, dark = "0" * 21, "1" * 21
        finder = "0" * 7 + "1011101" + "0" * 7
        # In a light field: rows 20 * 19 and 5 + 5, columns 16 * 19 and 5 * (8 + 8); 400 blocks but 16.
        one_finder = 380 + 10 + 304 + 80, 3 * 384, 40, 90
        for name, rows, expected in (
            ("light", [light] * 21, (42 * 19, 3 * 400, 0, 100)),
            ("dark", [dark] * 21, (42 * 19, 3 * 400, 0, 100)),
            ("a chessboard", [("10" * 11)[i % 2 :][:21] for i in range(21)], (0, 0, 0, 0)),
            ("stripes", ["10" * 10 + "1"] * 21, (21 * 19, 0, 0, 0)),
            ("a finder pattern across", [light] * 10 + [finder] + [light] * 10, one_finder),
            ("the same down", ["0" * 10 + bit + "0" * 10 for bit in finder], one_finder),
        ):
            with self.subTest(name):
                self.assertEqual(sum(expected), self.penalty(rows))
                self.assertEqual(expected, scores([bytes(map(int, row)) for row in rows]))

    def test_penalties_are_those_of_the_table(self) -> None:
        """7.8.3.1: as when it is reckoned module by module, on random lines made for it."""
        source = random.Random(7831)
        pieces = ("1011101", "0000", "00000", "11111", "0", "1", "01", "111111")
        for _ in range(150):
            size = source.choice((21, 25, 45, 65))
            rows = ["".join(source.choices(pieces, k=size))[:size] for _ in range(size)]
            if source.random() < 0.5:
                rows = ["".join(column) for column in zip(*rows, strict=True)]
            expected = sum(scores([bytes(map(int, row)) for row in rows]))
            with self.subTest(rows=rows):
                self.assertEqual(expected, self.penalty(rows))

    def test_the_mask_with_the_lowest_penalty_is_chosen(self) -> None:
        """7.8.3: all eight are reckoned on complete symbols; the first of several is taken."""
        source = random.Random(783)
        ties = 0
        for _ in range(80):
            data, level = source.randbytes(source.randint(1, 60)), source.choice(LEVELS)
            expected = [sum(scores(QRCode(data, level=level, mask=mask).rows)) for mask in MASKS]
            ties += expected.count(min(expected)) > 1
            with self.subTest(data, level=level):
                self.assertEqual(expected.index(min(expected)), QRCode(data, level=level).mask)
        self.assertGreater(ties, 0)

    def test_the_standards_examples_have_their_masks(self) -> None:
        """Figures 1 (as in the edition of 2024), 29 and I.2.

        The second part in figure 29 has mask 7, whose penalty is 2 above that of mask 3.
        """
        text = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        append = "0011{:04b}001100000001"
        self.assertEqual(6, QRCode("QR Code Symbol").mask)
        for name, data, version, expected in (
            ("I.2", NUMERIC, 1, 2),
            ("29", alphanumeric(text, 64), 4, 4),
            ("29, part 1", alphanumeric(text[:14], 16, append.format(0)), 1, 0),
            ("29, part 3", alphanumeric(text[30:46], 16, append.format(2)), 1, 7),
            ("29, part 4", alphanumeric(text[46:], 16, append.format(3)), 1, 3),
        ):
            message = codewords.final_message(data, version, "M")
            with self.subTest(name):
                self.assertEqual(expected, matrix.draw(message, version, "M", None)[0])


class Arguments(unittest.TestCase):
    def test_what_it_is_told(self) -> None:
        """Level, version and mask are taken as given, and said again."""
        code = QRCode("A", level="Q", version=9, mask=3)
        self.assertEqual(("Q", 9, 3, 53), (code.level, code.version, code.mask, code.size))
        self.assertEqual([53] * 53, [len(row) for row in code.rows])
        self.assertEqual({0, 1}, set().union(*code.rows))
        self.assertEqual(("M", 1), (QRCode("A").level, QRCode("A").version))

    def test_text_is_utf_8(self) -> None:
        """Text and its bytes make the same symbol."""
        for text in ("A", "é", "株式会社🔑", "\0"):
            self.assertEqual(QRCode(text.encode()).rows, QRCode(text).rows)

    def test_wrong_arguments_are_refused(self) -> None:
        """Each says what it wants, and what does not fit says how much would."""
        wrong: list[tuple[type[Exception], str, tuple[Any, ...], dict[str, Any]]] = [
            (TypeError, "must be str or bytes", (bytearray(b"A"),), {}),
            (TypeError, "must be str or bytes", (None,), {}),
            (ValueError, "must not be empty", ("",), {}),
            (ValueError, "must not be empty", (b"",), {}),
            (ValueError, "lone surrogate", ("A\ud800",), {}),
            (TypeError, "level must be a str", ("A",), {"level": None}),
            (ValueError, "level must be one of L, M, Q, H", ("A",), {"level": "m"}),
            (ValueError, "level must be one of L, M, Q, H", ("A",), {"level": ""}),
            (TypeError, "version must be an int", ("A",), {"version": "1"}),
            (TypeError, "version must be an int", ("A",), {"version": True}),
            (ValueError, "version must be an int from 1 to 40", ("A",), {"version": 0}),
            (ValueError, "version must be an int from 1 to 40", ("A",), {"version": 41}),
            (TypeError, "mask must be an int", ("A",), {"mask": 1.0}),
            (ValueError, "mask must be an int from 0 to 7", ("A",), {"mask": -1}),
            (ValueError, "mask must be an int from 0 to 7", ("A",), {"mask": 8}),
            (
                ValueError,
                "^data has 16 bytes, but version 1 holds at most 14 at level M$",
                ("é" * 8,),
                {"version": 1},
            ),
            (
                ValueError,
                "^data has 2332 bytes, but version 40 holds at most 2331 at level M$",
                (bytes(2332),),
                {},
            ),
        ]
        for error, message, arguments, options in wrong:
            with self.subTest(message, options=options), self.assertRaisesRegex(error, message):
                QRCode(*arguments, **options)


class Silence(unittest.TestCase):
    """What it says may be a secret."""

    def test_no_error_shows_the_data(self) -> None:
        """H21: neither message nor traceback, local variables included."""
        calls: list[Callable[[], object]] = [
            lambda: QRCode(LINK * 40),
            lambda: QRCode(LINK.encode(), version=1),
            lambda: QRCode(LINK + "\ud800"),
            lambda: QRCode(LINK, level="X"),
            lambda: QRCode(LINK, mask=8),
            lambda: QRCode(bytearray(LINK.encode())),  # type: ignore[arg-type]  # the wrong type is what is tested
        ]
        for i, call in enumerate(calls):
            with self.subTest(i):
                try:
                    call()
                except (TypeError, ValueError) as error:
                    text = shown(error)
                else:
                    self.fail("nothing was raised")
                self.assertIn("in onetime: ", text)
                self.assertNotIn("GEZDGNBV", text)

    def test_it_shows_its_size_alone(self) -> None:
        """`repr`, `str` and `format` say version and level."""
        code = QRCode(LINK)
        for text in (repr(code), str(code), f"{code}"):
            self.assertEqual("QRCode(<version 5, level M>)", text)

    def test_it_is_not_pickled_or_changed(self) -> None:
        """It stays where it is, and as it is; a copy is itself."""
        code = QRCode(LINK)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with self.assertRaisesRegex(TypeError, "cannot be pickled"):
                pickle.dumps(code, protocol)
        with self.assertRaisesRegex(TypeError, "cannot be pickled"):
            code.__getstate__()
        with self.assertRaisesRegex(AttributeError, "cannot be changed"):
            code.mask = 1
        with self.assertRaisesRegex(AttributeError, "cannot be changed"):
            del code.rows
        self.assertFalse(hasattr(code, "__dict__"))
        self.assertIs(code, copy.copy(code))
        self.assertIs(code, copy.deepcopy(code))


class Text(unittest.TestCase):
    def test_each_half_block_is_a_module(self) -> None:
        """6.3.8: with four light modules around; on dark terminals the ink is what is light."""
        for version in (1, 2, 7):
            code = QRCode("A", version=version)
            for light in (False, True):
                with self.subTest(version=version, light=light):
                    text = code.to_text(light=light)
                    ink, paper = (0, 1) if not light else (1, 0)
                    picture = pictures.from_text(text, ink=ink, paper=paper)
                    # Each module has four by four pixels, and there are three more modules around.
                    modules = [row[12:-12:4] for row in picture[12:-12:4]]
                    # The last line has no lower half: that is the terminal's own color.
                    self.assertEqual([*pictures.framed(code.rows), bytes([paper] * (code.size + 8))], modules)

    def test_it_is_text_and_nothing_else(self) -> None:
        """No colors, no trailing line break; every line is as long as the others."""
        lines = QRCode("A").to_text().split("\n")
        self.assertEqual([29] * 15, [len(line) for line in lines])
        self.assertLessEqual(set("".join(lines)), set(" \u2580\u2584\u2588"))


class Svg(unittest.TestCase):
    NAMESPACE = "{http://www.w3.org/2000/svg}"

    def test_the_path_is_the_symbol(self) -> None:
        """One path has all dark modules, on a white ground with the quiet zone; a module is one unit."""
        for version in (1, 7, 40):
            code = QRCode(LINK[:10], version=version)
            root = ElementTree.fromstring(code.to_svg())
            title, ground, path = root
            side = code.size + 8
            with self.subTest(version=version):
                self.assertEqual(
                    [self.NAMESPACE + name for name in ("svg", "title", "rect", "path")],
                    [each.tag for each in (root, title, ground, path)],
                )
                self.assertEqual(f"0 0 {side} {side}", root.get("viewBox"))
                self.assertEqual((str(4 * side),) * 2, (root.get("width"), root.get("height")))
                self.assertEqual(
                    {"width": str(side), "height": str(side), "fill": "#fff"}, dict(ground.items())
                )
                self.assertEqual(list(pictures.framed(code.rows)), self.painted(path, side))

    def painted(self, path: ElementTree.Element, side: int) -> Rows:
        """Follow a path of filled rectangles that are one unit high."""
        self.assertEqual({"d"}, set(path.keys()))
        rows = [bytearray(side) for _ in range(side)]
        data = path.get("d", "")
        self.assertRegex(data, r"\A(M\d+ \d+h\d+v1h-\d+z)+\Z")
        for x, y, width, back in re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", data):
            self.assertEqual(width, back)
            place = slice(int(x), int(x) + int(width))
            self.assertNotIn(1, rows[int(y)][place])
            rows[int(y)][place] = b"\1" * int(width)
        return [bytes(row) for row in rows]

    def test_screen_readers_find_the_title(self) -> None:
        """The image is one, and named by its title; two with other titles have other ids."""
        ids = set()
        for title in ("QR code", "Set up 2FA", "\"'<b>&amp;]]>--></title><script>", "株 🔑 \u2028"):
            svg = QRCode("A").to_svg(title=title)
            root = ElementTree.fromstring(svg)
            with self.subTest(title):
                self.assertEqual("img", root.get("role"))
                self.assertEqual(title, root[0].text)
                self.assertEqual(root[0].get("id"), root.get("aria-labelledby"))
                self.assertRegex(root[0].get("id") or "", r"\A[a-z][-a-z0-9]+\Z")
                self.assertEqual([6, 6], [svg.count("<"), svg.count(">")])
            ids.add(root[0].get("id"))
        self.assertEqual(4, len(ids))
        self.assertIn(">QR code</title>", QRCode("A").to_svg())

    def test_nothing_else_is_in_it(self) -> None:
        """No text of the data, no style, no script, no line break."""
        svg = QRCode(LINK).to_svg()
        self.assertNotIn("otpauth", svg)
        self.assertRegex(
            svg,
            r'\A<svg xmlns="http://www\.w3\.org/2000/svg" width="\d+" height="\d+" viewBox="[ \d]+" '
            r'role="img" stroke="none" aria-labelledby="qr-\w+" shape-rendering="crispEdges">'
            r'<title id="qr-\w+">QR code</title><rect [^<>]+/><path [^<>]+/></svg>\Z',
        )

    def test_titles_that_xml_cannot_have_are_refused(self) -> None:
        """Control characters, half a surrogate pair; and a title that says nothing."""
        code = QRCode("A")
        for title in ("", " ", "a\0", "a\n", "a\x1b", "a\x85", "a\ud800", "a\ufffe"):
            with self.subTest(ascii(title)), self.assertRaisesRegex(ValueError, "title must not be blank"):
                code.to_svg(title=title)
        with self.assertRaises(TypeError):
            code.to_svg(title=b"A")  # type: ignore[arg-type]  # the wrong type is what is tested


class Size(unittest.TestCase):
    """How large an image is drawn."""

    def test_f48_an_svg_image_has_a_size_of_its_own(self) -> None:
        """F48: four pixels to a module, or as many as asked for."""
        for version, scale in ((1, 1), (5, 4), (25, 64)):
            code = QRCode("A", version=version)
            root = ElementTree.fromstring(code.to_svg(scale))
            side = code.size + 8
            with self.subTest(version=version, scale=scale):
                self.assertEqual((str(scale * side),) * 2, (root.get("width"), root.get("height")))
                self.assertEqual(f"0 0 {side} {side}", root.get("viewBox"))
        self.assertEqual(QRCode("A").to_svg(4), QRCode("A").to_svg())

    def test_f48_the_usual_link_fits_a_page(self) -> None:
        """F48: on a screen of 1280 by 800 pixels nothing of it is below the fold."""
        root = ElementTree.fromstring(QRCode(LINK).to_svg())
        self.assertLess(int(root.get("width", "0")), 200)

    def test_every_pixel_of_a_png_image_is_a_module(self) -> None:
        """Black on white, with the quiet zone; each module is a square of so many pixels."""
        for version, scale in ((1, 1), (1, 3), (2, 8), (7, 2), (3, 64)):
            code = QRCode("A", version=version)
            with self.subTest(version=version, scale=scale):
                rows = pictures.from_png(code.to_png(scale))
                self.assertEqual(pictures.enlarged(pictures.framed(code.rows), scale), rows)
        self.assertEqual(QRCode("A").to_png(8), QRCode("A").to_png())

    def test_a_png_image_shows_nothing_else(self) -> None:
        """No text, no time, no name of a program: three chunks."""
        png = QRCode(LINK).to_png()
        self.assertEqual(
            [b"IHDR", b"IDAT", b"IEND"], re.findall(b"IHDR|IDAT|IEND|[a-z][A-Z]{3}|tEXt|tIME", png)
        )
        self.assertLess(len(png), 1500)

    def test_a_data_uri_is_the_png_image(self) -> None:
        """RFC 2397: for the source of an image in a page."""
        code = QRCode(LINK)
        for scale in (1, 8):
            kind, _, data = code.to_data_uri(scale).partition(",")
            self.assertEqual("data:image/png;base64", kind)
            self.assertEqual(code.to_png(scale), base64.b64decode(data, validate=True))
        self.assertEqual(code.to_data_uri(8), code.to_data_uri())

    def test_scales_are_checked(self) -> None:
        """An int from 1 to 64, in all three."""
        code = QRCode("A")
        for call in (code.to_svg, code.to_png, code.to_data_uri):
            for scale, error in (
                (0, ValueError),
                (65, ValueError),
                (-1, ValueError),
                (2.0, TypeError),
                (True, TypeError),
            ):
                with (
                    self.subTest(call.__name__, scale=scale),
                    self.assertRaisesRegex(error, "^scale must be an int"),
                ):
                    call(scale)  # type: ignore[arg-type]  # the wrong type is what is tested


def links() -> list[bytes]:
    """Make links of 20 to 2,000 bytes, with and without percent signs; and other bytes."""
    plain = [LINK.ljust(length, "x")[:length].encode() for length in (20, 60, 110, 300, 800, 2000)]
    return [*plain, f"{LINK}&label=株式会社:é🔑".encode(), "é".encode(), bytes(range(256))]


class Readers(unittest.TestCase):
    """Other makers' programs."""

    def test_zbarimg_reads_the_image(self) -> None:
        """As rsvg-convert paints it, in every level that has room."""
        for data in links():
            for level in LEVELS if len(data) < 500 else "LM":
                with self.subTest(data[:80], length=len(data), level=level):
                    self.assertEqual(data, pictures.read_svg(QRCode(data, level=level).to_svg()))

    def test_f48_zbarimg_reads_the_files_themselves(self) -> None:
        """F48: as a person calls it, `zbarimg a.svg`, with the renderer that it brings along; and a.png."""
        for data in links()[:-1]:  # with whole bytes it guesses their script
            code = QRCode(data, level="L" if len(data) > 1200 else "M")
            for scale in (3, 4, 5, 8):
                with self.subTest(data[:80], length=len(data), scale=scale):
                    self.assertEqual(data, pictures.read_file(code.to_svg(scale).encode(), ".svg"))
                    self.assertEqual(data, pictures.read_file(code.to_png(scale), ".png"))

    def test_zbarimg_reads_the_text(self) -> None:
        """As a dark and as a light terminal shows it."""
        for data in links():
            code = QRCode(data)
            for light, ink, paper in (
                (False, pictures.WHITE, pictures.BLACK),
                (True, pictures.BLACK, pictures.WHITE),
            ):
                with self.subTest(data[:80], length=len(data), light=light):
                    picture = pictures.from_text(code.to_text(light=light), ink=ink, paper=paper)
                    self.assertEqual(data, pictures.read(picture))

    def test_zbarimg_reads_what_a_camera_sees(self) -> None:
        """Scaled, turned, gray on gray, a little blurred and noisy."""
        rows = pictures.framed(QRCode(LINK).rows)
        for seed, (scale, degrees) in enumerate(
            ((3.7, 0), (3.7, 3), (3.7, -8), (5.3, 17), (5.3, -45), (5.3, 91))
        ):
            with self.subTest(scale=scale, degrees=degrees):
                picture = pictures.photographed(
                    rows, scale=scale, degrees=degrees, dark=60, light=190, seed=seed
                )
                self.assertEqual(LINK.encode(), pictures.read(picture))

    def test_qrencode_draws_the_same(self) -> None:
        """Module for module, in the mask that it chooses; and both are read to the same bytes."""
        for data in links()[:-1]:  # it takes no zeros from standard input
            for level in LEVELS if len(data) < 500 else "LM":
                code = QRCode(data, level=level)
                theirs = pictures.with_qrencode(data, level, code.version)
                # 7.9.1: the mask stands in three modules, of which two are turned over.
                mask = int(bits_at(theirs, [(8, 2), (8, 3), (8, 4)]), 2) ^ 0b101
                with self.subTest(data[:80], length=len(data), level=level, mask=mask):
                    ours = QRCode(data, level=level, version=code.version, mask=mask).rows
                    self.assertEqual(drawn(theirs), drawn(ours))
                    painted = [bytes(255 * (1 - module) for module in row) for row in pictures.framed(theirs)]
                    self.assertEqual(data, pictures.read(pictures.enlarged(painted, 4)))


def drawn(rows: Rows) -> list[str]:
    """Show rows in a failure as "0" and "1"."""
    return ["".join(map(str, row)) for row in rows]
