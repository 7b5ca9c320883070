"""What a peer shows becomes credentials of its kind, and no secret of them shows."""

from __future__ import annotations

from twisted.cred.credentials import IUsernamePassword
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.access.facts import facts, identity
from txdicomtls.access import (
    IAssociationCredentials,
    IJSONWebToken,
    IKerberosTicket,
    INodeCredentials,
    ISAMLAssertion,
    IUserName,
    IUserNameAndPasscode,
    UserNameAndPasscode,
)
from txdicomtls.access.credentials import node_credentials, user_credentials

#: By user identity type: the interface, and the attributes with the fields.
KINDS = {
    1: (IUserName, {"user_name": b"hunter2"}),
    2: (IUserNameAndPasscode, {"user_name": b"hunter2", "passcode": b"hunter3"}),
    3: (IKerberosTicket, {"ticket": b"hunter2"}),
    4: (ISAMLAssertion, {"assertion": b"hunter2"}),
    5: (IJSONWebToken, {"token": b"hunter2"}),
}


class CredentialsTests(SynchronousTestCase):
    def test_each_type_of_user_identity_has_its_interface(self) -> None:
        for kind, (interface, attributes) in KINDS.items():
            credentials = user_credentials(facts(), identity(kind, b"hunter2", b"hunter3"))
            verifyObject(interface, credentials)
            for other, _ in KINDS.values():
                self.assertEqual(other is interface, other.providedBy(credentials))
            for name, value in attributes.items():
                self.assertEqual(value, getattr(credentials, name))
            self.assertFalse(INodeCredentials.providedBy(credentials))

    def test_a_type_that_the_standard_does_not_know_is_none(self) -> None:
        for kind in (0, 6, 255):
            self.assertIsNone(user_credentials(facts(), identity(kind, b"a")))

    def test_all_of_them_say_who_calls_whom_from_where(self) -> None:
        association = facts("CT1", "PACS")
        user = user_credentials(association, identity(1, b"a"))
        for credentials in (node_credentials(association), user):
            assert credentials is not None
            verifyObject(IAssociationCredentials, credentials)
            self.assertEqual(
                ("CT1", "PACS", association.peer, association.address, association.link),
                (
                    credentials.calling_ae_title,
                    credentials.called_ae_title,
                    credentials.peer,
                    credentials.address,
                    credentials.link,
                ),
            )

    def test_secrets_do_not_show(self) -> None:
        for kind in (2, 3, 4, 5):
            shown = repr(user_credentials(facts(), identity(kind, b"hunter2", b"hunter3")))
            self.assertNotIn("hunter3", shown)
            if kind != 2:
                self.assertNotIn("hunter2", shown)

    def test_a_passcode_serves_the_checkers_of_twisted_as_well(self) -> None:
        credentials = user_credentials(facts(), identity(2, b"alice", b"sesame"))
        assert isinstance(credentials, UserNameAndPasscode)
        verifyObject(IUsernamePassword, credentials)
        self.assertEqual((b"alice", b"sesame"), (credentials.username, credentials.password))
        self.assertTrue(credentials.checkPassword(b"sesame"))
        self.assertFalse(credentials.checkPassword(b"Sesame"))
