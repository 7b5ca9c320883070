"""The command ``txdicomtls user``: who is in a file of passcodes."""

from __future__ import annotations

from pathlib import Path

import click

from txdicomtls.access.passcode_file import add_user, change_user, remove_user, users_in
from txdicomtls.access.passcodes import PasscodeHash, check_name, hash_passcode
from txdicomtls.errors import CredentialError, PasswordUnavailable

#: What a field of a user identity can hold (PS3.7 D.3.3.7.1).
LONGEST_PASSCODE = 65535


@click.group()
def user() -> None:
    """Add, change and remove users of a node, who prove themselves by passcodes.

    The file has only hashes of the passcodes, and belongs to its owner alone.
    A configuration names it as users in [identity]; a node that runs sees
    each change with the next association.

    \b
    Examples:
      txdicomtls user add users.passcodes alice
      txdicomtls user change users.passcodes alice --passcode-file new
      txdicomtls user remove users.passcodes alice
      txdicomtls user list users.passcodes
    """  # noqa: D301  # \b is click's mark for lines to be left as they are


def _name(_context: click.Context, _argument: click.Parameter, name: str) -> str:
    try:
        return check_name(name)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_NAME = click.argument("name", callback=_name)
_PASSCODE_FILE = click.option(
    "--passcode-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The passcode is the first line of FILE; without it, it is asked for.",
)


@user.command()
@_FILE
@_NAME
@_PASSCODE_FILE
def add(file: Path, name: str, passcode_file: Path | None) -> None:
    """Add the user NAME to FILE, which is made if it is not there."""
    add_user(file, name, _hashed(passcode_file))


@user.command()
@_FILE
@_NAME
@_PASSCODE_FILE
def change(file: Path, name: str, passcode_file: Path | None) -> None:
    """Give the user NAME in FILE another passcode."""
    change_user(file, name, _hashed(passcode_file))


@user.command()
@_FILE
@click.argument("name")
def remove(file: Path, name: str) -> None:
    """Remove the user NAME from FILE."""
    remove_user(file, name)


@user.command("list")
@_FILE
def list_(file: Path) -> None:
    """Say which users are in FILE."""
    for name in users_in(file):
        click.echo(name)


def _hashed(passcode_file: Path | None) -> PasscodeHash:
    source: str | Path = "the user"
    if passcode_file is None:
        passcode = _ask()
    else:
        source, passcode = passcode_file, _read(passcode_file)
    if not 0 < len(passcode) <= LONGEST_PASSCODE:
        raise CredentialError(source, f"a passcode has 1 to {LONGEST_PASSCODE} bytes")
    return hash_passcode(passcode)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.readline(LONGEST_PASSCODE + 2).rstrip(b"\r\n")
    except OSError as error:
        raise PasswordUnavailable(path, f"cannot be read: {error.strerror}") from error


def _ask() -> bytes:
    try:
        answer = click.prompt("Passcode", hide_input=True, confirmation_prompt="Again", err=True)
    except click.Abort as error:
        raise PasswordUnavailable("the user", "no passcode was given") from error
    return str(answer).encode("utf-8", "surrogateescape")
