"""An account: a credential and the names that an app shows beside it."""

from onetime.checks import check_integer
from onetime.confidential import Confidential, discreet
from onetime.credential import Credential
from onetime.errors import URIError
from onetime.hotp import LAST_MOVING_FACTOR
from onetime.provisioning.names import KNOWN, check_extra_names
from onetime.provisioning.parameters import check_text

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Self, TypedDict, Unpack

    class Changes(TypedDict, total=False):
        """The parts that `Account.replace` can replace."""

        name: str
        credential: Credential
        issuer: str | None
        counter: int
        extra: Iterable[tuple[str, str]]


class Account(Confidential):
    """A credential, and the names that an app shows beside its codes.

    An account is immutable. Two accounts are equal if all their parts are. An account has no hash, cannot
    be pickled and never shows its secret.

    Args:
        name: The account's name at the issuer, for example an e-mail address. It may be empty, because
            some links have no name, but `uri.build` refuses an empty name.
        credential: An HOTP or a TOTP.
        issuer: The name of the site or program that issued the account; None if a link does not say.
        counter: The next counter of an HOTP, from 0 to 2^64-1; 0 for a TOTP.
        extra: Parameters of a link that this library does not use, as pairs of name and value, in the
            order of the link. A name may occur more than once. The attribute is a tuple.

    Raises:
        TypeError: A part has the wrong type.
        URIError: A text has a control character or a lone surrogate; the issuer is empty; a name in
            `extra` is empty, is a known parameter or could be mistaken for one, or belongs to other kinds of
            codes ("encoder"); or `extra` has more than 256 different names. `parameter` names the part.
        ValueError: The counter is out of range, or not 0 for a TOTP.
    """

    __slots__ = ("counter", "credential", "extra", "issuer", "name")
    name: str
    credential: Credential
    issuer: str | None
    counter: int
    extra: tuple[tuple[str, str], ...]

    @discreet
    def __init__(
        self,
        name: str,
        credential: Credential,
        *,
        issuer: str | None = None,
        counter: int = 0,
        extra: "Iterable[tuple[str, str]]" = (),
    ) -> None:
        if not isinstance(credential, Credential):
            raise TypeError(f"credential must be an HOTP or a TOTP, not {type(credential).__name__}")
        check_text("name", name)
        if issuer is not None:
            check_text("issuer", issuer)
            if not issuer:
                raise URIError("issuer must not be empty; use None if there is no issuer", "issuer")
        check_integer("counter", counter, 0, LAST_MOVING_FACTOR)
        if counter and credential.kind == "totp":
            raise ValueError("counter must be 0 for a TOTP")
        pairs: tuple[Any, ...] = tuple(extra)
        known = KNOWN[credential.kind]
        for pair in pairs:
            if not (
                isinstance(pair, tuple)
                and len(pair) == 2
                and isinstance(pair[0], str)
                and isinstance(pair[1], str)
            ):
                raise TypeError('extra must be pairs of str, for example [("image", "https://...")]')
        check_text("extra", "".join([text for pair in pairs for text in pair]))
        check_extra_names([pair[0] for pair in pairs], known)
        put = object.__setattr__
        put(self, "name", name)
        put(self, "credential", credential)
        put(self, "issuer", issuer)
        put(self, "counter", counter)
        put(self, "extra", pairs)

    @discreet
    def replace(self, **changes: "Unpack[Changes]") -> "Self":
        """Return a copy of the account with some parts replaced.

        `copy.replace` of Python 3.13 does the same.

        Args:
            **changes: Parts by name, as the constructor takes them. For example, an HOTP authenticator
                advances with `account.replace(counter=account.counter + 1)`.

        Raises:
            TypeError: A part does not exist or has the wrong type.
            URIError: As the constructor does.
            ValueError: As the constructor does.
        """
        parts: dict[str, Any] = {
            "name": self.name,
            "credential": self.credential,
            "issuer": self.issuer,
            "counter": self.counter,
            "extra": self.extra,
            **changes,
        }
        return type(self)(**parts)

    __replace__ = replace

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Account):
            return NotImplemented
        return (
            self.name == other.name
            and self.credential == other.credential
            and self.issuer == other.issuer
            and self.counter == other.counter
            and self.extra == other.extra
        )

    def __repr__(self) -> str:
        return (
            f"Account({self.name!r}, {self.credential!r}, issuer={self.issuer!r}, "
            f"counter={self.counter}, extra=<{len(self.extra)}>)"
        )
