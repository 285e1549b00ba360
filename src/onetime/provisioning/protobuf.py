"""Messages of Protocol Buffers: sequences of fields, each with a number and a value.

The reader returns the two kinds of values that exports use, integers and bytes. It skips all other kinds, as
the description of the encoding requires for unknown fields. It reads a message once, without recursion. A
broken rule raises a `MigrationError` that names the position of the byte, and never quotes the content.
"""

from collections.abc import Iterator

from onetime.errors import MigrationError

VARINT, FIXED64, BYTES, GROUP, GROUP_END, FIXED32 = range(6)
"""The wire types: the form of the value that follows a field's number. Types 6 and 7 do not exist."""

LAST_NUMBER = 2**29 - 1
"""The highest number of a field; the lowest is 1."""

MAX_VARINT = 10
"""Maximum length of a number, in bytes: 64 bits, seven in each byte."""


def fields(data: bytes, part: slice) -> Iterator[tuple[int, int | slice, int]]:
    """Yield the fields of a message.

    Args:
        data: Bytes that hold the message, and perhaps other bytes around it.
        part: The place of the message in the bytes, from its first byte to the one after its last.

    Yields:
        The field's number; its value, which is an integer from 0 to 2^64-1, or the place of its bytes in
        `data`; and the position in `data` at which the field begins. Fields of another wire type are left
        out, and so is the content of groups.

    Raises:
        MigrationError: The bytes are not a message; `position` is the index of the faulty byte, from 0.
    """
    position, end = part.start, part.stop
    groups: list[int] = []  # the numbers of the open groups, the innermost last
    while position < end:
        start = position
        key, position = _read_varint(data, start, end)
        number, wire_type = divmod(key, 8)
        if not 1 <= number <= LAST_NUMBER:
            raise fault("the number of a field must be from 1 to 536870911", start)
        if wire_type == VARINT:
            value, position = _read_varint(data, position, end)
            if not groups:
                yield number, value, start
        elif wire_type in (BYTES, FIXED32, FIXED64):
            size = 4 if wire_type == FIXED32 else 8
            if wire_type == BYTES:
                size, position = _read_varint(data, position, end)
            if size > end - position:
                raise fault("a field must end within its message", start)
            position += size
            if wire_type == BYTES and not groups:
                yield number, slice(position - size, position), start
        elif wire_type == GROUP:
            groups.append(number)
        elif wire_type == GROUP_END:
            if not groups or groups.pop() != number:
                raise fault("the end of a group must follow its beginning", start)
        else:
            raise fault("the wire type of a field must be from 0 to 5", start)
    if groups:
        raise fault("a group must have an end", end)


def signed(value: int, bits: int) -> int:
    """Return the low bits of a number as two's complement, as int32, int64 and enums are read."""
    half = 1 << bits - 1
    return (value + half) % (2 * half) - half


def integer_field(number: int, value: int) -> bytes:
    """Return a field with an integer from -2^63 to 2^64-1."""
    return _varint(number << 3 | VARINT) + _varint(value)


def bytes_field(number: int, value: bytes) -> bytes:
    """Return a field with bytes, which may be any bytes, a text in UTF-8, or a message."""
    return _varint(number << 3 | BYTES) + _varint(len(value)) + value


def fault(rule: str, position: int) -> MigrationError:
    """Return the error of a broken rule at a position; messages count from 1."""
    return MigrationError(f"byte {position + 1}: {rule}", position)


def _read_varint(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Read a number, seven bits a byte, the lowest first; return it and the position after it."""
    if start < end and data[start] < 0x80:  # most numbers have one byte
        return data[start], start + 1
    value = 0
    for i, byte in enumerate(data[start : min(start + MAX_VARINT, end)]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            # Readers differ on a tenth byte over 1: some drop the bits, and some refuse them.
            if value >= 1 << 64:
                raise fault("a number must have at most 64 bits", start)
            return value, start + i + 1
    if end - start < MAX_VARINT:
        raise fault("a number must have an end", start)
    raise fault(f"a number must have at most {MAX_VARINT} bytes", start)


def _varint(value: int) -> bytes:
    value %= 1 << 64  # two's complement: a negative number fills ten bytes
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
