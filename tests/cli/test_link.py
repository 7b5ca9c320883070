"""The options that commands share to call a node."""

from __future__ import annotations

from pathlib import Path

import click
from click.testing import CliRunner, Result
from rich.table import Table
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.cli.link import LinkOptions
from txdicomtls.cli.link_options import link_options
from txdicomtls.cli.terminal import console
from txdicomtls.errors import LocalProtocolError, PasswordUnavailable
from txdicomtls.pdu import UserIdentityType


@click.command()
@link_options
def call(link: LinkOptions) -> None:
    click.echo(f"{link.host} {link.port} {link.called} {link.calling}")


class ConsoleTests(SynchronousTestCase):
    def test_what_a_peer_calls_itself_is_shown_as_it_is(self) -> None:
        terminal = console()
        for name in ("CN=PACS [/x]", "CN=[link=http://evil.example]click[/link]", "[bold]x"):
            with terminal.capture() as shown:
                terminal.print(name)
                table = Table()
                table.add_column()
                table.add_row(name)
                terminal.print(table)
            self.assertEqual(2, shown.get().count(name), name)


@click.command()
@link_options
def identify(link: LinkOptions) -> None:
    identity = link.identity()
    if identity is not None:
        request = identity.request
        kind = UserIdentityType(request.identity_type)
        click.echo(f"{kind.name} {request.primary!r} {request.secondary!r}")


class IdentityTests(SynchronousTestCase):
    """Who the user is, as it is said to the node."""

    def setUp(self) -> None:
        self.file = Path(self.mktemp())

    def identify(self, *words: str) -> Result:
        return CliRunner().invoke(identify, ["localhost", "--ca=ca.crt", *words])

    def test_nobody_is_named_unless_that_is_asked_for(self) -> None:
        self.assertEqual("", self.identify().output)

    def test_a_name_may_go_alone(self) -> None:
        self.assertEqual("USERNAME b'alice' b''\n", self.identify("--user=alice").output)

    def test_a_passcode_is_the_first_line_of_its_file(self) -> None:
        for content in (b"open sesame", b"open sesame\n", b"open sesame\r\nof alice\n"):
            self.file.write_bytes(content)
            said = self.identify("--user=alice", f"--passcode-file={self.file}").output
            self.assertEqual("USERNAME_AND_PASSCODE b'alice' b'open sesame'\n", said)

    def test_a_token_is_all_of_its_file_but_for_space_around_it(self) -> None:
        self.file.write_bytes(b"\naaa.bbb.ccc\n")
        said = self.identify(f"--jwt-file={self.file}").output
        self.assertEqual("JWT b'aaa.bbb.ccc' b''\n", said)

    def test_what_cannot_be_sent_is_named_without_its_contents(self) -> None:
        for content, reason in (
            (b"", LocalProtocolError),
            (b"x" * (1 << 20), LocalProtocolError),
            (b"secret\xff", PasswordUnavailable),
            (None, PasswordUnavailable),
        ):
            if content is None:
                self.file.unlink()
            else:
                self.file.write_bytes(content)
            error = self.identify(f"--jwt-file={self.file}").exception
            self.assertIsInstance(error, reason)
            self.assertNotIn("secret", str(error))
            self.assertLess(len(str(error)), 200)


class LinkOptionsTests(SynchronousTestCase):
    def call(self, *words: str) -> tuple[int, str]:
        result = CliRunner().invoke(call, [*words, "--ca=ca.crt"])
        return result.exit_code, result.output

    def test_an_address_is_a_host_and_a_port(self) -> None:
        for address, host, port in (
            ("pacs.example:11112", "pacs.example", "11112"),
            ("192.0.2.7:104", "192.0.2.7", "104"),
            ("[2001:db8::1]:2762", "2001:db8::1", "2762"),
            ("pacs.example", "pacs.example", "2762"),
            ("[2001:db8::1]", "2001:db8::1", "2762"),
        ):
            self.assertEqual((0, f"{host} {port} TXDICOM TXDICOMTLS\n"), self.call(address))

    def test_what_is_no_address_is_refused_with_what_would_be_one(self) -> None:
        for address in ("pacs:", "pacs:0", "pacs:65536", "pacs:x", ":104", "2001:db8::1:2762", ""):
            status, said = self.call(address)
            self.assertEqual(2, status, address)
            self.assertRegex(said, r"is not HOST:PORT|write an IPv6 address", address)

    def test_the_trust_must_be_named(self) -> None:
        result = CliRunner().invoke(call, ["localhost:2762"])
        self.assertEqual(2, result.exit_code)
        self.assertIn("--ca", result.output)
