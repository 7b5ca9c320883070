"""What tests of the configuration share: a small one, and what is wrong with others."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.errors import ConfigurationError
from txdicomtls.node.configuration import Configuration, load_configuration

NODE = '[node]\nae_title = "TXDICOM"\ndata = "data"\n'
TLS = '[tls.default]\ncertificate = "node.crt"\nprivate_key = "node.key"\ntrust = ["ca.crt"]\n'
LISTEN = "[[listen]]\nport = 2762\n"
SMALLEST = NODE + TLS + LISTEN


class ConfigurationCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()
        for name in ("node.crt", "node.key", "ca.crt", "password"):
            (self.directory / name).touch()
        self.file = self.directory / "node.toml"

    def load(self, text: str | bytes) -> Configuration:
        self.file.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_configuration(self.file)

    def problems(self, text: str | bytes) -> dict[str, str]:
        """What is wrong with this: messages by key, each key once."""
        with self.assertRaises(ConfigurationError) as caught:
            self.load(text)
        problems = caught.exception.problems
        self.assertTrue(problems)
        self.assertEqual(str(self.file), caught.exception.source)
        keys = {problem.key: problem.message for problem in problems}
        self.assertEqual(len(problems), len(keys), problems)
        for message in keys.values():
            self.assertTrue(message.isprintable(), message)
        return keys

    def assertWrong(self, text: str, key: str, *messages: str) -> None:
        """This text has one problem, at this key, whose message says all this."""
        problems = self.problems(text)
        self.assertEqual([key], list(problems))
        for message in messages:
            self.assertIn(message, problems[key])
