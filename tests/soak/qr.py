"""`python3 -m tests.qr`: QR codes against those of segno, and read by zbarimg.

Every version, level and mask is drawn full; so are symbols with room left, and the penalties and masks are
compared.
"""

from importlib.util import find_spec

from tests import peers

# An environment that has segno, and finds this library, will do.
if __name__ == "__main__" and find_spec("segno") is None:
    peers.run_inside("tests.qr")

import argparse
import json
import random
import secrets
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from onetime.provisioning.qr import QRCode
from tests.provisioning import pictures
from tests.provisioning.symbols import LEVELS, MASKS, VERSIONS, Rows, content, digest, scores

# What of segno is not typed is not checked.
consts: Any = import_module("segno.consts")
encoder: Any = import_module("segno.encoder")

SOURCE = "matrices and capacities of segno 1.6.6: python3 -m tests.qr --vectors"


def room(version: int, level: str) -> int:
    """Tell how many bytes segno's table of capacities, which is in bits, leaves for data."""
    bits: int = consts.SYMBOL_CAPACITY[version][consts.ERROR_MAPPING[level]]
    return (bits - 4 - (8 if version < 10 else 16)) // 8


def with_segno(data: bytes, level: str, version: int, mask: int | None = None) -> Any:
    """Let segno draw a symbol."""
    return encoder.encode(
        data, error=level, version=version, mask=mask, mode="byte", micro=False, boost_error=False
    )


def rows_of(code: Any) -> Rows:
    """Give segno's matrix the form of ours."""
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

    encoder.write_padding_bits = pad
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
        theirs = [encoder.mask_scores([*map(bytearray, rows)], len(rows), len(rows)) for rows in drawn]
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


def read_links(source: random.Random, cases: int) -> str:
    """Let zbarimg read codes of 20 to 2,000 bytes, painted by rsvg-convert and as text."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%:/?&=é株🔑"
    for number in range(cases):
        length = round(20 * 100 ** source.random())
        data = "".join(source.choices(letters, k=length)).encode()[:length].decode(errors="ignore").encode()
        code = QRCode(data, level=source.choice("LM" if length > 1200 else LEVELS))
        painted = (
            pictures.read_svg(code.to_svg(), source.randint(3, 6)),
            pictures.read(pictures.from_text(code.to_text(), ink=pictures.WHITE, paper=pictures.BLACK)),
            pictures.read(
                pictures.from_text(code.to_text(light=True), ink=pictures.BLACK, paper=pictures.WHITE)
            ),
        )
        if set(painted) != {data}:
            return f"case {number}: {len(data)} bytes in {code!r}: {[each == data for each in painted]}"
    print(f"zbarimg: {cases} links read, each as SVG and as text of both kinds", flush=True)
    return ""


def main() -> int:
    """Compare it all, and tell the first difference."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.qr", description=__doc__)
    parser.add_argument("--vectors", action="store_true", help="print tests/vectors/qr.json instead")
    parser.add_argument("--cases", type=int, default=500, help="of random symbols (default: 500)")
    parser.add_argument(
        "--links", type=int, default=100, help="for zbarimg to read, where it is installed (default: 100)"
    )
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run")
    options = parser.parse_args()
    if options.vectors:
        for line in vectors():
            print(line)
        return 0
    print(f"seed {options.seed}", flush=True)
    failure = (
        compare_full()
        or compare_padded(random.Random(f"{options.seed} padded"), options.cases)
        or compare_masks(random.Random(f"{options.seed} masks"), options.cases)
        or read_links(random.Random(f"{options.seed} links"), options.links)
    )
    if failure:
        print(failure)
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
