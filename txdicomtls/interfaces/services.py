"""What a service is to the association that it is offered on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


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


class IGroupService(IService):
    """A service whose presentation contexts carry messages of several SOP classes.

    Those of a Meta SOP Class are of its members (PS3.7 7.3, PS3.4 H.3); all others are refused
    with 0x0122.
    """

    def carries(abstract_syntax: str, sop_class: str) -> bool:
        """Whether a message may name this SOP class on a context of this abstract syntax.

        Not asked where the two are the same.
        """


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
