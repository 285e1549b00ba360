"""What people type: which texts are a code of digits."""


def canonical(code: object, digits: int) -> str | None:
    """Take out spaces and hyphens; the rest must be the digits of a code, nothing that looks like them."""
    if not isinstance(code, str):
        return None
    typed = code.replace(" ", "").replace("-", "")
    return typed if len(typed) == digits and typed.isascii() and typed.isdigit() else None
