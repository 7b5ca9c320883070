"""Passwords come from where they should, and show nowhere."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.tls.threads import in_this_thread
from txdicomtls.errors import PasswordUnavailable
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.tls import EnvironmentPassword, FilePassword, FixedPassword, PromptPassword

SECRET = "correct horse"


class PasswordTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.path.write_bytes(SECRET.encode())

    def answer(self, prompt: str) -> str:
        self.prompt = prompt
        return SECRET

    def test_every_source_gives_its_password_and_hides_it(self) -> None:
        for source in (
            FixedPassword(SECRET.encode()),
            FilePassword(self.path, in_this_thread),
            EnvironmentPassword("KEY_PASSWORD", {"KEY_PASSWORD": SECRET}),
            PromptPassword(in_this_thread, self.answer),
        ):
            self.assertTrue(verifyObject(IPasswordSource, source))
            self.assertEqual(self.successResultOf(source.password("node.key", 1)), SECRET.encode())
            self.assertNotIn(SECRET, repr(source))

    def test_only_a_person_can_be_asked_again(self) -> None:
        self.assertTrue(PromptPassword(in_this_thread, self.answer).interactive)
        self.assertFalse(FixedPassword(b"").interactive)
        self.assertFalse(FilePassword(self.path, in_this_thread).interactive)
        self.assertFalse(EnvironmentPassword("X", {}).interactive)

    def test_only_the_first_line_of_the_file_is_read(self) -> None:
        for content, wanted in (
            (b"x\n", b"x"),
            (b"x\r\n", b"x"),
            (b"x\nof the client\n", b"x"),
            (b" x ", b" x "),
            (b"", b""),
        ):
            self.path.write_bytes(content)
            found = FilePassword(self.path, in_this_thread).password("node.key", 1)
            self.assertEqual(self.successResultOf(found), wanted)

    def test_a_missing_file_is_named_beside_the_key(self) -> None:
        missing = self.path.with_suffix(".missing")
        failure = self.failureResultOf(
            FilePassword(missing, in_this_thread).password("node.key", 1), PasswordUnavailable
        )
        self.assertEqual(failure.value.path, "node.key")
        self.assertIn(str(missing), str(failure.value))

    def test_a_variable_that_is_not_set_is_named(self) -> None:
        failure = self.failureResultOf(
            EnvironmentPassword("KEY_PASSWORD", {}).password("node.key", 1), PasswordUnavailable
        )
        self.assertIn("KEY_PASSWORD", str(failure.value))

    def test_the_prompt_names_the_key_and_says_what_was_wrong(self) -> None:
        source = PromptPassword(in_this_thread, self.answer)
        self.successResultOf(source.password("node.key", 1))
        self.assertEqual(self.prompt, "Password of node.key: ")
        self.successResultOf(source.password("node.key", 2))
        self.assertEqual(self.prompt, "That was wrong. Password of node.key: ")

    def test_nobody_at_the_terminal_is_no_password(self) -> None:
        def ask(prompt: str) -> str:
            raise EOFError

        self.failureResultOf(
            PromptPassword(in_this_thread, ask).password("node.key", 1), PasswordUnavailable
        )

    def test_the_question_is_asked_outside_the_reactor_thread(self) -> None:
        waiting: Deferred[bytes] = Deferred()
        calls: list[object] = []

        def in_thread(function: object, /, *args: object, **kwargs: object) -> Deferred[bytes]:
            calls.append(function)
            return waiting

        self.prompt = ""
        source = PromptPassword(in_thread, self.answer)  # type: ignore[arg-type]  # one type of it
        self.assertNoResult(source.password("node.key", 1))
        self.assertEqual((len(calls), self.prompt), (1, ""))
