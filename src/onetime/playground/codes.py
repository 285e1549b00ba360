"""What the page shows of codes: secrets, one code, its steps, a table. Every value is the library's."""

from onetime.algorithm import Algorithm
from onetime.errors import URIError
from onetime.hotp import HOTP, LAST_MOVING_FACTOR
from onetime.inspection.explanation import explain
from onetime.playground.fields import FORMS, Answer, Clock, Fields, RequestError, blame
from onetime.provisioning.qr import QRCode
from onetime.provisioning.uri import Account, build
from onetime.secret import MIN_SIZE, Secret
from onetime.times import split_time
from onetime.totp import TOTP

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
    time, factor = _moment(clock, fields, account)
    credential = account.credential
    hotp = credential.hotp if isinstance(credential, TOTP) else credential
    return {
        "code": hotp.at(factor),
        "previous": _neighbour(hotp, factor - 1),
        "next": _neighbour(hotp, factor + 1),
        "factor": str(factor),
        "period": credential.period if isinstance(credential, TOTP) else None,
        "remaining": credential.remaining(time) if isinstance(credential, TOTP) else None,
        **describe(account),
        **_link(account, name, issuer or None),
    }


def steps(clock: Clock, values: object) -> Answer:
    """Give out every value on the way to a code, and the parts of them that a picture shows.

    What may be past 2^53 is text, because JavaScript's numbers are exact only so far.
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
    if isinstance(credential, TOTP):
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
        "factor": str(factor),
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
    """Make the codes of consecutive counters or steps; fewer than asked for where they end."""
    fields = Fields(values, ("credential", "start", "count"))
    account = fields.account()
    credential = account.credential
    count = fields.whole("count", 1, MAX_ROWS, 10)
    if isinstance(credential, TOTP):
        time, start = _moment(clock, fields, account, "start")
        remaining = credential.remaining(time)
        hotp = credential.hotp
    else:
        start = account.counter if fields.is_null("start") else fields.factor("start")
        hotp, remaining = credential, None
    made = hotp.codes(start, min(count, LAST_MOVING_FACTOR + 1 - start))
    return {
        **describe(account),
        "remaining": remaining,
        "rows": [
            {
                "factor": str(factor),
                "time": str(credential.span(factor)[0]) if isinstance(credential, TOTP) else None,
                "code": each,
            }
            for factor, each in enumerate(made, start)
        ],
    }


def describe(account: Account) -> Answer:
    """Tell how long the secret is, and whether that is less than RFC 4226 section 4, R6 asks for."""
    size = len(account.credential.secret)
    return {"bytes": size, "weak": size < MIN_SIZE, "least": MIN_SIZE}


def _moment(clock: Clock, fields: Fields, account: Account, name: str = "time") -> tuple[float, int]:
    """Tell the time that a field asks for, and the factor: the step of that time, or the counter."""
    given = fields.time(name)
    time = clock() if given is None else given
    if isinstance(account.credential, HOTP):
        return time, account.counter
    with blame("t0" if given is None else name):  # nobody can type another now
        return time, account.credential.step(time)


def _neighbour(hotp: HOTP, factor: int) -> dict[str, str] | None:
    if not 0 <= factor <= LAST_MOVING_FACTOR:
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
