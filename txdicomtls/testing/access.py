"""Who may do what, as the test says."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from txdicomtls.errors import AssociationRefused, LinkRefused
from txdicomtls.interfaces import Grant, IAccess
from txdicomtls.net import AssociationFacts
from txdicomtls.testing.gate import Gate
from txdicomtls.tls import SecureLink


@implementer(IAccess)
class MemoryAccess:
    """Lets everybody in and grants everything, unless told otherwise; remembers who asked.

    :param grant: what is granted.
    :ivar links: those that were admitted or refused, each with its network address.
    :ivar associations: those that were granted or refused.
    :ivar link_refusal: why no link is admitted; None while they are.
    :ivar refusal: why nothing is granted; None while it is.
    :ivar admission: hold it up, and no decision about a link is made.
    :ivar authorization: hold it up, and no decision about an association is made.
    """

    def __init__(self, grant: Grant | None = None) -> None:
        self.grant = grant or Grant()
        self.links: list[tuple[SecureLink, str]] = []
        self.associations: list[AssociationFacts] = []
        self.link_refusal: LinkRefused | None = None
        self.refusal: AssociationRefused | None = None
        self.admission = Gate()
        self.authorization = Gate()

    def admit(self, link: SecureLink, peer: str) -> Deferred[None]:
        """Decide about a link.

        :raises txdicomtls.errors.LinkRefused: :attr:`link_refusal`; as a failure.
        """
        self.links.append((link, peer))
        passage = self.admission.passage() or succeed(None)
        return passage.addCallback(lambda _: self._admitted())

    def authorize(self, association: AssociationFacts) -> Deferred[Grant]:
        """Decide about an association.

        :raises txdicomtls.errors.AssociationRefused: :attr:`refusal`; as a failure.
        """
        self.associations.append(association)
        passage = self.authorization.passage() or succeed(None)
        return passage.addCallback(lambda _: self._authorized())

    def _admitted(self) -> Deferred[None]:
        return succeed(None) if self.link_refusal is None else fail(self.link_refusal)

    def _authorized(self) -> Deferred[Grant]:
        return succeed(self.grant) if self.refusal is None else fail(self.refusal)
