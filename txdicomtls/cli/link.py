"""What the commands that talk to a node share: their options, and the way to an association."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from twisted.internet.defer import Deferred
from twisted.internet.task import react

from txdicomtls.cli.main import report_error
from txdicomtls.errors import DicomTLSError
from txdicomtls.interfaces import IReactor
from txdicomtls.net import ClientEndpoint, Timeouts
from txdicomtls.pdu import PresentationContextRQ
from txdicomtls.scu import Association, connect
from txdicomtls.threads import in_thread_of
from txdicomtls.tls import (
    DEFAULT_PROFILE,
    PROFILES,
    CredentialFiles,
    FilePassword,
    InThread,
    LinkDeadlines,
    PromptPassword,
    Revocation,
    SecureLink,
    SecurityFiles,
    TrustFiles,
)

Command = TypeVar("Command", bound=Callable[..., object])

_DEFAULT_PORT = 2762


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """Whom to call, as whom, and by which certificates."""

    host: str
    port: int
    certificate: Path | None
    private_key: Path | None
    trust: Path | None
    pinned: Path | None
    crls: Path | None
    profile: str
    verify_name: bool
    password_file: Path | None
    called: str
    calling: str
    timeout: float

    def associate(
        self, reactor: IReactor, contexts: Iterable[PresentationContextRQ], *, window: int = 1
    ) -> Deferred[Association]:
        """Connect and associate.

        :param reactor: the reactor.
        :param contexts: the presentation contexts to propose.
        :param window: the most operations to have outstanding.
        """
        in_thread = in_thread_of(reactor)
        endpoint = ClientEndpoint(
            reactor,
            self.host,
            self.port,
            partial(self.files(in_thread).load, in_thread),
            timeout=self.timeout,
        )
        if not self.verify_name:
            click.echo(
                f"txdicomtls: WARNING: whether this is {self.host} is not verified: whoever has a "
                "certificate that is trusted here can pass for it",
                err=True,
            )
        return connect(
            reactor,
            endpoint,
            called=self.called,
            calling=self.calling,
            contexts=contexts,
            window=window,
            timeouts=Timeouts(association=self.timeout, response=self.timeout),
            deadlines=LinkDeadlines(handshake=self.timeout),
        )

    @property
    def trusts_someone(self) -> bool:
        """Whether there is anybody whom the node's certificate may come from."""
        return self.trust is not None or self.pinned is not None

    def files(self, in_thread: InThread) -> SecurityFiles:
        """What the link is made of."""
        shown = (
            CredentialFiles(
                certificate=self.certificate,
                private_key=self.private_key,
                password=(
                    FilePassword(self.password_file, in_thread)
                    if self.password_file
                    else PromptPassword(in_thread)
                ),
            )
            if self.certificate
            else None
        )
        return SecurityFiles(
            credentials=(shown,) if shown else (),
            trust=TrustFiles(
                authorities=(self.trust,) if self.trust else (),
                pinned=(self.pinned,) if self.pinned else (),
                crls=(self.crls,) if self.crls else (),
                revocation=Revocation.LEAF if self.crls else Revocation.NONE,
            ),
            profile=self.profile,
            verify_names=self.verify_name,
        )


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
        command(link, **values)

    for option in reversed(_OPTIONS):
        with_link = option(with_link)
    return with_link


def run(work: Callable[[IReactor], Coroutine[Deferred[Any], Any, bool]]) -> None:
    """Run the reactor for as long as the work takes, then exit.

    :param work: given the reactor; says whether all went well, which decides the exit status.
        What it raises of ours becomes one line.
    """

    async def main(reactor: IReactor) -> None:
        try:
            well = await work(reactor)
        except DicomTLSError as error:
            raise SystemExit(report_error(error)) from None
        if not well:
            raise SystemExit(1)

    react(lambda reactor: Deferred.fromCoroutine(main(reactor)))


def link_table(link: SecureLink) -> Table:
    """What a secure link negotiated, as a table for a terminal."""
    table = Table(title="secure link", show_header=False, title_justify="left")
    rows = {
        "protocol": link.protocol,
        "cipher suite": link.cipher_suite,
        "encryption": f"{link.encryption}, {link.encryption_bits} bits",
        "integrity": link.integrity,
        "key exchange": f"{link.key_exchange} {link.group}".strip(),
        "peer's key": f"{link.peer_key}, {link.peer_key_bits} bits",
        "peer": link.peer_subject,
        "peer's names": ", ".join(link.peer_names),
        "issued by": link.certificates[0].issuer if link.certificates else "",
        "profile": link.profile,
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def console() -> Console:
    """Standard output for a person."""
    # Without markup: a peer may have had a say in what is shown.
    return Console(highlight=False, markup=False)
