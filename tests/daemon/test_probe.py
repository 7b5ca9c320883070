"""``txdicomtls probe`` against real servers: our daemon, DCMTK and OpenSSL."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import Any

from twisted.internet.protocol import Factory

from tests.daemon.cases import DaemonTestCase
from tests.daemon.test_commands import Answering
from tests.interop.peers import dcmtk, free_port, missing, start_storescp
from tests.running import Certificates, make_certificates, start
from txdicomtls.tls.authority import KeyType

#: What the default profile has for a node with an ECDSA key.
ECDSA_SUITES = [
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
]

DEFAULT = "bcp195-rfc9325"


class ProbeTestCase(DaemonTestCase):
    async def probe(self, port: int, *words: str | Path, status: int = 0) -> dict[str, Any]:
        """What is found, once the command has ended as it should."""
        found, said, errors = await self.command(
            "probe", f"localhost:{port}", "--json", "--timeout=10", *words
        )
        self.assertEqual(status, found, errors)
        self.assertNotIn("Traceback", errors)
        facts: dict[str, Any] = json.loads(said)
        return facts

    def versions(self, facts: dict[str, Any]) -> dict[str, Any]:
        return {each["version"]: each for each in facts["versions"]}


class DaemonTests(ProbeTestCase):
    async def test_the_daemon_is_what_its_profile_says(self) -> None:
        daemon = await self.start()
        facts = await self.probe(
            daemon.port, f"--ca={daemon.certificates.certificate('ca')}", f"--require={DEFAULT}"
        )
        versions = self.versions(facts)
        self.assertEqual(["TLS 1.3", "TLS 1.2"], list(versions))
        self.assertEqual(ECDSA_SUITES, versions["TLS 1.2"]["suites"])
        self.assertEqual("server", versions["TLS 1.2"]["preference"])
        self.assertEqual("TLS 1.3", facts["prefers"])
        self.assertEqual("required", facts["client_certificate"])
        self.assertEqual(["taken", "refused"], [facts["alpn_dicom"], facts["alpn_other"]])
        self.assertEqual([], facts["remarks"])
        [chain] = facts["chains"]
        self.assertEqual((True, []), (chain["is_trusted"], chain["problems"]))
        self.assertEqual("CN=node", chain["certificates"][0]["description"]["subject"])
        self.assertTrue(facts["profiles"][DEFAULT]["satisfied"])
        await self.assert_serves(daemon)

    async def test_a_profile_that_it_does_not_satisfy_is_exit_status_1_with_the_reasons(
        self,
    ) -> None:
        daemon = await self.start()
        status, said, errors = await self.command(
            "probe", f"localhost:{daemon.port}", "--require=bcp195-rfc9325-modified"
        )
        self.assertEqual(1, status)
        self.assertIn("is not satisfied: does not take TLS_AES_128_CCM_SHA256", errors)
        self.assertIn("certificates", said)

    async def test_an_association_shows_what_the_node_takes(self) -> None:
        daemon = await self.start()
        facts = await self.probe(daemon.port, "--associate", *daemon.certificates.options)
        association = facts["association"]
        self.assertEqual(
            ["Implicit VR Little Endian"],
            [name.split(":")[0] for name in association["contexts"]["Verification SOP Class"]],
        )
        self.assertEqual(5, len(association["contexts"]["CT Image Storage"]))
        self.assertEqual([], association["refused"])
        self.assertRegex(association["implementation_version_name"], "TXDICOMTLS")
        self.assertGreater(association["maximum_length"], 0)
        self.assertGreaterEqual(association["window"], 1)

    async def test_an_association_that_is_refused_does_not_hide_the_rest(self) -> None:
        daemon = await self.start()
        words = ["--associate", "--called=NOBODY", *daemon.certificates.options]
        status, said, errors = await self.command("probe", f"localhost:{daemon.port}", *words)
        self.assertEqual((1, 1), (status, len(errors.splitlines())), errors)
        self.assertIn("called ae title not recognized", errors)
        self.assertRegex(said, r"client certificate *│ required")
        facts = await self.probe(daemon.port, *words, status=1)
        self.assertIsNone(facts["association"])

    async def test_a_person_gets_tables(self) -> None:
        daemon = await self.start()
        status, said, errors = await self.command(
            "probe", f"localhost:{daemon.port}", "--associate", *daemon.certificates.options
        )
        self.assertEqual((0, ""), (status, errors))
        self.assertRegex(said, r"client certificate *│ required")
        self.assertRegex(said, rf"{DEFAULT} *│ PS3.15 B.12 *│ yes")
        self.assertRegex(said, r"trusted *│ yes")
        self.assertRegex(said, r"CT Image Storage *│ Implicit VR Little Endian")
        for name in ECDSA_SUITES:
            self.assertIn(name, said)

    async def test_usage_errors_are_exit_status_2(self) -> None:
        for words in (
            ["localhost:1", "--require=strongest"],
            ["localhost:1", "--associate"],
            ["localhost:1", "--key=client.key", "--ca=ca.crt"],
            ["localhost:x"],
        ):
            status, _, errors = await self.command("probe", *words)
            self.assertEqual(2, status, errors)


class StrangerTests(ProbeTestCase):
    def listen(self, answer: bytes | None) -> int:
        from twisted.internet import reactor

        factory = Factory.forProtocol(lambda: Answering(answer))
        factory.noisy = False
        anything: Any = reactor
        port = anything.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return int(port.getHost().port)

    async def test_what_is_not_tls_is_named_and_is_exit_status_1(self) -> None:
        for answer, speaks in (
            (bytes.fromhex("07 00 00 00 00 04 00 00 00 00"), "plain DICOM"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
            (b"SSH-2.0-OpenSSH_9.9\r\n", "SSH"),
            (b"", "nothing"),
        ):
            facts = await self.probe(self.listen(answer), status=1)
            self.assertEqual(speaks, facts["speaks"])
            self.assertFalse(facts["profiles"][DEFAULT]["satisfied"])

    async def test_who_is_not_there_or_silent_is_one_line(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        status, said, errors = await self.command("probe", f"localhost:{port}")
        self.assertEqual((1, "", 1), (status, said, len(errors.splitlines())))
        self.assertIn(f"cannot connect to localhost port {port}", errors)
        silent = self.listen(None)
        status, said, _ = await self.command("probe", f"localhost:{silent}", "--timeout=0.5")
        self.assertEqual(1, status)
        self.assertIn("the peer says nothing", said)


class DCMTKTests(ProbeTestCase):
    def setUp(self) -> None:
        dcmtk("storescp")
        self.certificates = make_certificates(Path(self.mktemp()).absolute(), key_type=KeyType.RSA)

    async def test_each_of_its_profiles_is_seen(self) -> None:
        ca = f"--ca={self.certificates.certificate('ca')}"
        for option, satisfied, not_satisfied in (
            ("+py", "bcp195-non-downgrading", "bcp195-rfc9325"),
            ("+px", "bcp195", "bcp195-rfc9325"),
            ("+pz", "bcp195-extended", "bcp195-rfc9325-modified"),
        ):
            _, port = await start_storescp(self, self.certificates, option)
            facts = await self.probe(port, ca)
            profiles = facts["profiles"]
            self.assertTrue(profiles[satisfied]["satisfied"], (option, profiles[satisfied]))
            self.assertFalse(profiles[not_satisfied]["satisfied"], option)
            self.assertEqual("required", facts["client_certificate"])
            self.assertEqual("passed over", facts["alpn_dicom"])

    async def test_its_contexts_are_listed(self) -> None:
        _, port = await start_storescp(self, self.certificates)
        facts = await self.probe(port, "--associate", *self.certificates.options)
        association = facts["association"]
        self.assertIn("OFFIS_DCMTK", association["implementation_version_name"])
        self.assertEqual(1, association["window"])
        self.assertIn("CT Image Storage", association["contexts"])


class OpenSSLTests(ProbeTestCase):
    def certificates(self, key_type: KeyType) -> Certificates:
        return make_certificates(Path(self.mktemp()).absolute(), key_type=key_type)

    async def s_server(self, certificates: Certificates, *words: str | Path) -> int:
        """Start ``openssl s_server``: its port."""
        program = shutil.which("openssl")
        if program is None:
            raise missing("there is no openssl on PATH")
        port = free_port()
        process = start(
            self,
            [
                program,
                "s_server",
                "-accept",
                str(port),
                "-cert",
                certificates.certificate("node"),
                "-key",
                certificates.key("node"),
                *words,
            ],
        )
        await self.soon(process.when_says("ACCEPT"))
        return port

    async def test_a_server_of_everything_is_told_all_its_weaknesses(self) -> None:
        certificates = self.certificates(KeyType.RSA)
        port = await self.s_server(
            certificates, "-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0", "-alpn", "dicom"
        )
        facts = await self.probe(port, f"--require={DEFAULT}", status=1)
        versions = self.versions(facts)
        self.assertEqual(["TLS 1.3", "TLS 1.2", "TLS 1.1", "TLS 1.0"], list(versions))
        for each in list(versions.values())[1:]:
            self.assertIn("TLS_RSA_WITH_NULL_SHA", each["suites"])
            self.assertIn("TLS_DH_anon_WITH_AES_128_CBC_SHA", each["suites"])
            self.assertEqual("client", each["preference"])
        self.assertGreater(versions["TLS 1.2"]["dhe_bits"], 0)
        self.assertEqual("not asked for", facts["client_certificate"])
        self.assertEqual("resumed", facts["resumption"])
        self.assertEqual(["taken", "refused"], [facts["alpn_dicom"], facts["alpn_other"]])
        problems = facts["profiles"][DEFAULT]["problems"]
        self.assertIn("accepts TLS 1.0", problems)
        self.assertIn("accepts TLS 1.1", problems)
        self.assertTrue(any("TLS_RSA_WITH_AES_128_CBC_SHA" in each for each in problems))

    async def test_versions_orders_groups_and_demands_are_told_apart(self) -> None:
        certificates = self.certificates(KeyType.ECDSA)
        ca = certificates.certificate("ca")
        for words, expected in (
            (["-tls1_3", "-Verify", "1"], (["TLS 1.3"], "required")),
            (["-tls1_3", "-verify", "1"], (["TLS 1.3"], "optional")),
            (["-tls1_2", "-Verify", "1"], (["TLS 1.2"], "required")),
            (["-tls1_2", "-verify", "1"], (["TLS 1.2"], "optional")),
            (["-tls1_2"], (["TLS 1.2"], "not asked for")),
        ):
            port = await self.s_server(
                certificates, "-CAfile", ca, "-serverpref", "-groups", "P-384:X25519:P-256", *words
            )
            facts = await self.probe(port, f"--ca={ca}")
            [version] = facts["versions"]
            self.assertEqual(expected, ([version["version"]], facts["client_certificate"]))
            self.assertEqual("server", version["preference"])
            self.assertEqual("secp384r1", version["groups"][0])
            wants = "CN=txdicomtls test CA" if "erify" in str(words) else ""
            self.assertIn(wants, " ".join(facts["authorities"]))
