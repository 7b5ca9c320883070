"""Speaks each of the retired profiles of PS3.15 from process to process, and says what came of it.

For each profile four exchanges, each with a mutually authenticated handshake and files that
pydicom ships, which are compared byte for byte where they were stored:

- our requestor sends to the daemon: C-ECHO, then C-STORE,
- the same, but it speaks TLS 1.0 and nothing later, as a device of that time,
- DCMTK's storescu sends to the daemon,
- our requestor sends to DCMTK's storescp: C-ECHO, then C-STORE.

What was negotiated is read back: from our secure link, or from what storescu says of its own.
Exits 0 only if everything is as the profile has it.

To be run by ``contrib/legacy/run``, which gives both our side and DCMTK an OpenSSL that still
has these cipher suites.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from subprocess import TimeoutExpired
from typing import NamedTuple

from OpenSSL import SSL
from rich.console import Console
from rich.table import Table
from twisted.internet.defer import Deferred
from twisted.internet.task import react
from twisted.internet.threads import deferToThread

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

from dcmtk import Failed, changed, storescp, storescu
from demo import shipped_files, unlike
from retired import RETIRED, Link, Retired
from throwaway import ThrowawayNode

from txdicomtls.errors import DicomTLSError
from txdicomtls.interfaces import IReactor
from txdicomtls.part10 import FileHeader
from txdicomtls.pdu import PresentationContextRQ
from txdicomtls.scu import connect, contexts_for
from txdicomtls.tls.profiles import PROFILES, TLSVersion
from txdicomtls.uids import IMPLICIT_VR_LITTLE_ENDIAN, VERIFICATION

#: Files that storescu sends as they are: it reads data sets and writes them anew.
FROM_DCMTK = ("6154", "SC_rgb_small_odd.dcm", "examples_overlay.dcm", "test-SR.dcm")

#: Files that the device of old sends.
FROM_DEVICE = (
    "CT_small.dcm",
    "ExplVR_BigEnd.dcm",
    "JPEG-lossy.dcm",
    "rtdose_rle.dcm",
    "waveform_ecg.dcm",
)

# Its number is one that the contexts of the files do not reach.
VERIFICATION_CONTEXT = PresentationContextRQ(
    context_id=255,
    abstract_syntax=VERIFICATION,
    transfer_syntaxes=(IMPLICIT_VR_LITTLE_ENDIAN,),
)


class Node(ThrowawayNode):
    """The daemon, with a profile.

    :param profile: name of the profile.
    :param directory: where everything goes.
    """

    def __init__(self, profile: str, directory: Path) -> None:
        super().__init__(directory, key_type="rsa")
        self._profile = profile

    def prepare(self) -> None:
        """Name the profile in the configuration."""
        super().prepare()
        path = self.directory / "node.toml"
        line = f'[tls.default]\nprofile = "{self._profile}"'
        path.write_text(path.read_text().replace("[tls.default]", line))


async def send(
    reactor: IReactor, profile: str, pki: Path, port: int, files: Sequence[FileHeader]
) -> Link:
    """Echo and store with our requestor; what its secure link says."""
    key, certificate, authority = (pki / name for name in ("client.key", "client.crt", "ca.crt"))
    association = await connect(
        reactor,
        f"dicomtls:localhost:{port}:profile={profile}"
        f":certificate={certificate}:key={key}:trust={authority}",
        called="TXDICOM",
        calling="LEGACY",
        contexts=(*contexts_for(files), VERIFICATION_CONTEXT),
    )
    async with association:
        status = await association.echo()
        if status:
            raise Failed(f"C-ECHO: status {status:04X}H")
        async for sent in association.store([header.path for header in files]):
            if not sent.succeeded:
                raise Failed(f"C-STORE of {sent.name}: {sent.outcome}")
        link = association.link
        return Link(
            protocol=link.protocol,
            suite=link.cipher_suite,
            encryption=link.encryption,
            bits=link.encryption_bits,
            integrity=link.integrity,
            key_exchange=link.key_exchange,
            authentication=link.authentication,
        )


class Outcome(NamedTuple):
    """A row of the table."""

    profile: str
    who: str
    link: Link | None
    objects: int
    wrong: str


class Exchange(NamedTuple):
    """What is to be done, and how it must come out."""

    who: str
    files: Sequence[FileHeader]
    expected: Link
    talk: Callable[[Sequence[FileHeader]], Awaitable[Link]]
    changed: Callable[[Sequence[FileHeader]], list[str]]

    async def run(self, profile: Retired) -> Outcome:
        """Do it, and say what is wrong with it."""
        link, wrong = None, ""
        try:
            link = await self.talk(self.files)
            if link != self.expected:
                wrong = f"expected was {self.expected}"
            elif changed := self.changed(self.files):
                wrong = f"stored otherwise than sent: {', '.join(changed)}"
        except (DicomTLSError, Failed, TimeoutExpired) as error:
            wrong = str(error)
        return Outcome(profile.name, self.who, link, len(self.files), wrong)


async def speak(
    reactor: IReactor, profile: Retired, files: Sequence[FileHeader], directory: Path
) -> list[Outcome]:
    """All the exchanges under one profile."""
    pki, theirs = directory / "pki", directory / "theirs"
    latest, of_old = profile.link("TLSv1.2"), profile.link("TLSv1")
    # An archive takes each object once, so each exchange with the daemon has its own.
    by_name = {header.path.name: header for header in files}
    by_dcmtk = [by_name.pop(name) for name in FROM_DCMTK]
    by_device = [by_name.pop(name) for name in FROM_DEVICE]

    def kept(sent: Sequence[FileHeader]) -> list[str]:
        return unlike(list(sent), directory / "data")

    with Node(profile.name, directory) as node:
        exchanges = (
            Exchange(
                "our requestor to the daemon",
                list(by_name.values()),
                latest,
                lambda sent: send(reactor, profile.name, pki, node.port, sent),
                kept,
            ),
            Exchange(
                "the same with TLS 1.0 only",
                by_device,
                of_old,
                lambda sent: send(reactor, profile.of_old, pki, node.port, sent),
                kept,
            ),
            Exchange(
                "storescu to the daemon",
                by_dcmtk,
                latest,
                lambda sent: deferToThread(storescu, profile.option, pki, node.port, sent),
                kept,
            ),
        )
        outcomes = [await exchange.run(profile) for exchange in exchanges]
    with storescp(profile.option, pki, theirs) as port:
        to_storescp = Exchange(
            "our requestor to storescp",
            by_dcmtk + by_device,
            latest,
            lambda sent: send(reactor, profile.name, pki, port, sent),
            lambda sent: changed(sent, theirs),
        )
        outcomes.append(await to_storescp.run(profile))
    return outcomes


def table_of(outcomes: Sequence[Outcome]) -> Table:
    """The outcomes for a terminal."""
    table = Table(title=SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode(), title_justify="left")
    for heading in ("profile", "who", "suite", "encryption", "integrity", "key", "objects"):
        table.add_column(heading)
    for profile, who, link, objects, wrong in outcomes:
        parts = ("", "", "", "")
        if link is not None:
            parts = (
                f"{link.protocol} {link.suite}",
                f"{link.encryption}, {link.bits} bits",
                link.integrity,
                link.key_exchange,
            )
        table.add_row(profile, who, *parts, "FAILED" if wrong else f"{objects}, identical")
    return table


async def prove(reactor: IReactor) -> None:
    """Every profile; exits 1 if anything is not as it must be."""
    files = list(shipped_files())
    outcomes: list[Outcome] = []
    for profile in RETIRED:
        PROFILES[profile.of_old] = replace(
            PROFILES[profile.name], name=profile.of_old, maximum_version=TLSVersion.TLS_1_0
        )
    with tempfile.TemporaryDirectory(prefix="txdicomtls-legacy-") as name:
        for profile in RETIRED:
            outcomes += await speak(reactor, profile, files, Path(name) / profile.name)
    # Wide enough for the names of suites also where the output is no terminal.
    console = Console(highlight=False, width=200)
    console.print(table_of(outcomes))
    failures = [outcome for outcome in outcomes if outcome.wrong]
    for outcome in failures:
        print(f"FAILED: {outcome.profile}, {outcome.who}: {outcome.wrong}")
    if failures:
        raise SystemExit(1)
    print(f"{len(outcomes)} exchanges, each as its profile has it")


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(prove(reactor)))
