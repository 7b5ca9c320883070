"""Whom this node believes comes from files, and goes into OpenSSL's store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.authorities import BOTH, IS_CA, craft, crl, forge, intermediate, rsa_key_info
from tests.tls.certificates import CA, DAY, NOW, OTHER_CA, Issued, authority, private_key
from tests.tls.pair import SERVER_NAME, join
from tests.tls.threads import in_this_thread
from tests.tls.verifiers import SERVER, DirectionTestCase, Verifier, careless
from txdicomtls.errors import CredentialError, PeerNameMismatch
from txdicomtls.tls import Trust, load_trust
from txdicomtls.tls.files import LARGEST_FILE
from txdicomtls.tls.trust import Revocation, Stapling

BOTH_CAS = (CA.certificate, OTHER_CA.certificate)


class LoadingTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.first = self.folder / "first.pem"
        self.second = self.folder / "second.pem"

    def load(self, *paths: Path, **options: Any) -> Trust:
        return self.successResultOf(load_trust(paths, in_thread=in_this_thread, **options))

    def refuse(self, path: Path, words: str, paths: Sequence[Path] = (), **options: Any) -> None:
        loading = load_trust(paths, in_thread=in_this_thread, **options)
        error = self.failureResultOf(loading, CredentialError).value
        self.assertEqual(error.path, str(path))
        self.assertIn(words, str(error))


class LoadTrustTests(LoadingTestCase):
    def test_all_certificates_of_all_files_are_trusted_once(self) -> None:
        self.first.write_bytes(CA.certificate_pem + OTHER_CA.certificate_pem)
        self.second.write_bytes(b"# a comment\r\n" + CA.certificate_pem)
        self.assertEqual(self.load(self.first, self.second).certificates, BOTH_CAS)

    def test_a_file_may_be_der(self) -> None:
        self.first.write_bytes(CA.certificate.public_bytes(Encoding.DER))
        self.assertEqual(self.load(self.first).certificates, (CA.certificate,))

    def test_a_file_without_certificates_is_named(self) -> None:
        self.first.write_bytes(CA.certificate_pem)
        self.second.write_bytes(b"")
        self.refuse(self.second, "empty", [self.first, self.second])

    def test_a_certificate_whose_name_cannot_be_read_is_refused(self) -> None:
        content = bytearray(CA.certificate.public_bytes(Encoding.DER))
        at = content.rfind(b"Test CA")
        content[at : at + 2] = b"\xff\xfe"
        self.first.write_bytes(content)
        self.refuse(self.first, "cannot be read", [self.first])

    def test_a_file_that_is_too_large_is_named(self) -> None:
        self.first.write_bytes(bytes(LARGEST_FILE + 1))
        self.refuse(self.first, "more than", [self.first])

    def test_no_files_are_no_trust(self) -> None:
        self.assertEqual(self.load().certificates, ())

    def test_all_files_of_a_folder_are_read(self) -> None:
        self.first.write_bytes(CA.certificate_pem)
        (self.folder / "other.der").write_bytes(OTHER_CA.certificate.public_bytes(Encoding.DER))
        (self.folder / "9d66eef0.0").symlink_to("first.pem")  # as c_rehash makes them
        (self.folder / ".hidden").write_text("no certificate")
        (self.folder / "README").write_text("what these are")
        (self.folder / "README.md").write_text("what these are")
        self.assertEqual(set(self.load(self.folder).certificates), set(BOTH_CAS))
        self.assertEqual(len(self.load(self.folder).certificates), 2)

    def test_whatever_else_is_in_a_folder_is_refused_by_its_name(self) -> None:
        self.first.write_bytes(CA.certificate_pem)
        self.second.write_text("no certificate")
        self.refuse(self.second, "this is not a PEM file", [self.folder])
        self.second.unlink()
        self.second.mkdir()
        self.refuse(self.second, "cannot be read", [self.folder])

    def test_an_empty_folder_is_refused(self) -> None:
        self.refuse(self.folder, "there is nothing in this folder", [self.folder])

    def test_a_revocation_list_among_the_certificates_is_called_what_it_is(self) -> None:
        self.first.write_bytes(crl(CA).public_bytes(Encoding.PEM))
        self.refuse(self.first, "this is a revocation list (CRL)", [self.folder])

    def test_pinned_certificates_and_lists_come_from_files_and_folders_too(self) -> None:
        peers, lists = self.folder / "peers", self.folder / "lists"
        peers.mkdir()
        lists.mkdir()
        pinned = [craft(None, BOTH, subject=name).certificate for name in ("a", "b", "c")]
        for number, one in enumerate(pinned[:2]):
            (peers / f"{number}.pem").write_bytes(one.public_bytes(Encoding.PEM))
        self.first.write_bytes(pinned[2].public_bytes(Encoding.DER))
        listed = [crl(CA), crl(OTHER_CA)]
        (lists / "9d66eef0.r0").write_bytes(listed[0].public_bytes(Encoding.PEM))
        self.second.write_bytes(listed[1].public_bytes(Encoding.DER))
        trust = self.load(
            pinned=[peers, self.first],
            crls=[lists, self.second],
            revocation=Revocation.CHAIN,
            stapling=Stapling.REQUIRED,
            depth=1,
            judge=print,
        )
        self.assertEqual((trust.pinned, trust.crls), (tuple(pinned), tuple(listed)))
        wanted = (Revocation.CHAIN, Stapling.REQUIRED, 1, print)
        self.assertEqual((trust.revocation, trust.stapling, trust.depth, trust.judge), wanted)

    def test_a_pinned_file_or_a_list_that_is_none_is_named(self) -> None:
        self.first.write_bytes(b"garbage")
        self.refuse(self.first, "no certificate", pinned=[self.first])
        self.refuse(self.first, "revocation list", crls=[self.first])


class WarningTests(LoadingTestCase):
    """What is of no use now is a warning, because others may serve."""

    def warnings(self, **options: Any) -> list[str]:
        with capturedLogs() as events:
            self.load(self.first, **options)
        return [formatEvent(event) for event in events]

    def test_what_is_good_is_no_warning(self) -> None:
        self.first.write_bytes(CA.certificate_pem)
        self.assertEqual(self.warnings(), [])

    def test_a_ca_that_has_expired_or_is_not_valid_yet(self) -> None:
        old = craft(None, IS_CA, subject="Old", begin=NOW - 2 * DAY, end=NOW - DAY)
        new = craft(None, IS_CA, subject="New", begin=NOW + DAY, end=NOW + 2 * DAY)
        self.first.write_bytes(old.certificate_pem + new.certificate_pem)
        first, second = self.warnings()
        self.assertIn(f"CN=Old expired on {NOW - DAY:%Y-%m-%d %H:%M} UTC", first)
        self.assertIn(f"CN=New is not valid before {NOW + DAY:%Y-%m-%d %H:%M} UTC", second)

    def test_a_ca_whose_key_cannot_be_used(self) -> None:
        root = authority("RSA CA", kind="rsa2048")
        key: Any = root.key
        odd = forge(root.certificate, key, public_key=rsa_key_info(15, 1))
        self.first.write_bytes(odd.public_bytes(Encoding.PEM))
        (warning,) = self.warnings()
        self.assertIn("CN=RSA CA has a public key that cannot be used", warning)

    def test_a_list_that_has_expired(self) -> None:
        self.first.write_bytes(CA.certificate_pem)
        old = crl(CA, begin=NOW - 2 * DAY, end=NOW - DAY)
        self.second.write_bytes(old.public_bytes(Encoding.PEM))
        (warning,) = self.warnings(crls=[self.second])
        self.assertIn("(CRL) of CN=Test CA expired on", warning)

    def test_revocation_without_any_list(self) -> None:
        self.first.write_bytes(CA.certificate_pem)
        (warning,) = self.warnings(revocation=Revocation.LEAF)
        self.assertIn("there is no revocation list", warning)


class DirectTrustTests(DirectionTestCase):
    """IHE ITI-19: a peer may be trusted by its own certificate."""

    def pin(self, *issued: Issued) -> Trust:
        return Trust((CA.certificate,), pinned=tuple(one.certificate for one in issued))

    def test_a_pinned_peer_is_taken_whoever_issued_its_certificate(self) -> None:
        foreign = OTHER_CA.issue("ct1.example", subject="Pinned")
        with_chain = Issued(foreign.certificate, foreign.key, (OTHER_CA.certificate,))
        ca = intermediate(OTHER_CA)
        below = ca.issue("ct1.example", subject="Pinned")
        for peer in (
            craft(None, BOTH, subject="Pinned"),
            craft(None, IS_CA, subject="Pinned"),  # as openssl req -x509 makes them
            foreign,
            with_chain,
            below,
            Issued(below.certificate, below.key, (*below.chain, OTHER_CA.certificate)),
            CA.issue("ct1.example", subject="Pinned"),
        ):
            self.assertEqual(self.take_client(peer, self.pin(peer)), ("CN=Pinned",))

    def test_nothing_above_a_pinned_peer_counts(self) -> None:
        ca = craft(OTHER_CA, IS_CA, subject="Old", begin=NOW - 2 * DAY, end=NOW - DAY)
        peer = ca.issue("ct1.example", subject="Pinned")
        self.assertEqual(self.take_client(peer, self.pin(peer)), ("CN=Pinned",))

    def test_another_certificate_of_the_same_name_and_key_is_not_pinned(self) -> None:
        pinned, other = craft(None, BOTH), craft(None, BOTH)
        self.refuse_client(other, "was not issued by a CA", "unknown_ca", self.pin(pinned))

    def test_a_pinned_peer_vouches_for_nobody(self) -> None:
        for pinned in (craft(None, IS_CA, subject="CA"), intermediate(OTHER_CA, "CA")):
            below = pinned.issue("ct1.example")
            trust = self.pin(pinned)
            for chain in ((), (pinned.certificate,), (pinned.certificate, OTHER_CA.certificate)):
                peer = Issued(below.certificate, below.key, chain)
                self.refuse_client(peer, "was not issued by a CA", "unknown_ca", trust)

    def test_a_pinned_intermediate_does_not_stand_in_the_way_of_others(self) -> None:
        ca = intermediate()
        self.assertEqual(len(self.take_client(ca.issue("ct1.example"), self.pin(ca))), 3)

    def test_the_dates_of_a_pinned_peer_hold(self) -> None:
        for issuer in (None, OTHER_CA):
            peer = craft(issuer, BOTH, begin=NOW - 2 * DAY, end=NOW - DAY)
            self.refuse_client(peer, "expired on", "certificate_expired", self.pin(peer))
            peer = craft(issuer, BOTH, begin=NOW + DAY, end=NOW + 2 * DAY)
            self.refuse_client(peer, "not valid before", "bad_certificate", self.pin(peer))

    def test_the_floors_hold_for_a_pinned_peer(self) -> None:
        peer = craft(None, BOTH, key=private_key("rsa1024", 5))
        for level in (2, 0):
            self.refuse_client(peer, "key", "bad_certificate", self.pin(peer), security_level=level)

    def test_the_purpose_of_a_pinned_peer_holds(self) -> None:
        from_server = CA.issue(SERVER_NAME, purposes=[ExtendedKeyUsageOID.SERVER_AUTH])
        self.refuse_client(
            from_server, "client authentication", "unsupported_certificate", self.pin(from_server)
        )

    def test_the_name_of_a_pinned_server_holds(self) -> None:
        server = craft(None, BOTH, names=["ris.example"])
        shown = careless(server, SSL.TLS1_3_VERSION)
        pair = join(Verifier(self.pin(server)), shown)
        self.assertIsInstance(pair.client.failure, PeerNameMismatch)
        pair = join(Verifier(self.pin(server), server_name="ris.example"), shown)
        self.assertEqual(pair.client.secure_link.peer_chain, (server.certificate,))

    def test_a_judge_may_refuse_a_pinned_peer(self) -> None:
        peer = craft(None, BOTH)
        trust = Trust((), pinned=(peer.certificate,), judge=lambda _: "not today")
        self.refuse_client(peer, "is not wanted: not today", "bad_certificate", trust)

    def test_the_signature_of_a_pinned_peer_does_not_matter(self) -> None:
        root = authority("RSA CA", kind="rsa2048")
        key: Any = root.key
        peer = craft(root, BOTH)
        weak = forge(peer.certificate, key, hash_name="sha1")
        pinned = Issued(weak, peer.key)
        self.take_client(pinned, self.pin(pinned))


class DepthTests(DirectionTestCase):
    def test_the_depth_is_that_of_the_trust(self) -> None:
        one = intermediate()
        two = intermediate(one, "Two")
        for depth, issuer, taken in (
            (0, CA, True),
            (0, one, False),
            (1, one, True),
            (1, two, False),
        ):
            trust = Trust((CA.certificate,), depth=depth)
            peer = issuer.issue("ct1.example")
            if taken:
                self.take_client(peer, trust)
            else:
                words = f"more than {depth} intermediate certificates"
                self.refuse_client(peer, words, "unknown_ca", trust)

    def test_a_server_is_judged_by_it_too(self) -> None:
        trust = Trust((CA.certificate,), depth=0)
        for issuer, taken in ((CA, True), (intermediate(), False)):
            server = careless(issuer.issue(SERVER_NAME), SSL.TLS1_3_VERSION)
            self.assertEqual(join(Verifier(trust, SERVER), server).client.link is not None, taken)
