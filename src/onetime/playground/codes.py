"""What the page shows of codes: secrets, one code, its steps, a table. Every value is the library's."""

from collections.abc import Callable

from onetime.algorithm import Algorithm
from onetime.errors import URIError
from onetime.hotp import HOTP, LAST_FACTOR
from onetime.inspection.explanation import explain
from onetime.playground.fields import FORMS, Fields, RequestError, blame
from onetime.provisioning.qr import QRCode
from onetime.provisioning.uri import Account, build
from onetime.secret import MIN_SIZE, Secret
from onetime.totp import TOTP

Answer = dict[str, object]
Clock = Callable[[], float]

WRITERS = {"base32": Secret.to_base32, "hex": Secret.to_hex, "base64": Secret.to_base64}
MAX_ROWS = 1000


def secret(values: object) -> Answer:
    """Make a secret, as long as the hash."""
    fields = Fields(values, ("algorithm", "form"))
    algorithm = fields.choice("algorithm", Algorithm, Algorithm.SHA1)
    form = fields.choice("form", FORMS, "base32")
    if form not in WRITERS:
        raise RequestError("a secret that is made is random bytes, which are no text", "form")
    return {"secret": WRITERS[form](Secret.generate(algorithm=algorithm))}


def code(clock: Clock, values: object) -> Answer:
    """Make the code of a moment or a counter, with its neighbours, its link and its QR code."""
    fields = Fields(values, ("credential", "time", "name", "issuer"))
    account = fields.account()
    name = fields.text("name", "alice@example.com")
    issuer = fields.text("issuer", "Acme")
    now = clock()
    time, factor = _moment(fields, account, now)
    credential = account.credential
    hotp = credential.hotp if isinstance(credential, TOTP) else credential
    return {
        "code": hotp.at(factor),
        "previous": _neighbour(hotp, factor - 1),
        "next": _neighbour(hotp, factor + 1),
        "factor": str(factor),
        "time": time,
        "now": now,
        "remaining": credential.remaining(time) if isinstance(credential, TOTP) else None,
        "span": credential.span(factor) if isinstance(credential, TOTP) else None,
        **describe(account),
        **_link(account, name, issuer or None),
    }


def steps(clock: Clock, values: object) -> Answer:
    """Give out every value on the way to a code, and the parts of them that a picture shows."""
    fields = Fields(values, ("credential", "time"))
    account = fields.account()
    time, factor = _moment(fields, account, clock())
    credential = account.credential
    explanation = explain(credential, factor)
    algorithm, hs, p = explanation.algorithm, explanation.hs, explanation.p
    is_totp = isinstance(credential, TOTP)
    key_hashed = len(explanation.key) > algorithm.block_size
    filled = algorithm.digest_size if key_hashed else len(explanation.key)
    return {
        **explanation.to_dict(),
        "factor": str(factor),
        "time": time if is_totp else None,
        "elapsed": int(time // 1) - credential.t0 if isinstance(credential, TOTP) else None,
        **describe(account),
        "block_size": algorithm.block_size,
        "digest_size": algorithm.digest_size,
        "key_hashed": key_hashed,
        "fill": algorithm.block_size - filled,
        "hs_bytes": [f"{byte:02x}" for byte in hs],
        "last_byte": f"{hs[-1]:02x}",
        "last_bits": f"{hs[-1]:08b}",
        "low_nibble": f"{explanation.offset:x}",
        "p_indices": list(range(explanation.offset, explanation.offset + len(p))),
        "p_bytes": [f"{byte:02x}" for byte in p],
        "p_first_bits": f"{p[0]:08b}",
        "sign_bit": p[0] >> 7,
        "p_masked": f"{explanation.snum:08x}",
        "modulus": 10**explanation.digits,
        "quotient": explanation.snum // 10**explanation.digits,
    }


def table(clock: Clock, values: object) -> Answer:
    """Make the codes of consecutive counters or steps."""
    fields = Fields(values, ("credential", "start", "count"))
    account = fields.account()
    credential = account.credential
    count = fields.whole("count", 1, MAX_ROWS, 10)
    if isinstance(credential, TOTP):
        given = fields.time("start")
        time = clock() if given is None else given
        with blame("start"):
            start = credential.step(time)
        remaining = credential.remaining(time)
        hotp = credential.hotp
    else:
        start = account.counter if fields.is_null("start") else fields.factor("start")
        hotp, remaining = credential, None
    with blame("count"):
        made = hotp.codes(start, count)
    return {
        **describe(account),
        "remaining": remaining,
        "rows": [
            {
                "factor": str(factor),
                "time": credential.span(factor)[0] if isinstance(credential, TOTP) else None,
                "code": each,
            }
            for factor, each in enumerate(made, start)
        ]
    }


def describe(account: Account) -> Answer:
    """Tell how long the secret is, and whether that is less than R6 asks for."""
    size = len(account.credential.secret)
    return {"bytes": size, "weak": size < MIN_SIZE}


def _moment(fields: Fields, account: Account, now: float) -> tuple[float, int]:
    """Tell the time that is asked for, and the factor: the step of that time, or the counter."""
    given = fields.time("time")
    time = now if given is None else given
    if isinstance(account.credential, HOTP):
        return time, account.counter
    with blame("time"):
        return time, account.credential.step(time)


def _neighbour(hotp: HOTP, factor: int) -> dict[str, str] | None:
    if not 0 <= factor <= LAST_FACTOR:
        return None
    return {"factor": str(factor), "code": hotp.at(factor)}


def _link(account: Account, name: str, issuer: str | None) -> Answer:
    """Write the link and its QR code; or say why there is none."""
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
