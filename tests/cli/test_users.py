"""`onetime users`, `unlock` and `forget`: a help desk."""

import json
from unittest import mock

from onetime import HOTP, MemoryStore, Policy, SQLStore, VerificationError, Verifier
from tests.cli.test_verification import CODES, SECRET, Verification
from tests.support.session import BASE32, TOTP_LINK, Session, run

NOBODY = "onetime: not enrolled: the store has no row of this user\n"
NOW = 1_800_000_000


class Desk(Verification):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(mock.patch("time.time", return_value=NOW))
        self.store = self.where[:2]

    def lock(self) -> None:
        """Enroll alice with two devices, and throttle her."""
        self.enroll(CODES[1])
        self.enroll("--device", "phone", given=TOTP_LINK.replace("GEZD", "GEZA"))
        for _ in range(5):
            self.verify("000000")

    def test_who_is_enrolled(self) -> None:
        """F83: a line for each user, with devices, failures and delay."""
        self.assertEqual(0, self.enroll("--user", "bob", "--hotp", given=BASE32).status)
        self.lock()
        bob = "bob: default (HOTP)\n"
        alice = (
            "alice: default (HOTP), phone (TOTP); failures since the last success: 5; throttled until "
            "2027-01-15T08:00:30Z (in 30 s)\n"
        )
        self.assertEqual(Session(0, alice + bob, ""), run("users", *self.store))
        self.assertEqual(Session(0, alice, ""), run("users", *self.store, "--locked"))
        self.assertEqual(Session(0, bob, ""), run("users", *self.store, "--user", "bob"))
        self.assertEqual(Session(0, "", ""), run("users", *self.store, "--user", "bob", "--locked"))

    def test_json(self) -> None:
        """F83, F91: a program gets a line of JSON for each user."""
        self.lock()
        session = run("users", *self.store, "--json")
        devices = [
            {"device": "default", "kind": "hotp", "watermark": 2, "drift": 0},
            {"device": "phone", "kind": "totp", "watermark": 0, "drift": 0},
        ]
        self.assertEqual(
            {"user": "alice", "devices": devices, "failures": 5, "retry_at": NOW + 30, "disabled": False},
            json.loads(session.out),
        )
        run("unlock", *self.where)
        answer = json.loads(run("users", *self.store, "--json").out)
        self.assertEqual((0, None), (answer["failures"], answer["retry_at"]))

    def test_who_is_disabled(self) -> None:
        """F83: a program that shares the store may disable users."""
        self.enroll()
        with SQLStore.sqlite(self.folder / "otp.db") as store:
            verifier = Verifier(store, policy=Policy(disable_after=1))
            with self.assertRaises(VerificationError):
                verifier.verify("alice", HOTP(SECRET), "000000")
        line = "alice: default (HOTP); failures since the last success: 1; disabled until onetime unlock\n"
        self.assertEqual(Session(0, line, ""), run("users", *self.store, "--locked"))

    def test_a_name_has_one_line(self) -> None:
        """F85: a line break in a name makes no second user."""
        self.enroll("--user", "alice\nroot")
        self.assertEqual("alice\\nroot: default (HOTP)\n", run("users", *self.store).out)

    def test_unlock(self) -> None:
        """F83: the delay ends, and used codes stay used."""
        self.lock()
        self.assertEqual(1, self.verify(CODES[2]).status)
        self.assertEqual(Session(0, "unlocked\n", ""), run("unlock", *self.where))
        self.assertEqual(1, self.verify(CODES[1]).status)
        self.assertEqual(Session(0, "accepted\n", ""), self.verify(CODES[2]))
        self.assertEqual({"unlocked": True}, json.loads(run("unlock", *self.where, "--json").out))

    def test_forget(self) -> None:
        """F83: a device, or the whole user."""
        self.lock()
        phone = ("--device", "phone")
        self.assertEqual(Session(0, "forgotten\n", ""), run("forget", *self.where, *phone))
        message = (
            "onetime: not enrolled: the user does not have this device; enrolled devices: default (HOTP)\n"
        )
        self.assertEqual(Session(1, "", message), run("forget", *self.where, *phone))
        self.assertIn("alice: default (HOTP);", run("users", *self.store).out)
        self.assertEqual({"forgotten": True}, json.loads(run("forget", *self.where, "--json").out))
        self.assertEqual(Session(0, "", ""), run("users", *self.store))

    def test_nobody(self) -> None:
        """F83: a user who is not there is refused; a store that is not there is misuse."""
        message = "onetime: the store must exist; onetime enroll creates it\n"
        for command in ("users", "unlock", "forget"):
            self.assertEqual(Session(2, "", message), run(command, *self.where))
        self.assertEqual([], list(self.folder.iterdir()))
        self.enroll("--user", "bob")
        for command in ("users", "unlock", "forget"):
            with self.subTest(command):
                self.assertEqual(Session(1, "", NOBODY), run(command, *self.where))
                session = run(command, *self.store, "--user", "")
                self.assertEqual((2, ""), (session.status, session.out))
        for command, word in (("unlock", "unlocked"), ("forget", "forgotten")):
            session = run(command, *self.where, "--json")
            self.assertEqual({word: False, "reason": "not_enrolled"}, json.loads(session.out))

    def test_f91_nobody_has_json_too(self) -> None:
        """F83, F91: a program learns from every command why there is no answer."""
        self.enroll("--user", "bob")
        for more in ((), ("--locked",)):
            session = run("users", *self.where, *more, "--json")
            self.assertEqual((1, NOBODY), (session.status, session.err))
            self.assertEqual({"user": "alice", "reason": "not_enrolled"}, json.loads(session.out))

    def test_the_reference_is_the_verifier(self) -> None:
        """F83: what the desk shows is what a program sees."""
        verifier = Verifier(MemoryStore())
        verifier.enroll("alice", HOTP(SECRET), CODES[1], counter=1)
        self.enroll(CODES[1])
        state = verifier.state("alice")
        assert state is not None
        (device,) = json.loads(run("users", *self.store, "--json").out)["devices"]
        self.assertEqual(state.devices["default"].watermark, device["watermark"])
