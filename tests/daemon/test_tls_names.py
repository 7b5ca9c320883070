"""The name in the certificate of a node: ``txdicomtls`` connects only to what it asked for."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.internet.defer import Deferred, gatherResults

from tests.daemon.cases import DaemonTestCase
from tests.daemon.test_tls_certificates import below_a_root, pem
from tests.daemon.tls_certificates import (
    CLIENT_AUTH,
    SEQUENCE,
    SERVER_AUTH,
    alternative_names,
    basic_constraints,
    der,
    extended_key_usage,
    extension,
    key_pem,
    name,
    private_key,
    public_octets,
)
from tests.running import make_certificates

#: The address 127.0.0.1, and localhost, as alternative names (RFC 5280 4.2.1.6).
_ADDRESS = extension("2.5.29.17", der(SEQUENCE, der(0x87, b"\x7f\0\0\x01")))
_LOCALHOST = alternative_names(b"localhost")

#: What the certificate of the node is for, whom somebody connects to, and what is said then;
#: nothing where that is the same.
NAMES = {
    "another host": (alternative_names(b"pacs.example"), "localhost", "is for pacs.example, not"),
    "nothing but a common name": (b"", "localhost", "not for localhost"),
    "every host": (alternative_names(b"*"), "localhost", "not for localhost"),
    "half of a label": (alternative_names(b"local*"), "localhost", "not for localhost"),
    "the middle of a label": (alternative_names(b"l*t"), "localhost", "not for localhost"),
    "the address": (_ADDRESS, "localhost", "not for localhost"),
    "the host": (_LOCALHOST, "127.0.0.1", "is for localhost, not for 127.0.0.1"),
    "the address as if it were a name": (
        alternative_names(b"127.0.0.1"),
        "127.0.0.1",
        "not for 127.0.0.1",
    ),
    "the host itself": (_LOCALHOST, "localhost", ""),
    "the host in other letters": (_LOCALHOST, "LocalHost", ""),
    "the address itself": (_ADDRESS, "127.0.0.1", ""),
    "a mixture": (alternative_names(b"pacs.example", b"LOCALHOST"), "localhost", ""),
}

#: What is no host, in a way that only somebody who reads closely sees.
NO_HOSTS = (
    "xn--",
    "xn--zzzzzzzz-.example",
    "pacs..example",
    "p\u200dacs.example",
    "pacs-.example",
    "a" * 64 + ".example",
)


#: One more certificate at one more port.
SECTION = """
[tls.n{number}]
certificate = "{certificate}"
private_key = "{directory}/names.key"
trust = ["{directory}/ca.crt"]

[[listen]]
port = 0
interface = "127.0.0.1"
tls = "n{number}"
"""


class NodeNameTests(DaemonTestCase):
    async def test_who_is_not_whom_we_asked_for_is_not_spoken_to(self) -> None:
        certificates, ca = below_a_root(Path(self.mktemp()))
        directory, key = certificates.directory, private_key("p256", 4)
        (directory / "names.key").touch(mode=0o600)
        (directory / "names.key").write_bytes(key_pem(key))
        purposes = (basic_constraints(is_ca=False), extended_key_usage(SERVER_AUTH, CLIENT_AUTH))
        # One daemon shows them all, each at a port of its own.
        sections = []
        for number, (alternatives, _, _) in enumerate(NAMES.values()):
            (octets,) = ca.issue(
                public_octets(key),
                subject=name(b"localhost"),
                extensions=(*purposes, *([alternatives] if alternatives else ())),
            )
            file = directory / f"{number}.crt"
            file.write_text(pem(octets))
            sections.append(SECTION.format(number=number, certificate=file, directory=directory))
        daemon = await self.start(certificates=certificates, more="\n".join(sections))
        # The first port is the one that every daemon of a test has.
        port = r"listens on \S+ port (\d+)\D"
        await self.soon(daemon.process.when_says(port, times=1 + len(NAMES)))
        _, *ports = re.findall(port, daemon.process.output)
        outcomes = [
            Deferred.fromCoroutine(self.command("echo", f"{host}:{port}", *certificates.options))
            for (_, host, _), port in zip(NAMES.values(), ports, strict=True)
        ]
        for (what, (_, _, words)), (status, said, wrong) in zip(
            NAMES.items(), await gatherResults(outcomes), strict=True
        ):
            self.assertEqual(int(bool(words)), status, f"{what}: {said}{wrong}")
            self.assertIn(words, wrong, what)
        self.assertEqual(
            sum(not words for _, _, words in NAMES.values()),
            daemon.process.output.count(" presentation contexts, "),
        )

    async def test_what_is_no_host_name_is_one_line(self) -> None:
        certificates = make_certificates(Path(self.mktemp()).absolute())  # noqa: ASYNC240  # a test may wait
        outcomes = [
            Deferred.fromCoroutine(self.command("echo", f"{host}:2762", *certificates.options))
            for host in NO_HOSTS
        ]
        for host, (status, _, wrong) in zip(NO_HOSTS, await gatherResults(outcomes), strict=True):
            self.assertIn(status, (1, 2), host)
            self.assertNotIn("Traceback", wrong, host)
            self.assertIn(host.encode("ascii", "backslashreplace").decode(), wrong)
            self.assertEqual(1, len(wrong.splitlines()), wrong)
