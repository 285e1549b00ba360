"""`python3 -m tests.browser.pictures FOLDER`: take pictures of the playground, and measure its first paint.

Each part and each state that is hard to lay out, wide and narrow, light and dark, and on paper, as PNG.
`--readme` takes the README's picture instead.
"""

import argparse
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from tests.browser import looks
from tests.browser.hands import Pointer
from tests.browser.webdriver import Browser
from tests.support.serving import running

README = Path(__file__).parent / "page.png"
MOST = 100_000
"""Bytes of the README's picture."""

ACCOUNTS = ("GitHub:alice", "Acme:alice%40example.com", "bob")

STATES = {
    **{part: part for part in looks.PARTS},
    "code-10-digits": "code",
    "code-long-secret": "code",
    "code-accounts": "code",
    "code-error": "code",
    "code-folded": "code",
    "match-empty": "match",
}
"""Each picture, and its part."""

PAPER = ("code", "steps", "table", "match", "login")
"""Parts that are also pictured as they are printed."""


def fill(browser: Browser, state: str) -> None:
    """Let a part show what it is for."""
    hand = Pointer(browser)

    def there(selector: str) -> None:
        browser.until(lambda: browser.all(selector), selector)

    def type_in(text: str) -> None:
        hand.focus("#secret")
        browser.press("a", holding="Control")
        browser.devtools("Input.insertText", text=text)

    if state == "code-10-digits":
        hand.unfold()
        hand.choose("#digits", "10")
        there("#shown-code .group:nth-child(3)")
    if state == "code-long-secret":
        type_in("ORSXG5BA" * 80)
        browser.until(lambda: "400 bytes" in browser.find("#secret-hint").text, "a code")
    if state == "code-accounts":
        type_in("\n".join(f"otpauth://totp/{name}?secret={'ORSXG5BA' * 4}" for name in ACCOUNTS))
        there("#accounts li")
    if state == "code-error":
        type_in("JBSW1")
        there("#secret[aria-invalid]")
    if state == "code-folded" and browser.find("#fold").displayed:
        type_in("ORSXG5BA" * 4)
        hand.press("#show-result")
    if state == "match":
        hand.press("#match-example")
        there(".findings > li")
    if state == "match-empty":
        hand.press("#match-search")
        there("[aria-invalid]")
    if state == "login":
        hand.press("#devices .type")
        hand.press("#login-verify")
        there(".verdict.accepted")
        hand.press("#add-hotp")
        there('[data-device="key"]')
        for _ in range(5):
            hand.press("#login-guess")
            there(".verdict.incorrect")
        hand.press("#three summary")
    browser.run("document.activeElement.blur(); scrollTo(0, 0)")


def take(folder: Path) -> None:
    """Take every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with running(looks.Clock()) as server, Browser() as browser:
        for name, width, scheme in product(STATES, looks.WIDTHS, looks.SCHEMES):
            looks.look(browser, width, scheme)
            looks.visit(browser, server.address, STATES[name])
            fill(browser, name)
            save(browser, folder / f"{name}-{width}-{scheme}.png")
        looks.look(browser, 800, "light")
        for name in PAPER:
            looks.visit(browser, server.address, name)
            fill(browser, name)
            browser.devtools("Emulation.setEmulatedMedia", media="print")
            save(browser, folder / f"{name}-paper.png")
            browser.devtools("Emulation.setEmulatedMedia", media="")


def save(browser: Browser, path: Path) -> None:
    """Take one picture."""
    path.write_bytes(browser.picture())
    print(path, flush=True)


def smaller(png: bytes) -> bytes:
    """Write a PNG of the browser (8 bits of red, green, blue and perhaps alpha) again, with 256 colors."""
    chunks = {b"IDAT": b""}
    at = 8
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        name = png[at + 4 : at + 8]
        chunks[name] = chunks.get(name, b"") + png[at + 8 : at + 8 + size]
        at += 12 + size
    width, height, depth, kind = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    if (depth, kind) not in {(8, 2), (8, 6)}:
        raise ValueError("this is not a picture as the browser takes them")
    step = {2: 3, 6: 4}[kind]
    rows = [
        [bytes(row[i : i + 3]) for i in range(0, len(row), step)]
        for row in _rows(zlib.decompress(chunks[b"IDAT"]), width * step, step)
    ]
    counts = Counter(color for row in rows for color in row)
    palette = [color for color, _ in counts.most_common(256)]
    index = {color: min(range(len(palette)), key=lambda i: _distance(color, palette[i])) for color in counts}
    lines = b"".join(b"\0" + bytes(index[color] for color in row) for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", header),
        (b"PLTE", b"".join(palette)),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    return png[:8] + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def _distance(color: bytes, other: bytes) -> int:
    return sum((one - two) ** 2 for one, two in zip(color, other, strict=True))


def _rows(data: bytes, size: int, step: int) -> Iterator[bytearray]:
    """Undo the filters of a PNG's rows (PNG section 9)."""
    above = bytearray(size)
    for at in range(0, len(data), size + 1):
        row = bytearray(data[at + 1 : at + 1 + size])
        kind = data[at]
        for i in range(size if kind else 0):
            left = row[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            row[i] = (row[i] + _predicted(kind, left, above[i], corner)) & 0xFF
        yield row
        above = row


def _predicted(kind: int, left: int, above: int, corner: int) -> int:
    if kind < 4:
        return (0, left, above, (left + above) // 2)[kind]
    guess = left + above - corner
    return min((left, above, corner), key=lambda near: abs(guess - near))


def main() -> int:
    """Take pictures and measure."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.browser.pictures")
    parser.add_argument("folder", metavar="FOLDER", type=Path, nargs="?", help="where the pictures are put")
    parser.add_argument("--readme", action="store_true", help=f"take {README.name}, the README's picture")
    options = parser.parse_args()
    if not options.readme and options.folder is None:
        parser.error("a FOLDER or --readme is needed")
    if options.readme:
        with running(looks.Clock()) as server, Browser(1000, 700) as browser:
            looks.visit(browser, server.address)
            picture = smaller(browser.picture())
        README.write_bytes(picture)
        print(f"{README.name}: {len(picture)} bytes")
        return int(len(picture) > MOST)
    take(options.folder)
    print(*looks.table(), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
