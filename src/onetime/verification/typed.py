"""The reading of codes that users type."""


def canonical(code: object) -> str | None:
    """Return a code without Unicode white space and hyphens, or None if the rest is not ASCII digits."""
    if not isinstance(code, str):
        return None
    if code.isdigit() and code.isascii():
        return code
    typed = "".join(code.split()).replace("-", "")
    return typed if typed.isascii() and typed.isdigit() else None
