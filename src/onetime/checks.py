"""Checks of arguments."""


def check_integer(name: str, value: object, low: int, high: int) -> None:
    """Raise an error if a value is not an integer within bounds.

    Raises:
        TypeError: The value is not an int, or is a bool.
        ValueError: The value is out of bounds.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be an int from {low} to {high}")
