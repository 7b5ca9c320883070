"""Who may connect and what they may do, and where passwords come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zope.interface import Interface

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


@dataclass(frozen=True, slots=True)
class Grant:
    """What a peer may do on its association.

    :param services: names of the services that it may use; None for all.
    :param sop_classes: UIDs of the SOP classes that it may use; None for all.
    :param user: who was authenticated by the user identity, for log lines and audit; empty
        where nobody was.
    :param identity_response: what a positive response to the user identity carries (PS3.7
        D.3.3.7.2); None where the identity was not verified, so that there is none to give.
    :param valid_for: seconds from now after which nothing is granted any more, as when a
        token expires: requests are answered with 0x0124 then; None for as long as the
        association lasts.
    """

    services: frozenset[str] | None = None
    sop_classes: frozenset[str] | None = None
    user: str = ""
    identity_response: bytes | None = field(default=None, repr=False)
    valid_for: float | None = None

    def allows(self, service: str, sop_class: str = "") -> bool:
        """Whether this service may be used, for this SOP class if one is named."""
        return (self.services is None or service in self.services) and (
            not sop_class or self.sop_classes is None or sop_class in self.sop_classes
        )


class IPasswordSource(Interface):
    """Where the password of an encrypted private key comes from."""

    def password(key: str, attempt: int) -> Deferred[bytes]:
        """Ask for the password.

        :param key: the name of the key, for a prompt; usually its path.
        :param attempt: 1 for the first time; higher after a wrong answer.
        :return: the password.  Cancelling it cancels the question.  Fails with
            :class:`~txdicomtls.errors.PasswordUnavailable` where there is none.
        """


class IAccess(Interface):
    """Who may connect, and what they may do then; both answers may be Deferreds."""

    def admit(link: Any, peer: str) -> Deferred[None] | None:
        """A secure link was made; no byte of DICOM was read yet.

        :param link: a :class:`txdicomtls.tls.SecureLink`: who, and how secured.
        :param peer: its network address.
        :raises txdicomtls.errors.LinkRefused: it may not be used; also as a failure.
        """

    def authorize(association: Any) -> Deferred[Grant] | Grant:
        """A peer asks for an association.

        :param association: a :class:`txdicomtls.net.AssociationFacts`.
        :return: what it may do.
        :raises txdicomtls.errors.AssociationRefused: nothing; also as a failure.
        """
