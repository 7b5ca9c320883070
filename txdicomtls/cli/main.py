"""The command ``txdicomtls``: finds a subcommand by its name, and turns errors into one line each.

A subcommand's module is imported when it is asked for, because some of them
install a reactor and load OpenSSL, and a person waits for each of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

from txdicomtls import __version__
from txdicomtls.errors import ConfigurationError, DicomTLSError

#: Exit status of a command that was understood, but failed; click uses 2 for usage errors.
FAILURE = 1

#: Where each subcommand is, as "module:attribute".
COMMANDS: dict[str, str] = {
    "archive": "txdicomtls.cli.archive:archive",
    "commit": "txdicomtls.cli.commit:commit",
    "echo": "txdicomtls.cli.echo:echo",
    "find": "txdicomtls.cli.find:find",
    "get": "txdicomtls.cli.get:get",
    "move": "txdicomtls.cli.move:move",
    "pki": "txdicomtls.cli.pki:pki",
    "probe": "txdicomtls.cli.probe:probe",
    "profiles": "txdicomtls.cli.profiles:profiles",
    "store": "txdicomtls.cli.store:store",
    "user": "txdicomtls.cli.user:user",
    "worklist": "txdicomtls.cli.worklist:worklist",
}


class LazyGroup(click.Group):
    """A group of commands which imports the module of a command when that command is asked for.

    :param commands_at: where each command is, as "module:attribute", by its name.
    """

    def __init__(self, *, commands_at: Mapping[str, str], **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]  # click's own, untouched
        self.commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names of all commands, without importing any."""
        return sorted(self.commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None if there is none of this name."""
        if cmd_name not in self.commands_at:
            return None
        module, attribute = self.commands_at[cmd_name].split(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.commands_at[cmd_name]} is no click command")
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an error of ours ends it with one line, never with a traceback."""
        try:
            return super().invoke(ctx)
        except DicomTLSError as error:
            ctx.exit(report_error(error))


def report_error(error: DicomTLSError) -> int:
    """Say on standard error what went wrong: one line, or one for each problem of a configuration.

    :return: the exit status that goes with it.
    """
    lines = str(error).splitlines() if isinstance(error, ConfigurationError) else [str(error)]
    for line in lines:
        click.echo(f"txdicomtls: {printable(line)}", err=True)
    return FAILURE


def printable(text: str) -> str:
    """A text that gets no hold of the terminal, whoever had a say in it."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


@click.command(
    cls=LazyGroup,
    commands_at=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="txdicomtls", message="%(prog)s %(version)s")
def main() -> None:
    """DICOM over TLS: make certificates, and try, send and diagnose.

    Each command tells more with --help.
    """
