"""User identities as they are proposed."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.errors import LocalProtocolError
from txdicomtls.pdu import UserIdentityRQ, UserIdentityType
from txdicomtls.scu import PositiveResponse, UserIdentity


class UserIdentityTests(SynchronousTestCase):
    def test_each_type_has_its_number_and_fields(self) -> None:
        expected = {
            UserIdentity.name("Jürgen"): (1, "Jürgen".encode(), b""),
            UserIdentity.passcode("joe", "s3cret"): (2, b"joe", b"s3cret"),
            UserIdentity.kerberos(b"\x01ticket"): (3, b"\x01ticket", b""),
            UserIdentity.saml(b"<saml/>"): (4, b"<saml/>", b""),
            UserIdentity.jwt("a.b.c"): (5, b"a.b.c", b""),
        }
        for identity, fields in expected.items():
            request = identity.request
            self.assertEqual(fields, (request.identity_type, request.primary, request.secondary))
            self.assertFalse(request.positive_response_requested)

    def test_a_positive_response_is_requested_where_it_is_wanted(self) -> None:
        for wanted in (PositiveResponse.REQUESTED, PositiveResponse.REQUIRED):
            identity = UserIdentity.name("joe", positive_response=wanted)
            self.assertEqual(
                UserIdentityRQ(
                    identity_type=UserIdentityType.USERNAME,
                    primary=b"joe",
                    positive_response_requested=True,
                ),
                identity.request,
            )

    def test_no_secret_shows(self) -> None:
        shown = repr(UserIdentity.passcode("joe", "s3cret"))
        self.assertNotIn("joe", shown)
        self.assertNotIn("s3cret", shown)

    def test_what_fits_in_no_field_is_refused(self) -> None:
        for make in (
            lambda: UserIdentity.name(""),
            lambda: UserIdentity.name("x" * 65536),
            lambda: UserIdentity.passcode("x", "y" * 65536),
        ):
            self.assertRaises(LocalProtocolError, make)
