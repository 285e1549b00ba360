"""Reading and writing of the message in one link of an export (`MigrationPayload`): a batch of the accounts.

Google does not document the format. The fields are those on which the app and the programs that read its
exports agree. Field 1 is an account (see `otp_parameters`), and is repeated for each account. Field 2 is the
version, 3 the batch size, which is the number of batches, 4 the batch index, from 0, and 5 the batch id,
which is the same in all batches.
"""

from collections.abc import Iterable
from contextlib import suppress

from onetime.errors import MigrationError
from onetime.provisioning import otp_parameters
from onetime.provisioning.account import Account
from onetime.provisioning.batch import Batch, Refused
from onetime.provisioning.protobuf import bytes_field, fault, fields, integer_field, signed

_ACCOUNT, _VERSION, _SIZE, _INDEX, _ID = range(1, 6)


class Payload:
    """The message of a batch, as far as it can be read.

    Attributes:
        accounts: The accounts that can be read.
        refused: The accounts that cannot be read.
        header: The integers outside the accounts by the number of their field, each with its position.
    """

    __slots__ = ("accounts", "header", "refused")

    def __init__(self) -> None:
        self.accounts: list[Account] = []
        self.refused: list[Refused] = []
        self.header: dict[int, tuple[int, int]] = {}

    def read(self, data: bytes) -> None:
        """Read the fields up to the first faulty one, which raises `MigrationError`."""
        for number, value, position in fields(data, slice(0, len(data))):
            if not isinstance(value, slice):
                self.header[number] = signed(value, 32), position  # the last one wins
            elif number == _ACCOUNT:
                one = otp_parameters.read(data, value, self.count())
                if isinstance(one, Account):
                    self.accounts.append(one)
                else:
                    self.refused.append(one)

    def count(self) -> int:
        """Return the number of accounts, including refused ones."""
        return len(self.accounts) + len(self.refused)

    def check_version(self) -> None:
        """Raise `MigrationError` if the version is unknown."""
        version, position = self.header.get(_VERSION, (1, 0))
        if version not in (0, 1, 2):
            raise fault("the version of the export must be 1 or 2", position)

    def place(self) -> tuple[int, int, int]:
        """Return the index, the size and the id; raise `MigrationError` if the place is invalid."""
        # A link without a size is an export by itself.
        size, position = self.header.get(_SIZE, (0, 0))
        if size < 0:
            raise fault("the number of batches must not be negative", position)
        size = size or 1
        index, position = self.header.get(_INDEX, (0, 0))
        if not 0 <= index < size:
            raise fault("the index of the batch must be from 0 to one less than their number", position)
        return index, size, self.header.get(_ID, (0, 0))[0]

    def known_place(self) -> tuple[int, int, int]:
        """Return the place of a message that has a fault; if it is unknown, the place of a whole export.

        The place is unknown if one of its three numbers is wrong, or is missing and may follow the fault.
        """
        if self.header.keys() >= {_SIZE, _INDEX, _ID}:
            with suppress(MigrationError):
                return self.place()
        return 0, 1, 0

    def batch(self, index: int, size: int, number: int) -> Batch:
        """Return the batch with the accounts, at a place."""
        return Batch(tuple(self.accounts), index, size, number, tuple(self.refused))


def write_account(account: Account) -> bytes:
    """Return the field of an account.

    Raises:
        MigrationError: An export cannot represent the account.
    """
    return bytes_field(_ACCOUNT, otp_parameters.write(account))


def write(accounts: Iterable[bytes], index: int, size: int, number: int) -> bytes:
    """Return the message with the fields of accounts, at a place."""
    header = ((_VERSION, 1), (_SIZE, size), (_INDEX, index), (_ID, number))
    return b"".join((*accounts, *(integer_field(*each) for each in header)))
