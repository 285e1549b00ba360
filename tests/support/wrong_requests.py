"""Valid calls of the playground, and wrong values for each of their fields."""

from typing import Any

from tests.support.serving import CREDENTIAL, KEY

SESSION = {"session": "0" * 32}
JOB = {"job": "0" * 32}

REQUESTS: dict[str, dict[str, Any]] = {
    "/api/secret": {"algorithm": "SHA1", "form": "base32"},
    "/api/read": {"text": f"otpauth://totp/Acme:alice?secret={KEY}&issuer=Acme"},
    "/api/code": {"credential": CREDENTIAL, "time": 59, "name": "alice", "issuer": "Acme"},
    "/api/steps": {"credential": CREDENTIAL, "time": 59},
    "/api/table": {"credential": CREDENTIAL, "start": 59, "count": 2},
    "/api/diagnose": {"secret": KEY, "codes": [{"code": "287082", "age": 0, "time": 59, "counter": "1"}]},
    "/api/diagnose/result": JOB,
    "/api/diagnose/cancel": JOB,
    "/api/login/start": {"credential": CREDENTIAL},
    "/api/login/verify": {**SESSION, "code": "287082"},
    "/api/login/resynchronize": {**SESSION, "codes": ["287082", "287082", "287082"]},
    "/api/login/wait": {**SESSION, "seconds": 1},
    "/api/login/look": SESSION,
    "/api/login/press": {**SESSION, "device": "phone"},
    "/api/login/add": {**SESSION, "kind": "totp"},
    "/api/login/enroll": {**SESSION, "device": "phone", "code": "287082"},
    "/api/login/forget": {**SESSION, "device": "phone"},
    "/api/login/unlock": SESSION,
}
"""A call for each address. The session or the job of a call does not exist; all other fields are valid."""

FULL_CREDENTIAL: dict[str, Any] = {
    "secret": KEY,
    "form": "base32",
    "kind": "totp",
    "algorithm": "SHA1",
    "digits": 6,
    "period": 30,
    "t0": 0,
    "counter": "0",
}

TEXT: tuple[Any, ...] = (None, True, 1, 1.5, [], {}, ["x"], {"x": "y"})
WHOLE: tuple[Any, ...] = (None, True, False, "", "1", 1.0, 1e300, [], [1], {}, -1, 2**64, 10**4000)
FACTOR: tuple[Any, ...] = (
    None,
    True,
    1,
    1.0,
    [],
    {},
    "",
    "-1",
    "+1",
    " 1",
    "1 ",
    "1.0",
    "1e3",
    "٣",
    "²",
    "0x1",
    "1_0",
)
NUMBER: tuple[Any, ...] = (True, False, "", "59", [], {}, -1, -0.5, 2**64, 1e300, 10**4000)
OBJECT: tuple[Any, ...] = (None, True, 1, 1.5, "x", [], [{}])

WRONG: dict[str, tuple[object, ...]] = {
    "secret": (*TEXT, "", " ", "GEZDGNB!", "GEZDGNBVGY3TQOJ\u00df", "\ud800"),
    "form": (*TEXT, "", "base16", "BASE32", "text "),
    "kind": (*TEXT, "", "TOTP", "ocra"),
    "algorithm": (*TEXT, "", "MD5", "sha1", "SHA3-256"),
    "digits": (*WHOLE, 0, 5, 11),
    "period": (*WHOLE, 0),
    "t0": WHOLE,
    "counter": (*FACTOR, str(2**64), "9" * 21, "9" * 5000),
    "credential": OBJECT,
    "name": TEXT,
    "issuer": TEXT,
    "time": NUMBER,
    "start": NUMBER,
    "count": (*WHOLE, 0, 1001),
    "text": TEXT,
    "age": WHOLE,
    "code": TEXT,
    "codes": (*TEXT[:-2], "123456", ["123456"] * 11),
    "device": TEXT,
    "seconds": (*WHOLE, 365 * 86_400 + 1),
    "session": (*TEXT, "", "0" * 32, "\ud800"),
    "job": (*TEXT, "", "0" * 32, "\ud800"),
}
"""Values of each field that are wrong at every address."""


def wrong_requests() -> list[tuple[str, dict[str, Any], str | None]]:
    """Return calls with one wrong field: the address, the values, and the field at fault."""
    found: list[tuple[str, dict[str, Any], str | None]] = []
    for address, values in REQUESTS.items():
        found += [
            (address, {**values, name: bad}, name)
            for name in values
            for bad in (TEXT if (address, name) == ("/api/diagnose", "secret") else WRONG[name])
        ]
        found.append((address, {**values, "unknown": 1}, None))
        if "credential" in values:
            found += [
                (address, {**values, "credential": {**FULL_CREDENTIAL, name: bad}}, name)
                for name in FULL_CREDENTIAL
                for bad in WRONG[name]
            ]
            found.append((address, {**values, "credential": {**FULL_CREDENTIAL, "x": 1}}, "credential"))
            found.append((address, {**values, "credential": {}}, "secret"))
        if "codes" in values and address == "/api/diagnose":
            code = values["codes"][0]
            found += [
                (address, {**values, "codes": [code, {**code, name: bad}]}, f"codes.2.{name}")
                for name in code
                for bad in WRONG[name]
                if bad is not None or name == "code"
            ]
            found += [(address, {**values, "codes": [bad]}, "codes.1") for bad in OBJECT]
            found.append((address, {**values, "codes": []}, "codes"))
            found.append((address, {**values, "codes": [{**code, "x": 1}]}, "codes.1"))
        elif "codes" in values:
            for bad in ([], ["1", "2"], ["1"] * 4, ["1", "2", 3], ["1", "2", None], [["1"], "2", "3"]):
                found.append((address, {**values, "codes": bad}, "codes"))
    return found
