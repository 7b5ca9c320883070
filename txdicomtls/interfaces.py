"""The contracts between rooms, and towards those who bring their own archive, policy or passwords.

Where a method may answer with a Deferred, that Deferred is the only thing that
waits: nothing here may block the reactor thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import (
    IReactorProcess,
    IReactorTCP,
    IReactorThreads,
    IReactorTime,
)
from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from txdicomtls.instance import IncomingInstance


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


class IReactor(IReactorTime, IReactorTCP, IReactorThreads, IReactorProcess):
    """What this package needs of a reactor; every reactor of Twisted has it."""


class IInstanceSink(Interface):
    """Takes the bytes of one data set, in order, exactly as they came."""

    def write(data: memoryview) -> Deferred[None] | None:
        """Take the next bytes.

        :param data: valid until the sink lets go of it; never changed afterwards.
        :return: None to go on at once, or a Deferred that fires when the sink has
            room again: until then nothing more is read from this peer.  It must not fail:
            a sink that cannot go on says so in :meth:`finish`.
        """

    def finish() -> Deferred[None]:
        """The data set is complete: keep it.

        :return: fires when the instance is as safe as the sink promises to make it;
            only then is it acknowledged.  Fails with a
            :class:`~txdicomtls.errors.StorageError`: then it must not be acknowledged, and
            no partial instance may be seen.
        """

    def discard() -> None:
        """The association ended before the data set was complete: leave nothing behind.

        Called at most once, and never after :meth:`finish`.
        """


class IInstanceReceiver(Interface):
    """Where the Storage service puts what it receives: an archive, a queue, a test."""

    def receive(instance: IncomingInstance) -> IInstanceSink:
        """A peer begins to send an instance.

        :raises txdicomtls.errors.StorageError: it is not wanted; the data set is read
            and thrown away, and the peer gets the status that stands for the error.
        """


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


class IService(Interface):
    """One service of a node: the SOP classes it takes, and what it does for them."""

    name = Attribute("Short name for log lines and configuration, as 'echo' or 'store'.")

    def accepts(abstract_syntax: str) -> bool:
        """Whether this service performs the operations of this SOP class, as its SCP."""

    def choose(abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        """Choose the transfer syntax of a presentation context (PS3.8 9.3.3.2).

        :param offered: the transfer syntaxes, in the requestor's order.
        :return: one of them; None refuses them all.
        """

    def begin(request: Any) -> IOperation | None:
        """A request has arrived (its command set; the data set, if any, follows).

        :param request: a :class:`txdicomtls.net.IncomingRequest`.
        :return: what takes the data set and makes the answer; None where this service has
            no such operation (status 0x0211).
        """


class IUsingService(IService):
    """A service that also deals with peers that are SCP of a SOP class (PS3.7 D.3.3.4).

    It invokes operations on them, as C-STORE within C-GET, or takes their N-EVENT-REPORT.
    """

    def uses(abstract_syntax: str) -> bool:
        """Whether this service can be the SCU of this SOP class towards the peer."""


class INegotiatingService(IService):
    """A service whose SOP classes have extended negotiation (PS3.7 D.3.3.5)."""

    def extended(abstract_syntax: str, information: bytes) -> bytes | None:
        """Answer the extended negotiation of an accepted SOP class.

        :param information: the Service-class-application-information, as received.
        :return: what to answer; None for no answer.
        """


class IOperation(Interface):
    """One request that a service is working on."""

    def write(data: memoryview) -> Deferred[None] | None:
        """Bytes of the request's data set; the rules of :meth:`IInstanceSink.write` hold."""

    def finish() -> Deferred[Any]:
        """The request is complete.

        :return: fires with the final response: a message, or a
            :class:`txdicomtls.net.Answer` where a data set goes with it.  A failure becomes
            status 0x0110 (processing failure) and an event in the log.
        """

    def abandon() -> None:
        """The association ended before the request was complete: undo what can be undone."""


class ICancellableOperation(IOperation):
    """An operation that may be asked to come to its end early."""

    def cancel() -> None:
        """Come to an end: the peer sent C-CANCEL (PS3.7 9.3.2.3), or the association ended.

        Called after :meth:`IOperation.finish`, at most once.  What ``finish`` returned fires
        all the same, for a C-CANCEL usually with status 0xFE00.
        """
