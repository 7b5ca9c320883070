"""The options that all commands share which talk to a node."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from txdicomtls.cli.link import LinkOptions
from txdicomtls.tls import DEFAULT_PROFILE, PROFILES

_DEFAULT_PORT = 2762


class _Address(click.ParamType[tuple[str, int]]):
    """HOST:PORT, or [IPV6]:PORT, or HOST for the registered port."""

    name = "HOST:PORT"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Split it."""
        if isinstance(value, tuple):
            return value
        host, colon, port = value.rpartition(":")
        if not colon or value.endswith("]"):
            host, port = value, str(_DEFAULT_PORT)
        if host.startswith("["):
            host = host.strip("[]")
        elif ":" in host:
            self.fail(f"{value!r}: write an IPv6 address as [{value}]:PORT", param, ctx)
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) <= 65535:
            self.fail(f"{value!r} is not HOST:PORT, as in localhost:{_DEFAULT_PORT}", param, ctx)
        return host, int(port)


_FILE = click.Path(path_type=Path)

_OPTIONS = (
    click.argument("address", type=_Address()),
    click.option(
        "--cert",
        "certificate",
        metavar="FILE",
        type=_FILE,
        help="Our certificate; PEM, DER or PKCS#12.",
    ),
    click.option(
        "--key",
        "private_key",
        metavar="FILE",
        type=_FILE,
        help="Its private key, if that is in a file of its own.",
    ),
    click.option(
        "--ca",
        "trust",
        metavar="FILE",
        type=_FILE,
        help="Certificates of the authorities that may have issued the node's: file or directory.",
    ),
    click.option(
        "--pinned",
        metavar="FILE",
        type=_FILE,
        help="The node's own certificate, to trust it directly, whoever issued it.",
    ),
    click.option(
        "--crl",
        "crls",
        metavar="FILE",
        type=_FILE,
        help="Revocation lists, file or directory: the node's certificate must not be in them.",
    ),
    click.option(
        "--profile",
        type=click.Choice(sorted(PROFILES)),
        default=DEFAULT_PROFILE.name,
        show_default=True,
        metavar="NAME",
        help="The security profile; `txdicomtls profiles` lists them.",
    ),
    click.option(
        "--no-verify-name",
        "verify_name",
        flag_value=False,
        default=True,
        type=bool,
        help="Take the certificate of any server that is trusted, whatever its name. Not safe.",
    ),
    click.option(
        "--password-file",
        metavar="FILE",
        type=_FILE,
        help="The password of an encrypted key is the first line of FILE; else it is asked for.",
    ),
    click.option("--called", default="TXDICOM", show_default=True, help="The node's AE title."),
    click.option("--calling", default="TXDICOMTLS", show_default=True, help="Our AE title."),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0.1),
        default=30.0,
        show_default=True,
        help="Seconds to wait for each answer.",
    ),
    click.option(
        "--retry",
        type=click.IntRange(0, 100),
        default=0,
        show_default=True,
        metavar="N",
        help="How often to try again, later and later, while the node cannot be reached.",
    ),
    click.option("--user", metavar="NAME", help="Say who the user is."),
    click.option(
        "--passcode-file",
        metavar="FILE",
        type=_FILE,
        help="What proves it is the first line of FILE; without it, the name is all that is sent.",
    ),
    click.option(
        "--jwt-file",
        metavar="FILE",
        type=_FILE,
        help="Say who the user is by the JSON Web Token in FILE.",
    ),
)


def link_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a link; it gets them as one :class:`LinkOptions`."""

    @wraps(command)
    def trusting(link: LinkOptions, **values: Any) -> None:  # noqa: ANN401  # each option has its own type
        if not link.trusts_someone:
            raise click.UsageError(
                "Name the authorities that the node's certificate may come from with --ca, "
                "or the certificate itself with --pinned."
            )
        command(link, **values)

    return link_options_without_trust(trusting)


def link_options_without_trust(command: Callable[..., None]) -> Callable[..., None]:
    """Likewise, for a command that needs to trust nobody."""

    @wraps(command)
    def with_link(**values: Any) -> None:  # noqa: ANN401  # each option has its own type
        host, port = values.pop("address")
        names = [name for name in LinkOptions.__slots__ if name in values]
        link = LinkOptions(host=host, port=port, **{name: values.pop(name) for name in names})
        if link.certificate is None and link.private_key is not None:
            raise click.UsageError("--key goes with --cert: name both.")
        if link.passcode_file is not None and link.user is None:
            raise click.UsageError("--passcode-file goes with --user: name both.")
        if link.jwt_file is not None and link.user is not None:
            raise click.UsageError("A user is named by --user or by --jwt-file, not by both.")
        command(link, **values)

    for option in reversed(_OPTIONS):
        with_link = option(with_link)
    return with_link
