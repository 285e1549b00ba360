"""`python3 -m tests.soak links`: what `build` writes is read alike by the parsers of other makers.

PyOTP, libpass and yubikey-manager in Python, otplib and hectorm's otpauth in JavaScript, and the library
itself read the links of random accounts. What one of them cannot read at all, whoever wrote it, is left out:
see `CANNOT`.
"""

import argparse
import json
import random
import secrets
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from onetime import HOTP, TOTP, Account, Secret, URIError
from onetime.provisioning import uri
from tests.support import peers, program

NPM = ("otplib@13.5.0", "otpauth@9.5.2")
YUBIKEY = "yubikey-manager==5.9.2"
"""Installed without what it needs for smart cards: its parser of links is all that is used."""

LETTERS = [*"aZ09 %+&=#?/;@é株🔑'\"<>~.-_()*!,$[]{}|^`\\", "\u200d", "\u00a0"]

Read = dict[str, Any]

CANNOT: dict[str, Callable[[Account], bool]] = {
    "PyOTP": lambda account: False,
    # It reads only TOTP, refuses a second colon and repeated parameters, and strips names.
    "libpass": lambda account: (
        account.credential.kind == "hotp"
        or ":" in f"{account.issuer}{account.name}"
        or account.name != account.name.strip()
        or len({key for key, value in account.extra if value})
        < sum(bool(value) for _, value in account.extra)
        or any(key in ("label", "counter") for key, _ in account.extra)
    ),
    "yubikey-manager": lambda account: False,
    "otplib": lambda account: False,
    # Names of parameters are ASCII letters, digits and a few signs to it.
    "otpauth": lambda account: any(
        not key.replace(".", "").isalnum() or not key.isascii() for key, _ in account.extra
    ),
}
"""By the name of a parser: whether it is known to refuse an account that the others read."""


def draw(source: random.Random) -> Account:
    """Draw an account within what all parsers know: 128 bits, 120 seconds, SHA1 to SHA512, 6 to 8 digits."""
    name, issuer, key, value = ("".join(source.choices(LETTERS, k=source.randint(1, 12))) for _ in range(4))
    place = source.random()
    if place < 0.1:
        name = f"{name}:{value}"
    elif place < 0.2:
        issuer = f"{issuer}:{value}"
    key = source.choice(("image", "tags", "x.y", key))
    secret = Secret(source.randbytes(source.choice((16, 20, 20, 20, 32, 33, 64))))
    algorithm, digits = source.choice(("SHA1", "SHA1", "SHA256", "SHA512")), source.choice((6, 6, 7, 8))
    credential: HOTP | TOTP
    if source.random() < 0.3:
        credential = HOTP(secret, algorithm=algorithm, digits=digits)
    else:
        period = source.choice((30, 30, 1, 15, 60, 120))
        credential = TOTP(secret, algorithm=algorithm, digits=digits, period=period)
    # JavaScript's numbers are exact up to 2^53.
    counter = source.choice((0, 1, 2**31, 2**53 - 1)) if credential.kind == "hotp" else 0
    extra = [(key, value)] * source.choice((0, 0, 1, 2))
    return Account(
        name, credential, issuer=source.choice((issuer, issuer, None)), counter=counter, extra=extra
    )


def described(account: Account) -> Read:
    """Return what a reader must find."""
    credential = account.credential
    moving = credential.period if isinstance(credential, TOTP) else account.counter
    return {
        "kind": credential.kind,
        "name": account.name,
        "issuer": account.issuer,
        "secret": credential.secret.to_base32(),
        "algorithm": str(credential.algorithm),
        "digits": credential.digits,
        "moving": moving,
    }


def with_pyotp(link: str) -> Read:
    """Read a link with PyOTP."""
    pyotp: Any = import_module("pyotp")
    otp = pyotp.parse_uri(link)
    kind = "hotp" if isinstance(otp, pyotp.HOTP) else "totp"
    return {
        "kind": kind,
        "name": otp.name,
        "issuer": otp.issuer,
        "secret": otp.secret,
        "algorithm": otp.digest().name.upper(),
        "digits": otp.digits,
        "moving": otp.initial_count if kind == "hotp" else otp.interval,
    }


def with_libpass(link: str) -> Read:
    """Read a link with libpass."""
    otp: Any = import_module("passlib.totp").TOTP.from_uri(link)
    return {
        "kind": "totp",
        "name": otp.label,
        "issuer": otp.issuer,
        "secret": otp.base32_key.rstrip("="),
        "algorithm": otp.alg.upper(),
        "digits": otp.digits,
        "moving": otp.period,
    }


def with_yubikey_manager(link: str) -> Read:
    """Read a link with yubikey-manager's parser."""
    data: Any = import_module("yubikit.oath").CredentialData.parse_uri(link)
    kind = data.oath_type.name.lower()
    return {
        "kind": kind,
        "name": data.name,
        "issuer": data.issuer,
        "secret": Secret(data.secret).to_base32(),
        "algorithm": data.hash_algorithm.name,
        "digits": data.digits,
        "moving": data.counter if kind == "hotp" else data.period,
    }


PYTHON = {"PyOTP": with_pyotp, "libpass": with_libpass, "yubikey-manager": with_yubikey_manager}


def install() -> Path:
    """Install what the peers' environment does not have; return where Node.js finds its packages."""
    folder = Path(sys.prefix, "links")
    npm, node = program("npm"), folder / "npm"
    if not (node / "node_modules" / "otpauth").exists():
        node.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [npm, "install", "--no-save", "--prefix", str(node), *NPM], check=True, stdout=sys.stderr
        )
    if find_spec("yubikit") is None:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", YUBIKEY]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return node


def read_all(links: list[str], node: Path) -> dict[str, list[Read]]:
    """Let every parser read all links; an error stands in place of what was read."""

    def attempt(read: Callable[[str], Read], link: str) -> Read:
        try:
            return read(link)
        except Exception as error:  # every error is a finding
            return {"error": repr(error)}

    warnings.simplefilter("ignore")  # libpass warns of every parameter that it does not know
    found = {name: [attempt(read, link) for link in links] for name, read in PYTHON.items()}
    command = [program("node"), str(Path(__file__).with_name("links.js")), str(node)]
    run = subprocess.run(command, input="\n".join(links), capture_output=True, check=True, text=True)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    return {**found, **{name: [line[name] for line in lines] for name in ("otplib", "otpauth")}}


def main(arguments: list[str]) -> int:
    """Draw accounts, let all read their links, and report the first difference."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.soak links", description=__doc__)
    parser.add_argument("--cases", type=int, default=1000, help="random accounts (default: 1000)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="repeats a run")
    options = parser.parse_args(arguments)
    # An environment that has PyOTP and libpass, and finds this library, will do.
    if find_spec("pyotp") is None:
        peers.run_inside("tests.soak")
    print(f"seed {options.seed}", flush=True)
    source = random.Random(options.seed)
    accounts: list[Account] = []
    links: list[str] = []
    while len(accounts) < options.cases:
        try:
            account = draw(source)
            links.append(uri.build(account))
            accounts.append(account)
        except URIError:  # a name with a colon and no issuer before it, and the like
            continue
    compared = Counter[str]()
    for name, found in read_all(links, install()).items():
        for account, link, read in zip(accounts, links, found, strict=True):
            if uri.parse(link) != account:
                print(f"{link} is read as another account by the library itself")
                return 1
            if CANNOT[name](account):
                continue
            if read != described(account):
                print(f"{link} is read by {name} as {read}, and must be {described(account)}")
                return 1
            compared[name] += 1
    alike = ", ".join(f"{name} {count}" for name, count in compared.items())
    print(f"{len(accounts)} accounts, read alike by {alike}")
    return 0
