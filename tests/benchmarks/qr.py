"""QR codes: what it costs to draw a link."""

import io
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from statistics import median
from typing import Any

from onetime.provisioning.qr import QRCode
from tests.benchmarks.turns import block, interleave, ratio

segno: Any = import_module("segno")  # what of it is not typed is not checked

LINK = "otpauth://totp/{issuer}:{name}?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer={issuer}"
LINKS = (
    LINK.format(issuer="Acme", name="alice%40example.com"),
    LINK.format(issuer="Example%20Corp", name="alice.liddell%40example.com"),
)
"""Typical ones."""

CALLS = {"onetime": 50, "segno": 5}
"""Calls in a block, between two looks at the clock."""


def with_segno(link: str) -> Any:
    """Let segno draw a link in byte mode, at the same level."""
    return segno.make(link, error="m", boost_error=False, micro=False)


def svg(link: str) -> str:
    """Draw a link, and write the image."""
    return QRCode(link).to_svg()


def segno_svg(link: str) -> bytes:
    """Let segno do the same, titled and on white as ours is."""
    with io.BytesIO() as out:
        with_segno(link).save(out, kind="svg", omitsize=True, light="#fff", title="QR code")
        return out.getvalue()


def table() -> Iterator[str]:
    """Measure, and lay out the lines of the table."""
    groups: dict[str, dict[str, Callable[[], object]]] = {}
    for link in LINKS:
        drawn, other = QRCode(link), with_segno(link)
        assert (drawn.version, drawn.level) == (other.version, other.error), "both draw the same"
        words = f"a link of {len(link)} bytes"
        groups[words] = {"onetime": partial(QRCode, link), "segno": partial(with_segno, link)}
        groups[f"{words}, and its SVG image"] = {
            "onetime": partial(svg, link),
            "segno": partial(segno_svg, link),
        }
    times = interleave(
        {
            f"{group} {maker}": partial(block, call, CALLS[maker])
            for group, calls in groups.items()
            for maker, call in calls.items()
        }
    )
    yield "| what | segno, ms | onetime, ms | ratio | target |"
    yield "|---|---:|---:|---:|---|"
    for group in groups:
        ours, theirs = times[f"{group} onetime"], times[f"{group} segno"]
        figures = (
            f"{median(theirs) * 1000:.2f} | {median(ours) * 1000:.2f} | {ratio(ours, theirs):.3f} x segno's"
        )
        yield f"| {group} | {figures} | at most 1.5 |"
