"""Keys and texts that a careless store confuses with each other, or cannot store."""

LONGEST = 8000
"""Length of the longest text, in characters. No record is longer."""

PRINTABLE = "".join(map(chr, range(32, 127)))
KEYS = (
    "otp/alice",
    "otp/Alice",
    "otp/alice ",
    " otp/alice",
    "otp/alice\n",
    "otp//alice",
    "otp/alice/",
    "delivered/alice",
    "recovery/alice",
    "otp/a_ice",
    "otp/a%",
    "otp/%",
    "otp/%s",
    "otp/%41",
    "otp/a*",
    "otp/?",
    "otp/:1",
    "otp/$1",
    "otp/'",
    "otp/''",
    'otp/"; DROP TABLE onetime; --',
    "otp/\\",
    "otp/\\\\",
    "otp/" + PRINTABLE,
    "otp/0",
    "otp/00",
    "otp/0.0",
    "otp/caf\u00e9",
    "otp/cafe\u0301",
    "otp/cafe",
    "otp/stra\u00dfe",
    "otp/strasse",
    "otp/\u0130",
    "otp/i",
    "otp/\u0131",
    "otp/\uff11",
    "otp/1",
    "otp/\u200b1",
    "otp/\U0001f511",
    "delivered/" + "k" * 254,
    "delivered/" + "k" * 255,
    "delivered/" + "k" * 254 + "l",
    "delivered/" + "\U0001f511" * 255,
)
"""Keys that a store might confuse with each other; the longest have 265 characters."""

TEXTS = (
    "totp1 59240000 0 0 0 0 0 0 12345678901234567890 1234567890",
    "",
    " ",
    "a",
    "A",
    "a ",
    " a",
    "a%",
    "a_",
    "0",
    "00",
    "1e3",
    "null",
    "None",
    PRINTABLE,
    "two\nlines\r\n\tand a tab",
    "caf\u00e9 \U0001f511",
    "x" * LONGEST,
    "x" * (LONGEST - 1) + "y",
    "x" * (LONGEST - 1),
)
"""Texts that a store might confuse with each other. Records are printable ASCII; a store accepts any text."""

AWKWARD = ("\ud800", "a\0b", "k" * 1_000_000)
"""Keys and texts that many databases cannot store: a lone surrogate, NUL, a megabyte."""
