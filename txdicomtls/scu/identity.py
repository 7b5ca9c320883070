"""Who the user is: user identity negotiation, as the requestor proposes it (PS3.7 D.3.3.7).

The secrets are sent in the association request, which only a secure link keeps secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from txdicomtls.errors import LocalProtocolError
from txdicomtls.pdu import UserIdentityRQ, UserIdentityType

#: A field of the sub-item has a length of 16 bits (PS3.7 D.3.3.7.1).
_LONGEST = 0xFFFF


class PositiveResponse(Enum):
    """Whether the acceptor is to say that it verified the identity."""

    NOT_REQUESTED = "not requested"
    #: It is asked to; one that knows nothing of user identities accepts silently all the same.
    REQUESTED = "requested"
    #: Without it there is no association: :class:`~txdicomtls.errors.IdentityNotAcknowledged`.
    REQUIRED = "required"


_NOT_REQUESTED = PositiveResponse.NOT_REQUESTED


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """A user identity of one of the five types.  Its secrets never show in a ``repr``.

    :param request: the sub-item 58H.
    :param positive_response: whether the acceptor is to acknowledge it.
    """

    request: UserIdentityRQ
    positive_response: PositiveResponse

    @classmethod
    def name(
        cls, name: str, *, positive_response: PositiveResponse = _NOT_REQUESTED
    ) -> UserIdentity:
        """Type 1: a user name, and nothing that proves it.

        :raises LocalProtocolError: it is empty, or longer than 65535 bytes; also below.
        """
        return cls._of(UserIdentityType.USERNAME, name.encode(), b"", positive_response)

    @classmethod
    def passcode(
        cls, name: str, passcode: str, *, positive_response: PositiveResponse = _NOT_REQUESTED
    ) -> UserIdentity:
        """Type 2: a user name and its passcode."""
        kind = UserIdentityType.USERNAME_AND_PASSCODE
        return cls._of(kind, name.encode(), passcode.encode(), positive_response)

    @classmethod
    def kerberos(
        cls, ticket: bytes, *, positive_response: PositiveResponse = _NOT_REQUESTED
    ) -> UserIdentity:
        """Type 3: a Kerberos service ticket; a positive response carries that of the server."""
        return cls._of(UserIdentityType.KERBEROS, ticket, b"", positive_response)

    @classmethod
    def saml(
        cls, assertion: bytes, *, positive_response: PositiveResponse = _NOT_REQUESTED
    ) -> UserIdentity:
        """Type 4: a SAML assertion; a positive response carries that of the acceptor."""
        return cls._of(UserIdentityType.SAML, assertion, b"", positive_response)

    @classmethod
    def jwt(
        cls, token: str, *, positive_response: PositiveResponse = _NOT_REQUESTED
    ) -> UserIdentity:
        """Type 5: a JSON Web Token."""
        return cls._of(UserIdentityType.JWT, token.encode(), b"", positive_response)

    @classmethod
    def _of(
        cls, kind: UserIdentityType, primary: bytes, secondary: bytes, wanted: PositiveResponse
    ) -> UserIdentity:
        if not primary:
            raise LocalProtocolError("a user identity cannot be empty")
        if max(len(primary), len(secondary)) > _LONGEST:
            raise LocalProtocolError(f"a user identity has at most {_LONGEST} bytes")
        return cls(
            UserIdentityRQ(
                identity_type=kind,
                primary=primary,
                secondary=secondary,
                positive_response_requested=wanted is not PositiveResponse.NOT_REQUESTED,
            ),
            wanted,
        )
