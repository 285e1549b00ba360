"""The output of commands: text, or JSON in which all commands use the same name for the same thing.

| name | what it is |
|---|---|
| `kind` | `"hotp"` or `"totp"` |
| `secret` | the secret in base32 |
| `uri`, `uris` | a link (`otpauth://` or `otpauth-migration://`); several links |
| `issuer`, `name` | the service of an account, or `null`; the account's name, which may be empty |
| `algorithm`, `digits` | name of the hash; length of a code |
| `period`, `t0` | length of a step, in seconds; Unix time of step 0; both `null` for an HOTP |
| `counter` | the counter in a link; `null` for a TOTP |
| `extra` | other parameters of a link, as pairs |
| `code` | a code, always text |
| `moving_factor`, `moving_factors` | the counter of an HOTP, the step of a TOTP; those of several codes |
| `span` | Unix times at which the step and the next step begin; `null` for an HOTP |
| `user`, `device`, `devices` | names in a store; the devices of a user |
| `watermark` | the lowest moving factor that can still be accepted |
| `drift` | steps from the server's clock to the center of the window; 0 for an HOTP |
| `offset` | of evidence: the moving factor minus the center; in `explain`: the offset of RFC 4226 |
| `enrolled`, `accepted`, `unlocked`, `forgotten` | whether the command succeeded |
| `reason` | why the command refused: the `reason` of the error |
| `failures`, `failures_before` | failures since the last success; those before this success |
| `retry_at` | Unix time at which the next code is checked; `null` if it is checked at once |
| `disabled` | whether every code is refused until `unlock` |
| `left_out` | names of the given devices that are not enrolled |
| `refused`, `position`, `error` | faulty accounts; the index of an account, from 0; the reason in words |
| `found`, `tried`, `not_tried`, `findings` | the attributes of `Diagnosis` |
| `reading`, `clock`, `ahead`, `mistakes`, `advice`, `chance` | the attributes of `Finding` |
| `padded_key`, `inner_pad`, `outer_pad`, `message` | bytes of `Explanation`, in hexadecimal |
| `inner_hash`, `hs`, `p` | more bytes of `Explanation`, in hexadecimal |
| `snum`, `d` | numbers of `Explanation` |

A command with several results, such as `code` or `users`, prints a line of JSON for each.
"""

import sys

from onetime.cli.terminal import fitted, visible

TYPE_CHECKING: bool = False  # type checkers treat this name as true; importing typing is slow
if TYPE_CHECKING:
    from collections.abc import Mapping


def answer(text: str, *, sentences: bool = False) -> None:
    """Print text on standard output; on a terminal, escape its control characters.

    Args:
        text: The text to print.
        sentences: Whether to wrap lines between words on a terminal. Links and tables must not be wrapped.
    """
    if sys.stdout.isatty():
        text = visible(text)
        if sentences:
            text = fitted(text, sys.stdout)
    print(text)


def answer_json(values: "Mapping[str, object]") -> None:
    """Print values as one line of JSON, in ASCII."""
    # Most commands do not need this import, and start faster without it.
    import json

    print(json.dumps(values))
