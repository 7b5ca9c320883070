"""Several certificates behind one port (RFC 6066 3)."""

from __future__ import annotations

from typing import Any
from unittest import mock

from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA, OTHER_CA
from tests.tls.pair import FromContext, Pair, join, security
from txdicomtls.tls import DEFAULT_PROFILE, Security, Trust, verification
from txdicomtls.tls.refusals import Suspect

CLIENT = CA.issue("client.example", subject="client")
NODE = CA.issue("pacs.example", subject="node")
ARCHIVE = CA.issue("archive.example", subject="archive", kind="rsa2048")
ANY = OTHER_CA.issue("*.wards.example", subject="any ward")


def server(**more: Any) -> Security:
    return Security(
        profile=DEFAULT_PROFILE,
        trust=CA.trust,
        credentials=NODE.credentials,
        further=(ARCHIVE.credentials, ANY.credentials),
        **more,
    )


def client(**more: Any) -> Security:
    both = Trust((*CA.trust.certificates, *OTHER_CA.trust.certificates))
    return security(CLIENT.credentials, trust=both, **more)


class CertificateChoiceTests(SynchronousTestCase):
    def subject(self, pair: Pair) -> str:
        """Of the certificate that the server showed; the client was verified as ever."""
        self.assertEqual("CN=client", pair.server.secure_link.peer_subject)
        return pair.client.secure_link.peer_subject

    def test_the_client_is_shown_the_certificate_of_the_name_that_it_asks_for(self) -> None:
        ours, theirs = client(), server()
        for name, subject in (
            ("pacs.example", "CN=node"),
            ("archive.example", "CN=archive"),
            ("ARCHIVE.example", "CN=archive"),
            ("seven.wards.example", "CN=any ward"),
        ):
            pair = join(ours, theirs, name)
            self.assertEqual(subject, self.subject(pair))
            self.assertEqual(name.lower(), pair.server.secure_link.server_name)
            self.assertEqual("dicom", pair.server.secure_link.alpn)

    def test_who_asks_for_nobody_we_know_is_shown_the_first(self) -> None:
        pair = join(client(), server(), "ris.example")
        self.assertIsNone(pair.client.link)
        self.assertIn("pacs.example", str(pair.client.failure))

    def test_a_client_without_a_name_is_shown_the_first(self) -> None:
        context = SSL.Context(SSL.TLS_METHOD)
        context.use_certificate(CLIENT.certificate)
        context.use_privatekey(CLIENT.key)
        pair = join(FromContext(context), server())
        shown = pair.client.transport._tlsConnection.get_peer_certificate(
            as_cryptography=True
        )  # a plain client has no link of ours
        self.assertEqual(NODE.certificate, shown)
        self.assertEqual("CN=client", pair.server.secure_link.peer_subject)

    def test_a_client_that_is_not_trusted_is_refused_whatever_name_it_asks_for(self) -> None:
        stranger = security(OTHER_CA.issue("x").credentials, trust=Trust((*CA.trust.certificates,)))
        for name in ("pacs.example", "archive.example"):
            pair = join(stranger, server(), name)
            self.assertIsNone(pair.server.link)
            self.assertIn("not issued by a CA that this node trusts", str(pair.server.failure))

    def test_what_breaks_on_one_link_is_not_told_to_the_next(self) -> None:
        def breaks(suspect: Suspect, *_: object, **__: object) -> None:
            if not suspect.is_client:
                raise ZeroDivisionError

        theirs = server()
        with mock.patch.object(verification, "broken_rule", breaks):
            pair = join(client(), theirs, "archive.example")
        self.assertIsNone(pair.server.link)
        self.assertIsInstance(pair.server.reason and pair.server.reason.value, ZeroDivisionError)
        self.assertEqual("CN=node", self.subject(join(client(), theirs, "pacs.example")))

    def test_without_a_first_there_is_nothing_further(self) -> None:
        self.assertRaises(
            ValueError,
            Security,
            profile=DEFAULT_PROFILE,
            trust=CA.trust,
            credentials=None,
            further=(NODE.credentials,),
        )

    def test_sessions_are_taken_up_behind_each_name(self) -> None:
        ours, theirs = client(), server()
        for name in ("pacs.example", "archive.example", "pacs.example", "archive.example"):
            pair = join(ours, theirs, name)
            pair.server.transport.write(b"answer")
            pair.pump.flush()
            pair.client.transport.loseConnection()
            pair.pump.flush()
        self.assertTrue(pair.client.secure_link.resumed)
        self.assertEqual("CN=archive", self.subject(pair))


class NameVerificationTests(SynchronousTestCase):
    def test_it_is_on_unless_it_is_turned_off(self) -> None:
        self.assertIsNone(join(client(), server(), "other.example").client.link)
        careless = Security(
            profile=DEFAULT_PROFILE,
            trust=CA.trust,
            credentials=CLIENT.credentials,
            verify_names=False,
        )
        pair = join(careless, server(), "other.example")
        self.assertEqual("CN=node", pair.client.secure_link.peer_subject)

    def test_without_it_the_certificate_must_still_be_trusted(self) -> None:
        careless = Security(
            profile=DEFAULT_PROFILE,
            trust=OTHER_CA.trust,
            credentials=CLIENT.credentials,
            verify_names=False,
        )
        self.assertIsNone(join(careless, server(), "other.example").client.link)
