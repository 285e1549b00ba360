"""The computation of a code, step by step (RFC 4226 sections 5.3 and 5.4, RFC 2104 section 2)."""

from dataclasses import dataclass, fields

from onetime.algorithm import Algorithm
from onetime.checks import check_integer
from onetime.confidential import Confidential, discreet
from onetime.hotp import HOTP, LAST_MOVING_FACTOR
from onetime.totp import TOTP


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Explanation(Confidential):
    """Every value in the computation of a code, under its name in the RFCs.

    All values are secret. `repr` shows none of them; `to_text` and `to_dict` show all.

    Attributes:
        algorithm: The hash H.
        moving_factor: The counter C of an HOTP, the step T of a TOTP.
        period: X, the length of a step in seconds; None for an HOTP.
        t0: T0, the Unix time in seconds at which step 0 begins; None for an HOTP.
        span: The Unix times in seconds at which the step and the next step begin; None for an HOTP.
        key: K, the secret.
        padded_key: K filled with zeros to the block size of the hash; a longer K is hashed first.
        inner_pad: The padded key XOR 0x36 in each byte (ipad).
        outer_pad: The padded key XOR 0x5c in each byte (opad).
        message: The moving factor as eight bytes, the highest first.
        inner_hash: H(inner_pad, message).
        hs: HS = H(outer_pad, inner_hash), which is HMAC(K, message).
        offset: The low four bits of the last byte of HS.
        p: P, the four bytes of HS at the offset.
        snum: Snum, P as a number without its highest bit.
        digits: Digit, the length of the code.
        d: D = Snum mod 10^Digit.
        code: D with zeros in front.
    """

    algorithm: Algorithm
    moving_factor: int
    period: int | None
    t0: int | None
    span: tuple[int, int] | None
    key: bytes
    padded_key: bytes
    inner_pad: bytes
    outer_pad: bytes
    message: bytes
    inner_hash: bytes
    hs: bytes
    offset: int
    p: bytes
    snum: int
    digits: int
    d: int
    code: str

    def to_dict(self) -> dict[str, str | int | tuple[int, int] | None]:
        """Return every value by name in a form for JSON, with bytes as hexadecimal digits."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}

    def to_text(self) -> str:
        """Return every value in words, laid out as in the example of RFC 4226 section 5.4."""
        name, origin = "C", ["C is the counter"]
        if self.span is not None:
            start, end = self.span
            name = "T"
            origin = [
                f"T = floor((time - T0) / X), with T0 = {self.t0} and X = {self.period} seconds",
                f"T is the same from Unix time {start} to {end - 1}",
            ]
        block = self.algorithm.block_size
        fill = "filled with zeros" if len(self.key) <= block else "hashed, then filled with zeros"
        last = len(self.hs) - 1
        return "\n".join(
            [
                f"{name} = {self.moving_factor}",
                *origin,
                "",
                f"Message: {name} as 8 bytes",
                *_rows(self.message),
                f"K: the secret, {len(self.key)} bytes",
                *_rows(self.key),
                f"K {fill} to the {block} bytes of a block of {self.algorithm}",
                *_rows(self.padded_key),
                "Inner pad: each byte of the padded K XOR 0x36",
                *_rows(self.inner_pad),
                "Outer pad: each byte of the padded K XOR 0x5c",
                *_rows(self.outer_pad),
                f"{self.algorithm} of inner pad and message",
                *_rows(self.inner_hash),
                "",
                f"Step 1: HS = HMAC-{self.algorithm}(K, {name}), {self.algorithm} of outer pad and that hash",
                "",
                *_table(self.hs, self.offset),
                "",
                "Step 2: dynamic truncation",
                f"* The last byte (byte {last}) has the hex value {self.hs[-1]:#04x}.",
                f"* The value of the lower 4 bits is {self.offset:#x} (the offset value).",
                f"* The 4 bytes starting at byte {self.offset} are P = 0x{self.p.hex()}.",
                f"* Without the highest bit of P, Snum = {self.snum:#010x} = {self.snum}.",
                "",
                "Step 3: the remainder",
                f"* D = Snum modulo 10^{self.digits} = {self.d}.",
                f"* The code has {self.digits} digits: {self.code}.",
            ]
        )

    def __repr__(self) -> str:
        return f"Explanation(<moving factor {self.moving_factor}>)"


# A dataclass with slots gets a __getstate__ that returns everything; CPython 3.11.2 replaces the class's own.
Explanation.__getstate__ = Confidential.__getstate__  # type: ignore[method-assign]  # what the line above says


@discreet
def explain(credential: HOTP | TOTP, moving_factor: int) -> Explanation:
    """Return every value in the computation of a code.

    Args:
        credential: The HOTP or TOTP.
        moving_factor: The counter or step, from 0 to 2^64-1. The step of a time is `totp.step(time)`.

    Returns:
        The values, computed independently of `HOTP.at`.

    Raises:
        TypeError: The credential is neither an HOTP nor a TOTP, or the moving factor is not an int.
        ValueError: The moving factor is out of range.
    """
    if not isinstance(credential, HOTP | TOTP):
        raise TypeError("the credential must be an HOTP or a TOTP")
    check_integer("moving_factor", moving_factor, 0, LAST_MOVING_FACTOR)
    algorithm = credential.algorithm
    key = credential.secret.to_bytes()
    # RFC 2104 section 2. This code is independent of HOTP.at, so that each can be tested against the other.
    short = algorithm.new(key).digest() if len(key) > algorithm.block_size else key
    padded_key = short + bytes(algorithm.block_size - len(short))
    inner_pad = bytes(byte ^ 0x36 for byte in padded_key)
    outer_pad = bytes(byte ^ 0x5C for byte in padded_key)
    # RFC 4226 section 5.2.
    message = moving_factor.to_bytes(8, "big")
    inner_hash = algorithm.new(inner_pad + message).digest()
    hs = algorithm.new(outer_pad + inner_hash).digest()
    # RFC 4226 section 5.3.
    offset = hs[-1] & 0b1111
    p = hs[offset : offset + 4]
    snum = int.from_bytes(p, "big") & 0x7FFFFFFF
    d = snum % 10**credential.digits
    return Explanation(
        algorithm=algorithm,
        moving_factor=moving_factor,
        period=credential.period if isinstance(credential, TOTP) else None,
        t0=credential.t0 if isinstance(credential, TOTP) else None,
        span=credential.span(moving_factor) if isinstance(credential, TOTP) else None,
        key=key,
        padded_key=padded_key,
        inner_pad=inner_pad,
        outer_pad=outer_pad,
        message=message,
        inner_hash=inner_hash,
        hs=hs,
        offset=offset,
        p=p,
        snum=snum,
        digits=credential.digits,
        d=d,
        code=f"{d:0{credential.digits}d}",
    )


def _rows(data: bytes) -> list[str]:
    return [f"  {data[i : i + 16].hex(' ')}" for i in range(0, len(data), 16)]


def _table(hs: bytes, offset: int) -> list[str]:
    """Draw HS as RFC 4226 section 5.4 does: * under the bytes of P, + under the one with the offset."""
    width = 20 if len(hs) == 20 else 16
    rule = "-" * (3 * width + 1)
    lines = []
    for start in range(0, len(hs), width):
        columns = range(start, start + width)
        marks = ["-"] * len(rule)
        for column, byte in enumerate(columns):
            in_p = offset <= byte < offset + 4
            if in_p:
                marks[3 * column + 1 : 3 * column + 3] = "**"
            if in_p and column and byte > offset:
                marks[3 * column] = "*"
        if columns[-1] == len(hs) - 1:
            marks[-3:] = "++|"
        lines += [
            rule,
            f"| {'Byte Number':<{len(rule) - 3}}|",
            rule,
            f"|{'|'.join(f'{byte:02d}' for byte in columns)}|",
            rule,
            f"| {'Byte Value':<{len(rule) - 3}}|",
            rule,
            f"|{hs[start : start + width].hex('|')}|",
            "".join(marks),
        ]
    return lines
