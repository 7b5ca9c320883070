"""Opening an association: the secure link, what is proposed on it, and the peer's answer.

Either there is an association in the end, or one error, and no socket is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from random import SystemRandom
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory

from txdicomtls import uids
from txdicomtls.association import ConnectionLimits, Window, is_valid_ae_title
from txdicomtls.errors import IdentityNotAcknowledged, LocalProtocolError
from txdicomtls.interfaces import IReactor, IService
from txdicomtls.net import ClientEndpoint, RequestorProtocol, Services, Timeouts
from txdicomtls.net.endpoints import DICOM_TLS_PORT, SecurityOrLoader
from txdicomtls.pdu import (
    AssociateRQ,
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    PresentationContextRQ,
    RoleSelection,
    UserInformation,
)
from txdicomtls.scu.association import Association
from txdicomtls.scu.contexts import Contexts
from txdicomtls.scu.identity import PositiveResponse, UserIdentity
from txdicomtls.scu.invoking import Requestor
from txdicomtls.scu.retry import Retry, retrying
from txdicomtls.threads import in_thread_of
from txdicomtls.tls import LinkDeadlines

_ONCE = Retry(attempts=1)


def connect(  # each is one fact of the association
    reactor: IReactor,
    endpoint: str | IStreamClientEndpoint,
    *,
    called: str,
    calling: str,
    contexts: Iterable[PresentationContextRQ],
    security: SecurityOrLoader | None = None,
    window: int | Window = 1,
    roles: Iterable[RoleSelection] = (),
    extended: Iterable[ExtendedNegotiation] = (),
    common_extended: Iterable[CommonExtendedNegotiation] = (),
    identity: UserIdentity | None = None,
    services: Iterable[IService] = (),
    limits: ConnectionLimits | None = None,
    timeouts: Timeouts | None = None,
    deadlines: LinkDeadlines | None = None,
    retry: Retry | None = None,
    random: Callable[[], float] | None = None,
) -> Deferred[Association]:
    """Open a secure link and ask for an association.

    :param endpoint: a ``dicomtls:`` client endpoint, as an object or as its string.
    :param called: AE title of the peer.
    :param calling: our AE title.
    :param contexts: what to propose, as the functions of this room make it:
        ``query_contexts() + contexts_for(files)``; at most 128.
    :param security: how the link is secured, where the endpoint is a string that only says
        where: ``dicomtls:pacs.example:2762``.
    :param window: the most operations to have outstanding, in either direction; a
        :class:`~txdicomtls.association.Window` where these differ.  1 proposes nothing.
    :param roles: further roles, besides those that come with the contexts (PS3.7 D.3.3.4).
    :param extended: extended negotiation of single SOP classes (PS3.7 D.3.3.5).
    :param common_extended: their service classes and relatives (PS3.7 D.3.3.6).
    :param identity: who the user is (PS3.7 D.3.3.7).
    :param services: what serves the requests that the peer invokes on us.
    :param limits: what the peer may make us hold.
    :param timeouts: how long the association waits.
    :param deadlines: how long the link waits.
    :param retry: whether to try again where that makes sense; None for one try.
    :param random: from 0 to 1, for the waits between; unpredictable by default.
    :return: fires with the association.  Cancelling it gives up.
    :raises LocalProtocolError: it cannot be asked for like this.
    :raises ValueError: the endpoint string is wrong.
    :raises txdicomtls.errors.LinkError: no secure link could be made; as a failure.
    :raises txdicomtls.errors.AssociationError: the peer did not accept; likewise.
    """
    for title in (called, calling):
        if not is_valid_ae_title(title):
            msg = f"{title!r} is no AE title: 1 to 16 characters, without backslash"
            raise LocalProtocolError(msg)
    proposed = contexts if isinstance(contexts, Contexts) else Contexts(tuple(contexts))
    limits = limits or ConnectionLimits()
    request = AssociateRQ(
        called_ae_title=called,
        calling_ae_title=calling,
        presentation_contexts=proposed.proposed,
        user_information=UserInformation(
            maximum_length=limits.maximum_length,
            implementation_class_uid=uids.IMPLEMENTATION_CLASS_UID,
            implementation_version_name=uids.IMPLEMENTATION_VERSION_NAME,
            window=_window(window),
            roles=(*proposed.roles, *roles),
            extended=tuple(extended),
            common_extended=tuple(common_extended),
            user_identity=identity.request if identity else None,
        ),
    )
    offered = tuple(services)
    factory: Factory[Any] = Factory.forProtocol(
        lambda: RequestorProtocol(
            reactor,
            request,
            services=Services(offered),
            limits=limits,
            timeouts=timeouts,
            deadlines=deadlines,
        )
    )
    factory.noisy = False
    target = _endpoint(reactor, endpoint, security)
    required = identity is not None and identity.positive_response is PositiveResponse.REQUIRED

    def attempt() -> Deferred[RequestorProtocol]:
        return Deferred.fromCoroutine(_associated(target, factory, required=required))

    async def opened() -> Association:
        protocol = await retrying(attempt, retry or _ONCE, reactor, random or SystemRandom().random)
        return Association(Requestor(protocol, in_thread_of(reactor)))

    return Deferred.fromCoroutine(opened())


async def _associated(
    endpoint: IStreamClientEndpoint, factory: Factory[Any], *, required: bool
) -> RequestorProtocol:
    """One try.

    :param required: an acceptor that does not acknowledge the user identity is none.
    """
    protocol: Any = await endpoint.connect(factory)
    await protocol.when_associated()
    assert isinstance(protocol, RequestorProtocol)  # the factory makes no other
    acceptance = protocol.connection.acceptance
    assert acceptance is not None  # it is associated
    if required and acceptance.user_information.user_identity_response is None:
        protocol.abort("the user identity was not acknowledged")
        raise IdentityNotAcknowledged("the peer did not say that it verified the user identity")
    return protocol


def _window(window: int | Window) -> AsynchronousOperationsWindow | None:
    if isinstance(window, int):
        window = Window(invoked=window, performed=window)
    if window == Window():
        return None
    return AsynchronousOperationsWindow(invoked=window.invoked, performed=window.performed)


def _endpoint(
    reactor: IReactor, endpoint: str | IStreamClientEndpoint, security: SecurityOrLoader | None
) -> IStreamClientEndpoint:
    if security is None:
        return clientFromString(reactor, endpoint) if isinstance(endpoint, str) else endpoint
    if not isinstance(endpoint, str):
        raise LocalProtocolError("an endpoint that is an object has its security already")
    # A colon that belongs to an argument has a backslash before it, as in every endpoint string.
    prefix, *arguments = (part.replace("\\:", ":") for part in re.split(r"(?<!\\):", endpoint))
    if prefix != "dicomtls" or not 1 <= len(arguments) <= 2 or "=" in endpoint:
        msg = f"{endpoint!r} should be dicomtls:HOST:PORT, because the security comes with it"
        raise ValueError(msg)
    host, port = arguments[0], arguments[1] if len(arguments) > 1 else str(DICOM_TLS_PORT)
    if not port.isascii() or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"dicomtls: port must be 0 to 65535, not {port!r}")
    return ClientEndpoint(reactor, host, int(port), security)
