"""A password is asked for once, and is nowhere afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import LogLevel, capturedLogs, formatEventAsClassicLogText
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.tls.certificates import CA
from tests.tls.key_files import RIGHT, key_bytes, pkcs12_bytes, write
from tests.tls.threads import in_this_thread
from txdicomtls.errors import CredentialError, PasswordUnavailable, WrongPassword
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.tls import FixedPassword
from txdicomtls.tls.files import read_file
from txdicomtls.tls.keyring import Keyring
from txdicomtls.tls.passwords import CallablePassword
from txdicomtls.tls.private_keys import KeyFile, OpenedKey, key_in

KEY = CA.issue("node.example").key
OTHER_KEY = CA.issue("node.example", kind="p384").key


@implementer(IPasswordSource)
class Person:
    """Gives one answer after another, or makes wait for one."""

    interactive = True

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.questions: list[tuple[str, int]] = []
        self.waiting: list[Deferred[bytes]] = []
        self.cancelled = 0

    def password(self, key: str, attempt: int) -> Deferred[bytes]:
        self.questions.append((key, attempt))
        if self.answers:
            return succeed(self.answers.pop(0))
        self.waiting.append(Deferred(self.cancel))
        return self.waiting[-1]

    def cancel(self, _: Deferred[bytes]) -> None:
        self.cancelled += 1

    def answer(self, password: bytes) -> None:
        self.waiting.pop(0).callback(password)


class KeyringTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.keyring = Keyring()
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.key = self.file("node.key")
        self.other = self.file("other.key", key_bytes(OTHER_KEY, "PKCS #8 PEM", RIGHT))

    def file(self, name: str, content: bytes = b"") -> KeyFile:
        content = content or key_bytes(KEY, "PKCS #8 PEM", RIGHT)
        return key_in(read_file(write(self.folder / name, content)))

    def open(
        self, source: IPasswordSource | None, key: KeyFile | None = None, attempts: int = 3
    ) -> Deferred[OpenedKey]:
        return self.keyring.open(
            key or self.key, source, in_thread=in_this_thread, attempts=attempts
        )

    def assert_open(self, opening: Deferred[OpenedKey]) -> None:
        found = self.successResultOf(opening).private_key.public_key()
        self.assertIn(found, (KEY.public_key(), OTHER_KEY.public_key()))


class AskingTests(KeyringTestCase):
    def test_a_key_without_a_password_asks_for_none(self) -> None:
        person = Person()
        self.assert_open(self.open(person, self.file("plain", key_bytes(KEY, "PKCS #8 DER"))))
        self.assertEqual(person.questions, [])

    def test_a_person_is_asked_again_after_a_wrong_answer(self) -> None:
        person = Person(b"", b"wrong", RIGHT)
        self.assert_open(self.open(person))
        self.assertEqual(person.questions, [(str(self.key.path), each) for each in (1, 2, 3)])

    def test_after_the_last_attempt_the_password_is_wrong(self) -> None:
        for attempts in (1, 3):
            person = Person(b"a", b"b", b"c", RIGHT)
            self.failureResultOf(self.open(person, attempts=attempts), WrongPassword)
            self.assertEqual(len(person.questions), attempts)

    def test_a_source_may_say_how_often_it_is_asked(self) -> None:
        answers = [RIGHT, b"d", b"c", b"b", b"a"]
        source = CallablePassword(lambda key, attempt: answers.pop(), attempts=5)
        self.assert_open(self.open(source))
        self.failureResultOf(self.open(CallablePassword(lambda *_: b"a"), self.other))

    def test_a_source_that_would_answer_the_same_is_asked_once(self) -> None:
        person = Person(b"wrong", RIGHT)
        person.interactive = False
        self.failureResultOf(self.open(person), WrongPassword)
        self.assertEqual(len(person.questions), 1)

    def test_no_source_is_said_plainly(self) -> None:
        error = self.failureResultOf(self.open(None), CredentialError).value
        self.assertIn("no password is configured", str(error))

    def test_a_key_that_nobody_may_ask_for_is_a_mistake_of_the_caller(self) -> None:
        self.failureResultOf(self.open(Person(), attempts=0), ValueError)

    def test_cancelling_takes_the_question_back(self) -> None:
        person = Person()
        opening = self.open(person)
        opening.cancel()
        self.failureResultOf(opening, CancelledError)
        self.assertEqual(person.cancelled, 1)
        self.assertEqual(self.keyring.awaited, ())

    def test_what_is_no_password_is_refused_without_showing_it(self) -> None:
        source = CallablePassword(lambda *_: RIGHT.decode())  # type: ignore[arg-type]
        failure = self.failureResultOf(self.open(source), PasswordUnavailable)
        self.assertIn("must give bytes", str(failure.value))
        self.assertNotIn(RIGHT.decode(), everything_in(failure))


class RememberingTests(KeyringTestCase):
    def test_a_key_is_asked_for_once(self) -> None:
        self.assert_open(self.open(Person(RIGHT)))
        person = Person()
        for source in (person, None):
            self.assert_open(self.open(source))
        self.assertEqual(person.questions, [])

    def test_the_same_key_in_another_file_is_known(self) -> None:
        self.assert_open(self.open(Person(RIGHT)))
        copy = self.file("copy.key", self.key.path.read_bytes())
        self.assert_open(self.open(None, copy))

    def test_another_key_is_asked_for(self) -> None:
        self.assert_open(self.open(Person(RIGHT)))
        self.failureResultOf(self.open(None, self.other), CredentialError)

    def test_a_wrong_password_is_not_remembered(self) -> None:
        self.failureResultOf(self.open(FixedPassword(b"wrong")), WrongPassword)
        self.assert_open(self.open(FixedPassword(RIGHT)))

    def test_a_file_that_has_changed_is_asked_for_and_its_old_key_is_forgotten(self) -> None:
        self.assert_open(self.open(Person(RIGHT)))
        old = self.key
        changed = self.file("node.key", key_bytes(OTHER_KEY, "PKCS #8 PEM", b"another"))
        person = Person(RIGHT, b"another")
        opened = self.successResultOf(self.open(person, changed))
        self.assertEqual(opened.private_key.public_key(), OTHER_KEY.public_key())
        self.assertEqual(len(person.questions), 2)
        self.failureResultOf(self.open(None, old), CredentialError)

    def test_whoever_needs_the_key_meanwhile_waits_for_the_same_answer(self) -> None:
        person, somebody = Person(), Person()
        openings = [self.open(person), self.open(person), self.open(somebody)]
        for opening in openings:
            self.assertNoResult(opening)
        person.answer(RIGHT)
        for opening in openings:
            self.assert_open(opening)
        self.assertEqual((len(person.questions), somebody.questions), (1, []))

    def test_who_stops_waiting_takes_nothing_from_the_others(self) -> None:
        person = Person()
        first, second, third = (self.open(person) for _ in range(3))
        second.cancel()
        self.failureResultOf(second, CancelledError)
        self.assertEqual(person.cancelled, 0)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        person.waiting.pop(0)
        person.answer(RIGHT)
        self.assert_open(third)

    def test_people_get_one_question_at_a_time_and_others_do_not_wait_for_them(self) -> None:
        person = Person()
        first, second = self.open(person), self.open(person, self.other)
        self.assertEqual(len(person.questions), 1)
        third = self.file("third", key_bytes(CA.key, "PKCS #8 PEM", RIGHT))
        self.successResultOf(self.open(FixedPassword(RIGHT), third))
        person.answer(RIGHT)
        self.assert_open(first)
        self.assertEqual([key for key, _ in person.questions[1:]], [str(self.other.path)])
        person.answer(RIGHT)
        self.assert_open(second)


class WaitingTests(KeyringTestCase):
    def test_it_says_which_key_it_waits_for(self) -> None:
        person = Person()
        with capturedLogs() as events:
            opening = self.open(person)
        name = str(self.key.path)
        self.assertEqual([event["log_level"] for event in events], [LogLevel.info])
        self.assertIn(f"waiting for the password of {name}", texts(events))
        self.assertEqual(self.keyring.awaited, (name,))
        person.answer(RIGHT)
        self.assert_open(opening)
        self.assertEqual(self.keyring.awaited, ())

    def test_a_source_that_answers_at_once_is_not_waited_for(self) -> None:
        with capturedLogs() as events:
            self.assert_open(self.open(FixedPassword(RIGHT)))
        self.assertEqual(events, [])


class SecretTests(KeyringTestCase):
    """The password shows nowhere, whatever goes wrong."""

    def test_a_wrong_password_shows_nowhere(self) -> None:
        for secret in (b"hunter2hunter2", b"hunter2\xff\xfe"):
            for content in (
                key_bytes(KEY, "PKCS #8 PEM", RIGHT),
                key_bytes(KEY, "PKCS #8 DER", RIGHT),
                key_bytes(KEY, "traditional PEM", RIGHT),
                pkcs12_bytes(CA.issue("node.example"), RIGHT),
            ):
                for source in (FixedPassword(secret), Person(secret, secret, secret)):
                    key = self.file("secret.key", content)
                    with capturedLogs() as events:
                        failure = self.failureResultOf(self.open(source, key), WrongPassword)
                    for text in (everything_in(failure), texts(events), repr(events)):
                        self.assertNotIn("hunter2", text)

    def test_the_password_of_a_key_that_cannot_be_used_shows_nowhere(self) -> None:
        content = key_bytes(KEY, "traditional PEM", RIGHT).replace(b"AES-256-CBC", b"NO-256-CBC")
        failure = self.failureResultOf(
            self.open(FixedPassword(b"hunter2"), self.file("unknown.key", content)),
            CredentialError,
        )
        self.assertIn("is not supported", str(failure.value))
        self.assertNotIn("hunter2", everything_in(failure))

    def test_the_right_password_is_forgotten_once_it_was_tried(self) -> None:
        class Secret(bytes):
            """Can be found again, which plain bytes cannot."""

        self.assert_open(self.open(CallablePassword(lambda *_: Secret(RIGHT))))
        self.assertNotIn(RIGHT.decode(), repr(vars(self.keyring)))
        gc.collect()
        self.assertEqual([each for each in gc.get_objects() if isinstance(each, Secret)], [])


def texts(events: Sequence[dict[str, Any]]) -> str:
    return "\n".join(formatEventAsClassicLogText(event) or "" for event in events)


def everything_in(failure: Failure) -> str:
    """All that a debugger or an error collector could show of a failure."""
    error = failure.value
    parts = [str(error), repr(error), repr(vars(error)), failure.getTraceback(detail="verbose")]
    for each in exceptions(error):
        parts += [repr(each), *locals_of(each.__traceback__)]
    return "\n".join(parts)


def exceptions(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def locals_of(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        # The test itself knows the secret, of course.
        if "/tests/" not in traceback.tb_frame.f_code.co_filename:
            yield repr(traceback.tb_frame.f_locals)
        traceback = traceback.tb_next
