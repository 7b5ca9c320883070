"""The command ``txdicomtls pki``: certificates for a first secure link."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import click

from txdicomtls.errors import CredentialError, PasswordUnavailable
from txdicomtls.tls.authority import (
    LONGEST_PASSWORD,
    LONGEST_VALIDITY_DAYS,
    KeyType,
    create_authority,
    general_name,
    write,
)

DEFAULT_HOSTS = ("localhost", "127.0.0.1", "::1")

_PURPOSES = {
    "ca.crt": "the authority: who trusts it trusts what it issued",
    "ca.key": "issues more certificates; not needed to run, keep it elsewhere",
    "node.crt": "the node, for {hosts}",
    "node.key": "belongs to the node alone",
    "client.crt": "a client, to call the node with",
    "client.key": "belongs to the client alone",
}


@click.group()
def pki() -> None:
    """Make certificates for trying and testing."""


def _host(_context: click.Context, _option: click.Parameter, hosts: tuple[str, ...]) -> list[str]:
    for host in hosts:
        try:
            general_name(host)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return list(hosts)


@pki.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--host",
    "hosts",
    metavar="NAME",
    multiple=True,
    default=DEFAULT_HOSTS,
    show_default=True,
    callback=_host,
    help="DNS name or IP address that peers connect to; may be given again.",
)
@click.option(
    "--key-type",
    type=click.Choice([key_type.value for key_type in KeyType]),
    default=KeyType.ECDSA.value,
    show_default=True,
    help="ECDSA on P-256, or RSA of 3072 bits.",
)
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST_VALIDITY_DAYS),
    default=365,
    show_default=True,
    help="How long the certificates are valid.",
)
@click.option("--password", "ask", is_flag=True, help="Encrypt the keys; asks for the password.")
@click.option(
    "--password-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Encrypt the keys with the password that is the first line of FILE.",
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def init(
    *,
    directory: Path,
    hosts: list[str],
    key_type: str,
    days: int,
    ask: bool,
    password_file: Path | None,
    force: bool,
) -> None:
    """Make an authority, a node's certificate and a client's in DIRECTORY.

    The authority is for trying and testing: with patients' data, use the
    certificates of your own public key infrastructure.

    \b
    Examples:
      txdicomtls pki init pki
      txdicomtls pki init pki --host pacs.example --host 192.0.2.7
      txdicomtls pki init pki --password --key-type rsa --days 30
    """  # noqa: D301  # \b is click's mark for lines to be left as they are
    if ask and password_file is not None:
        raise click.UsageError("--password and --password-file exclude each other")
    password = _read_password(password_file) if password_file else _ask_password() if ask else None
    now = datetime.now(UTC)
    authority = create_authority(now=now, days=days, key_type=KeyType(key_type))
    node = authority.issue_node(hosts, now=now, days=days)
    client = authority.issue_client("client", now=now, days=days)
    keys = {"ca": authority.key, "node": node, "client": client}
    written = write(directory, keys, password=password, replace=force)
    names = [click.format_filename(path) for path in written]
    for path, name in zip(written, names, strict=True):
        purpose = _PURPOSES[path.name].format(hosts=", ".join(hosts))
        click.echo(f"{name:<{max(map(len, names))}}  {purpose}")
    click.echo(f"\nValid until {node.certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC.")
    click.echo("A configuration that uses them, for a file node.toml in the current directory:\n")
    click.echo(_configuration(directory, password_file, encrypted=password is not None))


def _read_password(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            password = file.readline(LONGEST_PASSWORD + 2).rstrip(b"\r\n")
    except OSError as error:
        raise PasswordUnavailable(path, f"cannot be read: {error.strerror}") from error
    return _checked_password(path, password)


def _ask_password() -> bytes:
    try:
        answer = click.prompt(
            "Password for the keys", hide_input=True, confirmation_prompt="Again", err=True
        )
    except click.Abort as error:
        raise PasswordUnavailable("the keys", "no password was given") from error
    return _checked_password("the keys", os.fsencode(str(answer)))


def _checked_password(source: str | Path, password: bytes) -> bytes:
    if not 0 < len(password) <= LONGEST_PASSWORD:
        raise CredentialError(source, f"a password has 1 to {LONGEST_PASSWORD} bytes")
    return password


def _configuration(directory: Path, password_file: Path | None, *, encrypted: bool) -> str:
    source = f"{{ file = {_toml(password_file)} }}" if password_file else "{ prompt = true }"
    lines = [
        "[node]",
        'ae_title = "TXDICOM"',
        'data = "data"',
        "",
        "[tls.default]",
        f"certificate = {_toml(directory / 'node.crt')}",
        f"private_key = {_toml(directory / 'node.key')}",
        *([f"password = {source}"] if encrypted else []),
        f"trust = [{_toml(directory / 'ca.crt')}]",
        "",
        "[[listen]]",
        "port = 2762",
        "",
        "# Whoever has a certificate of this authority may send. To let them query and retrieve:",
        "# [services]",
        '# offer = ["echo", "store", "find", "get", "move", "commit"]',
    ]
    return "\n".join(f"    {line}".rstrip() for line in lines)


def _toml(path: Path) -> str:
    # What JSON escapes in a text, TOML escapes in the same way.
    return json.dumps(click.format_filename(path), ensure_ascii=False)
