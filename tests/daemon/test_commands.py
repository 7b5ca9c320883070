"""``txdicomtls`` where something is wrong: one line that says what to do, and exit status 1."""

from __future__ import annotations

import re
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import CertificateOptions, PrivateCertificate

from tests.daemon.cases import DaemonTestCase, files_below
from tests.daemon.peer import abort, data_set
from tests.running import make_certificates
from txdicomtls.instance import IncomingInstance
from txdicomtls.part10 import meta_bytes
from txdicomtls.tls.authority import CertifiedKey, create_authority, write

NOW = datetime.now(UTC)
PASSWORD = b"correct horse"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"


class Answering(Protocol):
    """A server that has one answer to everything; empty for one that closes, None for silence."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        if self.answer is not None:
            self.transport.write(self.answer)
            self.transport.loseConnection()


class CommandTestCase(DaemonTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.certificates = make_certificates(self.directory)

    def listen(self, answer: bytes | None, key: CertifiedKey | None = None) -> int:
        """Be a server that is not what a command expects: its port.

        :param key: what it shows as a server of TLS; None for one without TLS.
        """
        from twisted.internet import reactor

        factory = Factory.forProtocol(lambda: Answering(answer))
        factory.noisy = False
        anything: Any = reactor  # half of what follows is not typed
        if key is None:
            port = anything.listenTCP(0, factory, interface="127.0.0.1")
        else:
            pair = PrivateCertificate.loadPEM(key.certificate_pem() + key.private_key_pem())
            options = CertificateOptions(
                privateKey=pair.privateKey.original,
                certificate=pair.original,
                # Without it Twisted fails the handshake of a client that asks for a protocol.
                acceptableProtocols=[b"dicom"],
            )
            port = anything.listenSSL(0, factory, options, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return int(port.getHost().port)

    def options(self, **changes: str | Path | None) -> list[str]:
        """The options of a good client, but for some; None leaves one out."""
        options: dict[str, str | Path | None] = {
            "cert": self.certificates.certificate("client"),
            "key": self.certificates.key("client"),
            "ca": self.certificates.certificate("ca"),
        }
        options |= changes
        return [
            f"--{name.replace('_', '-')}={value}"
            for name, value in options.items()
            if value is not None
        ]


class EchoTests(CommandTestCase):
    async def test_a_server_that_is_not_what_it_should_be_is_named(self) -> None:
        ours = self.certificates.authority
        past = NOW - timedelta(days=3)
        stranger = create_authority(now=NOW, days=1)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            closed_port = closed.getsockname()[1]
        servers = {
            "expired": (
                self.listen(None, ours.issue_node(["localhost"], now=past, days=1)),
                r"the certificate of the server \(CN=node\) expired on .*: have it renewed",
            ),
            "of another CA": (
                self.listen(None, stranger.issue_node(["localhost"], now=NOW, days=1)),
                "was not issued by a CA that this node trusts .*: add the certificate of that CA",
            ),
            "for another host": (
                self.listen(None, ours.issue_node(["pacs.example"], now=NOW, days=1)),
                "the certificate of the peer is for pacs.example, not for localhost: connect by",
            ),
            "without TLS, plain DICOM": (
                self.listen(abort(0, 0)),
                "the peer speaks plain DICOM, not DICOM over TLS: connect to its TLS port",
            ),
            "without TLS, HTTP": (
                self.listen(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
                "the peer speaks HTTP, not TLS: check host and port",
            ),
            "without TLS, closing": (
                self.listen(b""),
                "the peer closed the connection without a byte of TLS: check that this is a port",
            ),
            "closed": (
                closed_port,
                f"cannot connect to localhost port {closed_port}: .*refused",
            ),
            "silent": (self.listen(None), "the link was still handshaking after 2 s"),
            "silent after the handshake": (
                self.listen(None, ours.issue_node(["localhost"], now=NOW, days=1)),
                "no answer to the association request within 2 s",
            ),
        }
        await self.check(
            {
                what: ([f"localhost:{port}", *self.options(), "--timeout=2"], words)
                for what, (port, words) in servers.items()
            }
        )

    async def test_a_node_that_refuses_us_is_quoted(self) -> None:
        daemon = await self.start(certificates=self.certificates)
        stranger = create_authority(now=NOW, days=1).issue_client("client", now=NOW, days=1)
        expired = self.certificates.authority.issue_client(
            "client", now=NOW - timedelta(days=3), days=1
        )
        write(self.directory, {"stranger": stranger, "expired": expired})
        address = f"localhost:{daemon.port}"
        await self.check(
            {
                "without a certificate": (
                    [address, *self.options(cert=None, key=None)],
                    (
                        "the peer refused the handshake because it wants a client certificate: "
                        "configure one"
                    ),
                ),
                "with that of another CA": (
                    [address, *self.identity("stranger")],
                    "the peer refused our certificate because it does not trust the CA that issued",
                ),
                "with one that has expired": (
                    [address, *self.identity("expired")],
                    "expired.crt: this certificate expired on .*: have it renewed",
                ),
                "by another AE title": (
                    [address, *self.options(), "--called=SOMEBODY"],
                    "the peer rejected the association permanently: called ae title not recognized",
                ),
                "by what is no AE title": (
                    [address, *self.options(), "--called=A\\B"],
                    "is no AE title",
                ),
            }
        )
        status, said, complained = await self.command("echo", address, *self.options())
        self.assertEqual((0, ""), (status, complained))
        self.assertIn("0000H", said)

    async def test_files_that_cannot_be_used_are_named(self) -> None:
        port = self.listen(None)
        client = self.certificates.authority.issue_client("client", now=NOW, days=1)
        write(self.directory, {"encrypted": client}, password=PASSWORD)
        (self.directory / "wrong").write_text("battery staple\n")
        (self.directory / "noise").write_bytes(b"\xff\xfe noise")
        wrong, noise = self.directory / "wrong", self.directory / "noise"
        missing = self.directory / "missing"
        good = self.certificates
        await self.check(
            {
                what: ([f"localhost:{port}", *options], words)
                for what, (options, words) in {
                    "no such certificate": (
                        self.options(cert=missing),
                        "/missing: there is no such file",
                    ),
                    "no such key": (self.options(key=missing), "/missing: there is no such file"),
                    "no such trust": (self.options(ca=missing), "/missing: there is no such file"),
                    "noise for a certificate": (
                        self.options(cert=noise),
                        "/noise: this is not a PEM file, and no certificate in DER either",
                    ),
                    "certificate and key exchanged": (
                        self.options(cert=good.key("client"), key=good.certificate("client")),
                        "are the two exchanged?",
                    ),
                    "the key of another certificate": (
                        self.options(key=good.key("node")),
                        "node.key: this private key does not belong to the first certificate in ",
                    ),
                    "a certificate without its key": (
                        self.options(key=None),
                        "there is no private key in this file: name the file that has it",
                    ),
                    "the wrong password": (
                        [*self.identity("encrypted"), f"--password-file={wrong}"],
                        "encrypted.key: the password does not open this private key",
                    ),
                    "no such password": (
                        [*self.identity("encrypted"), f"--password-file={missing}"],
                        "encrypted.key: its password cannot be read from .*/missing: No such file",
                    ),
                    "nobody to ask for the password": (
                        self.identity("encrypted"),
                        "encrypted.key: nobody answered the question for its password",
                    ),
                }.items()
            }
        )

    async def test_the_right_password_opens_the_key(self) -> None:
        daemon = await self.start(certificates=self.certificates)
        client = self.certificates.authority.issue_client("client", now=NOW, days=1)
        write(self.directory, {"encrypted": client}, password=PASSWORD)
        right = self.directory / "right"
        # Its first line: what follows may say what it is for.
        right.write_bytes(PASSWORD + b"\nof the client\n")
        address = f"localhost:{daemon.port}"
        options = [*self.identity("encrypted"), f"--password-file={right}"]
        status, _, complained = await self.command("echo", address, *options)
        self.assertEqual((0, ""), (status, complained))

    def identity(self, name: str) -> list[str]:
        """The options of another client."""
        return self.options(
            cert=self.certificates.certificate(name), key=self.certificates.key(name)
        )

    async def check(self, cases: dict[str, tuple[list[str], str]]) -> None:
        """Each ends with status 1, says nothing else than one line, and that line has the words."""
        running = [
            Deferred.fromCoroutine(self.command("echo", *words)) for words, _ in cases.values()
        ]
        wrong = []
        began = time.monotonic()
        for (what, (_, words)), outcome in zip(cases.items(), running, strict=True):
            status, said, complained = await outcome
            if not re.fullmatch(rf"txdicomtls: .*{words}.*\n", complained):
                wrong.append(f"{what}: {complained}")
            if (status, said) != (1, ""):
                wrong.append(f"{what}: status {status}, {said}")
        self.assertEqual([], wrong, "\n".join(wrong))
        self.assertLess(time.monotonic() - began, 25)


class TrustTests(CommandTestCase):
    """What a command may be told of whom to believe, and for what it is told so."""

    async def test_a_certificate_may_be_trusted_itself(self) -> None:
        daemon = await self.start(certificates=self.certificates)
        address = f"localhost:{daemon.port}"
        others = make_certificates(self.directory / "others")
        for pinned, expected in ((self.certificates, 0), (others, 1)):
            options = self.options(ca=None, pinned=pinned.certificate("node"))
            status, _, complained = await self.command("echo", address, *options)
            self.assertEqual(expected, status, complained)
        self.assertIn("was not issued by a CA that this node trusts", complained)

    async def test_a_name_is_not_verified_only_where_that_is_asked_for_and_told(self) -> None:
        other = self.certificates.authority.issue_node(["pacs.example"], now=NOW, days=1)
        self.certificates.certificate("node").write_bytes(other.certificate_pem())
        self.certificates.key("node").write_bytes(other.private_key_pem())
        daemon = await self.start(certificates=self.certificates)
        address = f"localhost:{daemon.port}"
        status, _, complained = await self.command("echo", address, *self.options())
        self.assertEqual(1, status)
        self.assertIn("is for pacs.example, not for localhost", complained)
        options = [*self.options(), "--no-verify-name"]
        status, _, complained = await self.command("echo", address, *options)
        self.assertEqual(0, status, complained)
        self.assertIn("WARNING: whether this is localhost is not verified", complained)

    async def test_a_profile_that_cannot_be_had_is_one_line(self) -> None:
        status, said, complained = await self.command(
            "echo", "localhost:1", *self.options(), "--profile=basic"
        )
        self.assertEqual((1, ""), (status, said))
        self.assertRegex(
            complained,
            r"\Atxdicomtls: profile basic needs TLS_RSA_WITH_3DES_EDE_CBC_SHA, which .*\n\Z",
        )


class StoreTests(CommandTestCase):
    async def test_what_is_wrong_with_one_file_does_not_keep_the_others_from_being_sent(
        self,
    ) -> None:
        daemon = await self.start(certificates=self.certificates)
        good = [self.dicom_file("first", "1.2.3"), self.dicom_file("last", "1.2.4")]
        bad = {
            "missing": (None, "no such file or directory"),
            "empty": (b"", "is empty"),
            "text": (b"once upon a time\n", "is not a DICOM file: there is no 'DICM'"),
            "short": (good[0].read_bytes()[:100], "is not a DICOM file: there is no 'DICM'"),
            "truncated": (
                good[0].read_bytes()[:200],
                "is truncated in its file meta information",
            ),
            "meta": (good[0].read_bytes()[: -len(data_set(100, b"1.2.3"))], "holds no data set"),
            "odd": (good[0].read_bytes()[:-1], "the length of its data set is odd"),
        }
        for name, (octets, _) in bad.items():
            if octets is not None:
                (self.directory / name).write_bytes(octets)
        nothing = self.directory / "nothing"
        nothing.mkdir()
        (nothing / "README").write_text("once upon a time\n")
        paths = [good[0], *(self.directory / name for name in bad), nothing, good[1]]
        status, said, complained = await self.command(
            "store", f"localhost:{daemon.port}", *paths, *self.options()
        )
        self.assertEqual((1, ""), (status, complained), said)
        for name, (_, words) in bad.items():
            (line,) = (line for line in said.splitlines() if re.match(rf" *{name}  +", line))
            self.assertIn(words, line)
        self.assertIn("2 stored (0.0 MB), 7 failed, 1 files passed over", said)
        kept = {file.rpartition("/")[2] for file in files_below(daemon.data / "objects")}
        self.assertEqual({"1.2.3.dcm", "1.2.4.dcm"}, kept)

    async def test_without_anything_to_send_no_node_is_called(self) -> None:
        nothing = self.directory / "nothing"
        nothing.mkdir()
        (nothing / "README").write_text("once upon a time\n")
        address = f"localhost:{self.listen(None)}"
        status, said, complained = await self.command("store", address, nothing, *self.options())
        self.assertEqual((1, ""), (status, said))
        self.assertEqual(f"txdicomtls: {nothing}: there is no DICOM file\n", complained)
        missing = self.directory / "missing"
        status, said, complained = await self.command("store", address, missing, *self.options())
        self.assertEqual((1, ""), (status, complained))
        self.assertIn("0 stored (0.0 MB), 1 failed", said)

    async def test_a_node_that_cannot_be_reached_is_one_line(self) -> None:
        port = self.listen(b"")
        file = self.dicom_file("file", "1.2.3")
        words: list[str | Path] = [f"localhost:{port}", file, *self.options(), "--timeout=2"]
        status, _, complained = await self.command("store", *words)
        self.assertEqual(1, status)
        self.assertRegex(complained, r"\Atxdicomtls: the peer closed the connection.*\n\Z")

    def dicom_file(self, name: str, uid: str) -> Path:
        """A file that can be sent."""
        instance = IncomingInstance(
            sop_class_uid=CT_IMAGE_STORAGE,
            sop_instance_uid=uid,
            transfer_syntax_uid="1.2.840.10008.1.2",
            calling_ae_title="",
            called_ae_title="",
            peer="",
        )
        path = self.directory / f"{name}.dcm"
        path.write_bytes(meta_bytes(instance) + data_set(100, uid.encode()))
        return path
