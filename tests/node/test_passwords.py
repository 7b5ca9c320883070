"""Each way to name the source of a password gives that source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.tls.threads import in_this_thread
from txdicomtls.errors import PasswordUnavailable
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.node.passwords import password_source
from txdicomtls.node.tls_sections import PasswordSection
from txdicomtls.tls import PromptPassword

reactor: Any = global_reactor  # a module to mypy


class SourceTests(TestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        self.path.write_bytes(b"open sesame\n")
        self.environ = {
            "KEY_PASSWORD": "open sesame",
            "CREDENTIALS_DIRECTORY": str(self.path.parent),
        }

    def source(self, **keys: object) -> IPasswordSource:
        section = PasswordSection.model_validate(keys)
        found = password_source(section, reactor, in_this_thread, self.environ)
        assert found is not None
        return found

    def ask(self, **keys: object) -> Deferred[bytes]:
        return self.source(**keys).password("node.key", 1)

    async def test_each_key_names_its_source(self) -> None:
        for keys in (
            {"file": self.path},
            {"env": "KEY_PASSWORD"},
            {"credential": self.path.name},
            {"command": ["cat", str(self.path)]},
            {"command": ["printenv", "KEY_PASSWORD"]},
        ):
            self.assertEqual(await self.ask(**keys), b"open sesame", keys)

    async def test_a_command_is_no_line_for_a_shell(self) -> None:
        self.assertEqual(
            await self.ask(command=["echo", "$KEY_PASSWORD; id"]), b"$KEY_PASSWORD; id"
        )
        with self.assertRaises(PasswordUnavailable):
            await self.ask(command=[f"cat {self.path}"])

    def test_a_prompt_is_a_question_at_the_terminal(self) -> None:
        self.assertIsInstance(self.source(prompt=True), PromptPassword)


class NoSourceTests(SynchronousTestCase):
    def test_no_section_is_no_source(self) -> None:
        self.assertIsNone(password_source(None, reactor, in_this_thread, {}))

    def test_a_credential_cannot_lead_out_of_its_directory(self) -> None:
        with self.assertRaises(ValueError):
            section = PasswordSection.model_validate({"credential": "../shadow"})
            password_source(section, reactor, in_this_thread, {})
