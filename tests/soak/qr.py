"""`python3 -m tests.soak qr`: QR codes against those of segno, and read by zbarimg wherever they are shown.

Every version, level and mask is drawn full; so are symbols with room left, and the penalties and masks are
compared. Codes are read from a page in Chromium, from an e-mail, from the text of a terminal, from paper of
several sizes and printers, and from the files that `onetime qr --svg` writes.
"""

import argparse
import json
import random
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from onetime.provisioning.qr import QRCode
from tests.browser.webdriver import Browser
from tests.support import peers, pictures
from tests.support.symbols import LEVELS, MASKS, VERSIONS, Rows, content, digest, scores

SOURCE = "matrices and capacities of segno 1.6.6: python3 -m tests.soak qr --vectors"

PAPER = ((150, 30), (150, 50), (300, 20), (300, 30), (600, 20), (600, 40))
"""Dots per inch of a printer, and millimeters on a side of a code with its quiet zone."""

FRAMES = 5
"""Photographs that are taken of a code, each at another angle, until one is read."""


def segno(module: str) -> Any:
    """Import a module of segno; what of it is not typed is not checked."""
    return import_module(f"segno.{module}")


def room(version: int, level: str) -> int:
    """Return how many bytes segno's table of capacities, which is in bits, leaves for data."""
    bits: int = segno("consts").SYMBOL_CAPACITY[version][segno("consts").ERROR_MAPPING[level]]
    return (bits - 4 - (8 if version < 10 else 16)) // 8


def with_segno(data: bytes, level: str, version: int, mask: int | None = None) -> Any:
    """Draw a symbol with segno."""
    return segno("encoder").encode(
        data, error=level, version=version, mask=mask, mode="byte", micro=False, boost_error=False
    )


def rows_of(code: Any) -> Rows:
    """Return segno's matrix in the form of ours."""
    return [bytes(row) for row in code.matrix]


def vectors() -> Iterator[str]:
    """Write the lines of tests/vectors/qr.json."""
    yield "{"
    yield f'"source": {json.dumps(SOURCE)},'
    lines = []
    for version in VERSIONS:
        for level in LEVELS:
            size = room(version, level)
            data = content(version, level, size)
            digests = [digest(rows_of(with_segno(data, level, version, mask))) for mask in MASKS]
            lines.append(f'"{version}-{level}": [{size}, "{" ".join(digests)}"]')
    yield '"symbols": {\n' + ",\n".join(lines) + "}}"


def compare_full() -> str:
    """Compare full symbols of every version, level and mask."""
    for version in VERSIONS:
        for level in LEVELS:
            data = content(version, level, room(version, level))
            for mask in MASKS:
                ours = QRCode(data, level=level, version=version, mask=mask).rows
                if list(ours) != rows_of(with_segno(data, level, version, mask)):
                    return f"version {version}, level {level}, mask {mask}: not as segno's"
    print(f"full symbols: no difference in {len(VERSIONS) * len(LEVELS) * len(MASKS)}", flush=True)
    return ""


def compare_padded(source: random.Random, cases: int) -> str:
    """Compare symbols with room left.

    Where the bits end with a codeword, segno puts eight zeros before the pad codewords, against 7.4.10 (its
    issue 148). In byte mode they always do; so its padding is mended here.
    """

    def pad(buffer: Any, version: int, length: int) -> None:
        buffer.extend([0] * (-length % 8))

    segno("encoder").write_padding_bits = pad
    for number in range(cases):
        version, level, mask = source.choice(VERSIONS), source.choice(LEVELS), source.choice(MASKS)
        data = source.randbytes(source.randint(1, room(version, level)))
        ours = QRCode(data, level=level, version=version, mask=mask).rows
        if list(ours) != rows_of(with_segno(data, level, version, mask)):
            return f"case {number}: {len(data)} bytes in {version}-{level}, mask {mask}: not as segno's"
    print(f"symbols with room left: no difference in {cases}", flush=True)
    return ""


def compare_masks(source: random.Random, cases: int) -> str:
    """Compare the chosen masks with what segno's own scores say of the eight complete symbols.

    Its score for N3 leaves out a pattern that begins in the one before. And it chooses by symbols in which
    the format and the version information are blank.
    """
    overlapping = others = 0
    for number in range(cases):
        version, level = source.choice(VERSIONS[:12]), source.choice(LEVELS)
        data = source.randbytes(source.randint(1, room(version, level)))
        drawn = [QRCode(data, level=level, version=version, mask=mask).rows for mask in MASKS]
        ours = [scores(rows) for rows in drawn]
        theirs = [
            segno("encoder").mask_scores([*map(bytearray, rows)], len(rows), len(rows)) for rows in drawn
        ]
        for mask, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            if (mine[0], mine[1], mine[3]) != (other[0], other[1], other[3]) or mine[2] < other[2]:
                return f"case {number}: {version}-{level}, mask {mask}: {mine}, segno {other}"
            overlapping += mine[2] != other[2]
        chosen = QRCode(data, level=level, version=version).mask
        sums = [sum(each) for each in ours]
        if chosen != sums.index(min(sums)):
            return f"case {number}: {version}-{level}: mask {chosen} of {sums}"
        others += chosen != with_segno(data, level, version).mask
    print(
        f"masks: each of {cases} has the lowest penalty; segno chooses another one {others} times, and its "
        f"N3 differs in {overlapping} of {cases * len(MASKS)} symbols",
        flush=True,
    )
    return ""


def draw_content(source: random.Random) -> tuple[bytes, QRCode]:
    """Draw from 20 to 2,000 bytes of text, and their code."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%:/?&=é株🔑"
    length = round(20 * 100 ** source.random())
    data = "".join(source.choices(letters, k=length)).encode()[:length].decode(errors="ignore").encode()
    return data, QRCode(data, level=source.choice("LM" if length > 1200 else LEVELS))


def read_images(source: random.Random, cases: int) -> str:
    """Let zbarimg read codes as SVG, as PNG, and as text of both kinds."""
    for number in range(cases):
        data, code = draw_content(source)
        scale = source.randint(3, 8)
        painted = (
            pictures.read_svg(code.to_svg()),
            pictures.read_file(code.to_svg(scale).encode(), ".svg"),
            pictures.read_file(code.to_png(scale), ".png"),
            pictures.read(pictures.from_text(code.to_text(), ink=pictures.WHITE, paper=pictures.BLACK)),
            pictures.read(
                pictures.from_text(code.to_text(light=True), ink=pictures.BLACK, paper=pictures.WHITE)
            ),
        )
        if set(painted) != {data}:
            return f"case {number}: {len(data)} bytes in {code!r}: {[each == data for each in painted]}"
    print(f"zbarimg: {cases} codes read, each as SVG twice, as PNG and as text of both kinds", flush=True)
    return ""


def read_paper(source: random.Random, cases: int) -> str:
    """Print links on paper of a size, in black or white dots, and take a picture of it."""
    for number in range(cases):
        link = f"otpauth://totp/Acme:{number}?secret={'GEZDGNBV' * source.choice((2, 4, 8))}&issuer=Acme"
        code = QRCode(link, level=source.choice(LEVELS))
        for dots, millimeters in PAPER:
            side = round(millimeters / 25.4 * dots)
            dots_of_ink = pictures.printed(pictures.framed(code.rows), side)
            if {pictures.read_svg(code.to_svg(), side), pictures.read(dots_of_ink)} != {link.encode()}:
                return f"case {number}: {code!r} on {millimeters} mm of paper with {dots} dots an inch"
        # A scanner reads one frame after another. In a single one, zbarimg misses 3 codes of 100, and as many
        # of those that qrencode draws.
        frames = (
            pictures.photographed(
                pictures.framed(code.rows), scale=4, degrees=degrees, dark=60, light=200, seed=number
            )
            for degrees in (source.uniform(-20, 20) for _ in range(FRAMES))
        )
        if not any(pictures.shows(frame, link.encode()) for frame in frames):
            return f"case {number}: {FRAMES} photographs of {code!r}"
    print(f"paper: {cases} links read in {len(PAPER)} sizes each, and from photographs", flush=True)
    return ""


def read_mail(source: random.Random, cases: int) -> str:
    """Send a PNG image in an e-mail, as a picture in its text, and read what arrives."""
    for number in range(cases):
        data, code = draw_content(source)
        message = EmailMessage()
        message["Subject"] = "Set up your app"
        message.set_content("Scan the code in the attached picture.")
        message.add_alternative('<p>Scan this:</p><img src="cid:code" alt="QR code">', subtype="html")
        (_, page) = message.iter_parts()
        page.add_related(code.to_png(), "image", "png", cid="<code>")
        arrived = message_from_bytes(message.as_bytes(), policy=policy.default)
        (image,) = (part for part in arrived.walk() if part.get_content_type() == "image/png")
        if pictures.read_file(image.get_content(), ".png") != data:
            return f"case {number}: {len(data)} bytes in {code!r}, as an e-mail"
    print(f"e-mail: {cases} codes read from the picture that arrives", flush=True)
    return ""


def read_page(source: random.Random, cases: int) -> str:
    """Show codes in a page of 1280 by 800 pixels, in a phone's page, and in a terminal's font."""
    with tempfile.TemporaryDirectory() as folder, Browser(1280, 800) as browser:
        for number in range(cases):
            link = f"otpauth://totp/Acme:{number}?secret={'GEZDGNBV' * source.choice((2, 4, 8))}&issuer=Acme"
            code = QRCode(link, level=source.choice(LEVELS))
            larger = "<style>svg { width: 60vmin; height: auto }</style>"
            # As in a terminal: each letter is half as wide as a line is high.
            terminal = (
                "<style>pre { font: 15px/18px DejaVu Sans Mono; background: #000; color: #fff }</style>"
            )
            shown = {
                "svg": f"<p>Scan this with your app:</p>{code.to_svg()}",
                "svg, made larger by a style": f"{larger}{code.to_svg()}",
                "data URI": f'<p>Scan this:</p><img src="{code.to_data_uri(4)}" alt="">',
                "text": f"{terminal}<pre>{code.to_text()}</pre>",
            }
            for words, body in shown.items():
                file = Path(folder, "page.html")
                page = f'<!doctype html><meta charset="utf-8"><body style="background: #fff">{body}'
                file.write_text(page, encoding="utf-8")
                for width, height in ((1280, 800), (390, 800)):
                    if words == "text" and width < 800:  # a terminal has 80 columns
                        continue
                    browser.resize(width, height)
                    browser.open(file.as_uri())
                    bottom = browser.run(
                        "return Math.max(...[...document.querySelectorAll('svg, img, pre')]"
                        ".map(each => each.getBoundingClientRect().bottom))"
                    )
                    try:
                        seen = pictures.read_file(browser.picture(), ".png")
                    except ValueError:
                        seen = b""
                    if seen != link.encode() or bottom > height:
                        return f"case {number}: {code!r} as {words}, {width} pixels wide, down to {bottom}"
    print(
        f"a page in Chromium: {cases} links read in four forms, wide and narrow, none below the fold",
        flush=True,
    )
    return ""


def read_command(source: random.Random, cases: int) -> str:
    """Let `onetime qr` write a file, and zbarimg read it as it is."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(cases):
            name = "".join(source.choices("abcé株🔑 ", k=6)).strip()
            link = f"otpauth://totp/Caf\u00e9:{number}{name}?secret={'GEZDGNBV' * source.choice((2, 4, 8))}"
            file = Path(folder, f"{number}.svg")
            command = [sys.executable, "-m", "onetime", "qr", "--svg", str(file)]
            subprocess.run(command, input=link.encode(), check=True)
            expected = link.replace(" ", "%20")
            for letter in "é株🔑":
                escaped = "".join(f"%{byte:02X}" for byte in letter.encode())
                expected = expected.replace(letter, escaped)
            if pictures.read_file(file.read_bytes(), ".svg") != expected.encode():
                return f"case {number}: {link} is not read from the file"
    print(f"onetime qr --svg: {cases} raw links read from their files", flush=True)
    return ""


def main(arguments: list[str]) -> int:
    """Compare it all, and report the first difference."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak qr", description=__doc__)
    parser.add_argument("--vectors", action="store_true", help="print tests/vectors/qr.json instead")
    parser.add_argument("--cases", type=int, default=500, help="random symbols (default: 500)")
    parser.add_argument(
        "--links", type=int, default=100, help="codes for zbarimg to read in each place (default: 100)"
    )
    parser.add_argument("--page", type=int, default=0, help="links to show in a page (default: 0)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run")
    options = parser.parse_args(arguments)
    # An environment that has segno, and finds this library, will do.
    if find_spec("segno") is None:
        peers.run_inside("tests.soak")
    if options.vectors:
        for line in vectors():
            print(line)
        return 0
    print(f"seed {options.seed}", flush=True)
    failure = (
        compare_full()
        or compare_padded(random.Random(f"{options.seed} padded"), options.cases)
        or compare_masks(random.Random(f"{options.seed} masks"), options.cases)
        or read_images(random.Random(f"{options.seed} images"), options.links)
        or read_paper(random.Random(f"{options.seed} paper"), options.links // 10)
        or read_mail(random.Random(f"{options.seed} mail"), options.links // 10)
        or read_command(random.Random(f"{options.seed} command"), options.links // 10)
        or read_page(random.Random(f"{options.seed} page"), options.page)
    )
    if failure:
        print(failure)
    return 1 if failure else 0
