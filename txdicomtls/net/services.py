"""Which service serves what: the services of a node, what a peer gets of them, and who performs.

A service may perform the operations of a SOP class, as its SCP, or use a peer that is the SCP
(:class:`~txdicomtls.interfaces.IUsingService`).  N-EVENT-REPORT goes from the SCP to the SCU
(PS3.7 10.1.1), every other request the other way; so it is the using service that takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import cast

from txdicomtls import uids
from txdicomtls.association import (
    AcceptancePolicy,
    Accepted,
    ContextChoice,
    PresentationContext,
    Proposal,
    Role,
    Roles,
)
from txdicomtls.dimse import CommandField, Message
from txdicomtls.interfaces import Grant, INegotiatingService, IService, IUsingService
from txdicomtls.pdu import ContextResult


class Services:
    """The services of one side of an association.

    :param services: the first that accepts a SOP class serves it.
    """

    def __init__(self, services: Iterable[IService] = ()) -> None:
        self._services: Sequence[IService] = tuple(services)
        self._stand_ins: dict[str, str] = {}

    def add(self, service: IService) -> Callable[[], None]:
        """Offer one more service, before all others.

        :return: to be called to offer it no longer.
        """
        self._services = (service, *self._services)

        def remove() -> None:
            self._services = tuple(each for each in self._services if each is not service)

        return remove

    def performing(self, abstract_syntax: str) -> IService | None:
        """The service that performs the operations of a SOP class; None if there is none."""
        known = self._stand_ins.get(abstract_syntax, abstract_syntax)
        return next((each for each in self._services if each.accepts(known)), None)

    def using(self, abstract_syntax: str) -> IUsingService | None:
        """The service that deals with a peer which is SCP of a SOP class; None if there is none."""
        return next(
            (
                using
                for each in self._services
                if (using := cast("IUsingService | None", IUsingService(each, None))) is not None
                and using.uses(abstract_syntax)
            ),
            None,
        )

    def stands_in(self, abstract_syntax: str, known: str) -> None:
        """Have a SOP class that nobody knows served as one that is known (PS3.7 D.3.3.6)."""
        self._stand_ins[abstract_syntax] = known

    def copy(self) -> Services:
        """The same services, for one association."""
        return Services(self._services)

    def serving(
        self, message: Message, context: PresentationContext, role: Role
    ) -> IService | None:
        """The service that a request of the peer is for; None where the peer may not invoke it.

        :param role: which side we are.
        """
        event = message.command_field == CommandField.N_EVENT_REPORT_RQ
        requestor_is_scu = (role is Role.ACCEPTOR) is not event
        if not (context.roles.scu if requestor_is_scu else context.roles.scp):
            return None
        if event:
            return self.using(context.abstract_syntax)
        return self.performing(context.abstract_syntax)


class Offer:
    """What one peer is offered: the policy that its request is negotiated with.

    :param services: of the association; learns which SOP classes stand in for others.
    :param grant: what the peer may do.
    """

    def __init__(self, services: Services, grant: Grant) -> None:
        self._services = services
        self._grant = grant
        self._performers: dict[str, IService | None] = {}

    def policy(self, *, maximum_length: int, window: int) -> AcceptancePolicy:
        """The policy for :func:`~txdicomtls.association.negotiate`.

        :param maximum_length: bytes of P-DATA-TF that we receive.
        :param window: the most operations outstanding, in either direction.
        """
        return AcceptancePolicy(
            choose=self.choose,
            extended=self.extended,
            maximum_length=maximum_length,
            window=window,
            implementation_class_uid=uids.IMPLEMENTATION_CLASS_UID,
            implementation_version_name=uids.IMPLEMENTATION_VERSION_NAME,
            identity_response=self._grant.identity_response,
        )

    def choose(self, proposal: Proposal) -> ContextChoice:
        """Answer a proposed presentation context.

        Where the requestor asks for both roles it gets those that some service serves.
        """
        abstract_syntax = proposal.abstract_syntax
        performing = self._performing(proposal) if proposal.roles.scu else None
        using = self._services.using(abstract_syntax) if proposal.roles.scp else None
        found = [service for service in (performing, using) if service is not None]
        if not found:
            return ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED
        granted = [each for each in found if self._grant.allows(each.name, abstract_syntax)]
        if not granted:
            return ContextResult.USER_REJECTION
        transfer_syntax = granted[0].choose(abstract_syntax, proposal.transfer_syntaxes)
        if transfer_syntax is None:
            return ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED
        return Accepted(
            transfer_syntax=transfer_syntax,
            roles=Roles(scu=performing in granted, scp=using is not None and using in granted),
        )

    def extended(self, abstract_syntax: str, information: bytes) -> bytes | None:
        """Answer the extended negotiation of an accepted SOP class."""
        service = self._services.performing(abstract_syntax)
        negotiating = INegotiatingService(service, None) if service else None
        return negotiating.extended(abstract_syntax, information) if negotiating else None

    def _performing(self, proposal: Proposal) -> IService | None:
        """Who performs it, found out once for each class: a request may name it 128 times."""
        abstract_syntax = proposal.abstract_syntax
        if abstract_syntax not in self._performers:
            self._performers[abstract_syntax] = self._found(proposal)
        return self._performers[abstract_syntax]

    def _found(self, proposal: Proposal) -> IService | None:
        service = self._services.performing(proposal.abstract_syntax)
        if service is not None:
            return service
        # Storage is the one service class that makes use of relatives (PS3.4 B.3.1.4); what
        # other services do depends on which of their classes it is.
        for related in filter(uids.STORAGE_SOP_CLASSES.__contains__, proposal.related):
            service = self._services.performing(related)
            if service is not None:
                self._services.stands_in(proposal.abstract_syntax, related)
                return service
        return None
