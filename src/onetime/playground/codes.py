"""Calls of the page about codes: a new secret, one code, its steps, and a table."""

from onetime.algorithm import Algorithm
from onetime.errors import URIError
from onetime.hotp import HOTP, LAST_MOVING_FACTOR
from onetime.inspection.explanation import explain
from onetime.playground.fields import Answer, Clock, Fields, RequestError, blame
from onetime.provisioning.qr import QRCode
from onetime.provisioning.uri import Account, build
from onetime.secret import MIN_SIZE, READERS, WRITERS, Secret
from onetime.times import split_time

MAX_ROWS = 1000
"""Maximum number of codes in a table."""


def secret(values: object) -> Answer:
    """Generate a secret as long as the hash's output."""
    fields = Fields(values, ("algorithm", "form"))
    algorithm = fields.choice("algorithm", Algorithm, Algorithm.SHA1)
    form = fields.choice("form", READERS, "base32")
    if form not in WRITERS:
        raise RequestError("random bytes cannot be written as text", "form")
    return {"secret": WRITERS[form](Secret.generate(algorithm=algorithm))}


def code(clock: Clock, values: object) -> Answer:
    """Compute the code of a time or a counter, with its neighbors, its link and its QR code."""
    fields = Fields(values, ("credential", "time", "name", "issuer"))
    account = fields.account()
    name = fields.text("name", "alice@example.com")
    issuer = fields.text("issuer", "Acme")
    time, factor = _moment(clock, fields, account)
    credential = account.credential
    hotp = credential.hotp
    return {
        "code": hotp.at(factor),
        "previous": _neighbor(hotp, factor - 1),
        "next": _neighbor(hotp, factor + 1),
        "moving_factor": str(factor),
        "period": credential.period if credential.kind == "totp" else None,
        "remaining": credential.remaining(time) if credential.kind == "totp" else None,
        **describe(account),
        **_link(account, name, issuer or None),
    }


def steps(clock: Clock, values: object) -> Answer:
    """Compute every value in the computation of a code, and the parts that the page draws.

    Numbers that may exceed 2^53 are text, because larger numbers are not exact in JavaScript.
    """
    fields = Fields(values, ("credential", "time"))
    account = fields.account()
    time, factor = _moment(clock, fields, account)
    credential = account.credential
    explanation = explain(credential, factor)
    algorithm, hs, p = explanation.algorithm, explanation.hs, explanation.p
    key_hashed = len(explanation.key) > algorithm.block_size
    filled = algorithm.digest_size if key_hashed else len(explanation.key)
    moment: Answer = {"time": None, "remaining": None}
    if credential.kind == "totp":
        moment = {
            "time": str(split_time(time)[0]),
            "t0": str(credential.t0),
            "period": str(credential.period),
            "span": [str(second) for second in credential.span(factor)],
            "remaining": credential.remaining(time),
        }
    return {
        **explanation.to_dict(),
        **moment,
        "moving_factor": str(factor),
        **describe(account),
        "block_size": algorithm.block_size,
        "digest_size": algorithm.digest_size,
        "key_hashed": key_hashed,
        "fill": algorithm.block_size - filled,
        "hs_bytes": [f"{byte:02x}" for byte in hs],
        "last_byte": f"{hs[-1]:02x}",
        "last_bits": f"{hs[-1]:08b}",
        "p_indices": list(range(explanation.offset, explanation.offset + len(p))),
        "p_bytes": [f"{byte:02x}" for byte in p],
        "p_first_bits": f"{p[0]:08b}",
        "sign_bit": p[0] >> 7,
        "p_masked": f"{explanation.snum:08x}",
        "modulus": 10**explanation.digits,
    }


def table(clock: Clock, values: object) -> Answer:
    """Compute the codes of consecutive counters or steps, up to the last one."""
    fields = Fields(values, ("credential", "start", "count"))
    account = fields.account()
    credential = account.credential
    count = fields.whole("count", 1, MAX_ROWS, 10)
    remaining = None
    if credential.kind == "totp":
        time, start = _moment(clock, fields, account, "start")
        remaining = credential.remaining(time)
    else:
        start = account.counter if fields.is_null("start") else fields.moving_factor("start")
    made = credential.hotp.codes(start, min(count, LAST_MOVING_FACTOR + 1 - start))
    return {
        **describe(account),
        "remaining": remaining,
        "rows": [
            {
                "moving_factor": str(factor),
                "time": str(credential.span(factor)[0]) if credential.kind == "totp" else None,
                "code": each,
            }
            for factor, each in enumerate(made, start)
        ],
    }


def describe(account: Account) -> Answer:
    """Return the size of the secret, and whether it is less than RFC 4226 section 4, R6 requires."""
    size = len(account.credential.secret)
    return {"bytes": size, "weak": size < MIN_SIZE, "least": MIN_SIZE}


def _moment(clock: Clock, fields: Fields, account: Account, name: str = "time") -> tuple[float, int]:
    """Return the time in a field, and the moving factor: the step of that time, or the counter."""
    given = fields.time(name)
    time = clock() if given is None else given
    if account.credential.kind == "hotp":
        return time, account.counter
    with blame("t0" if given is None else name):  # the current time cannot be changed
        return time, account.credential.step(time)


def _neighbor(hotp: HOTP, factor: int) -> dict[str, str] | None:
    if not 0 <= factor <= LAST_MOVING_FACTOR:
        return None
    return {"moving_factor": str(factor), "code": hotp.at(factor)}


def _link(account: Account, name: str, issuer: str | None) -> Answer:
    """Build the link and its QR code, or return the reason why it cannot be built."""
    answer: Answer = {"link": None, "link_error": None, "qr": None, "qr_error": None}
    try:
        named = Account(name, account.credential, issuer=issuer, counter=account.counter)
        answer["link"] = link = build(named)
    except URIError as error:
        answer["link_error"] = {"field": error.parameter, "message": str(error)}
        return answer
    try:
        answer["qr"] = QRCode(link).to_svg(title="QR code of the link")
    except ValueError as error:
        answer["qr_error"] = {"field": None, "message": str(error)}
    return answer
