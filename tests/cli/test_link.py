"""The options that commands share to call a node."""

from __future__ import annotations

import click
from click.testing import CliRunner
from rich.table import Table
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.cli.link import LinkOptions
from txdicomtls.cli.link_options import link_options
from txdicomtls.cli.terminal import console


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
