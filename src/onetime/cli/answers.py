"""What a command answers on standard output: text, or JSON with one name for one thing in all commands.

| name | what it is |
|---|---|
| `kind` | `"hotp"` or `"totp"` |
| `secret` | the secret in base32 |
| `uri`, `uris` | a link: `otpauth://` or `otpauth-migration://`; several |
| `issuer`, `name` | whom an account is with, or `null`; its name, which may be empty |
| `algorithm`, `digits` | name of the hash; length of a code |
| `period`, `t0` | seconds to a step; Unix time of step 0; both `null` for a HOTP |
| `counter` | the counter that a link hands over; `null` for a TOTP |
| `extra` | other parameters of a link, as pairs |
| `code` | a code, always text |
| `moving_factor`, `moving_factors` | the counter of a HOTP, the step of a TOTP; those of several codes |
| `span` | Unix times at which the step begins and the next one does; `null` for a HOTP |
| `user`, `device`, `devices` | names in a store; the devices of a user |
| `watermark` | the lowest moving factor that can still be accepted |
| `drift` | steps from the server's clock to the center of the window; 0 for a HOTP |
| `offset` | of evidence: the moving factor minus the center; in `explain`: the offset of RFC 4226 |
| `enrolled`, `accepted`, `unlocked`, `forgotten` | whether it was done |
| `reason` | why it was not done: the `reason` of the error |
| `failures`, `failures_before` | failures since the last success; those before this success |
| `retry_at` | Unix time at which the next code is checked; `null` if it is checked at once |
| `disabled` | whether every code is refused until `unlock` |
| `left_out` | names of devices given that are not enrolled |
| `refused`, `position`, `error` | accounts that have no link; the place of one, from 0; why, in words |
| `found`, `tried`, `not_tried`, `findings` | the attributes of `Diagnosis` |
| `reading`, `clock`, `ahead`, `mistakes`, `advice`, `chance` | the attributes of `Finding` |
| `padded_key`, `inner_pad`, `outer_pad`, `message` | bytes of `Explanation`, in hexadecimal |
| `inner_hash`, `hs`, `p` | the same |
| `snum`, `d` | numbers of `Explanation` |

A command that answers with several things, as `code` and `users` do, prints a line of JSON for each.
"""

import sys

from onetime.cli.terminal import fitted, visible

TYPE_CHECKING = False  # the name that type checkers take for True; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Mapping


def answer(text: str, *, sentences: bool = False) -> None:
    """Print an answer on standard output; on a terminal with its control characters escaped.

    Args:
        text: The answer.
        sentences: Whether a terminal breaks its lines between words, which links and tables cannot have.
    """
    if sys.stdout.isatty():
        text = visible(text)
        if sentences:
            text = fitted(text, sys.stdout)
    print(text)


def answer_json(values: "Mapping[str, object]") -> None:
    """Print an answer as JSON, in a line of its own and in ASCII."""
    # A code needs no JSON, and starts faster without.
    import json

    print(json.dumps(values))
