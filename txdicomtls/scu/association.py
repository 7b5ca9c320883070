"""An association as its requestor holds it: all that can be asked of the peer on it.

Each method is one service, and only its signature is here; what it does stands in a module of
its own.  Every call ends: with what the peer answered, or with one error.  Every Deferred can be
cancelled; an operation that PS3.7 has no C-CANCEL for takes the association with it then,
because half of a message cannot be taken back.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from types import TracebackType
from typing import Self

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred

from txdicomtls import uids
from txdicomtls.association import PresentationContext
from txdicomtls.dimse import Priority
from txdicomtls.errors import DicomTLSError
from txdicomtls.interfaces import IInstanceReceiver, Originator
from txdicomtls.pdu import UserInformation
from txdicomtls.scu import commitment, normalized, procedure_step, query, retrieve
from txdicomtls.scu.commitment import Awaited, Named
from txdicomtls.scu.commitment_reports import CommitmentListener, Committed
from txdicomtls.scu.invoking import Requestor
from txdicomtls.scu.normalized import Done, Instance
from txdicomtls.scu.outgoing import Storable
from txdicomtls.scu.query import Matches
from txdicomtls.scu.retrieve import Retrieval
from txdicomtls.scu.store import Reason, Sent, store_all
from txdicomtls.scu.verification import echo
from txdicomtls.scu.wanted import ReceiveLimits
from txdicomtls.tls import SecureLink


class Association:
    """An established association.  Make one with :func:`connect`.

    It is an asynchronous context manager: released at the end of the block, aborted if the
    block raises.

    :param requestor: the association as its operations see it.
    """

    def __init__(self, requestor: Requestor) -> None:
        self._requestor = requestor
        self._protocol = requestor.protocol

    # -- what is so --------------------------------------------------------------------------

    @property
    def link(self) -> SecureLink:
        """What TLS negotiated, and the peer's certificates."""
        link = self._protocol.link.secure_link
        assert link is not None  # an association has a ready link
        return link

    @property
    def contexts(self) -> tuple[PresentationContext, ...]:
        """The presentation contexts that the peer accepted."""
        return tuple(self._protocol.connection.contexts.values())

    @property
    def peer(self) -> UserInformation:
        """What the peer said of itself: implementation, maximum length, what was negotiated."""
        acceptance = self._protocol.connection.acceptance
        assert acceptance is not None  # this is an association
        return acceptance.user_information

    @property
    def window(self) -> int:
        """How many operations may be outstanding at once (PS3.7 D.3.3.3)."""
        return self._protocol.connection.window.invoked

    @property
    def identity_response(self) -> bytes | None:
        """What the peer answered to the user identity (PS3.7 D.3.3.7.2); None where nothing.

        Empty where it verified the identity, and its type has nothing more to say.
        """
        response = self.peer.user_identity_response
        return response.response if response is not None else None

    def extended(self, sop_class_uid: str) -> bytes | None:
        """What the peer answered to the extended negotiation of a SOP class (PS3.7 D.3.3.5)."""
        return self._protocol.connection.extended.get(sop_class_uid)

    @property
    def error(self) -> DicomTLSError | None:
        """Why nothing can be asked on it any more; None while it can."""
        return self._protocol.error

    # -- the composite services --------------------------------------------------------------

    def echo(self) -> Deferred[int]:
        """Ask whether the peer is there: C-ECHO (PS3.4 A.4).

        :return: its status, 0 for success.
        :raises txdicomtls.errors.NoPresentationContext: Verification was not accepted.
        :raises txdicomtls.errors.AssociationError: the association ended first.
        """
        return Deferred.fromCoroutine(echo(self._requestor))

    def store(
        self,
        items: Iterable[Storable],
        *,
        window: int | None = None,
        priority: int = Priority.MEDIUM,
        originator: Originator | None = None,
    ) -> AsyncGenerator[Sent, None]:
        """Store instances at the peer: C-STORE (PS3.4 B), as many at once as the window allows.

        :param items: paths of files, data sets, or instances of an archive.
        :param window: the most to have outstanding, where that is less than was agreed.
        :param originator: who asked for the C-MOVE that this is part of (PS3.7 9.1.1.1).
        :return: what became of each, as soon as it is known; never raises for one of them.
            Closing it early aborts the association, if anything is under way.
        """
        return store_all(
            self._requestor,
            items,
            window=window,
            reason=Reason(priority=priority, originator=originator),
        )

    def find(
        self,
        identifier: Dataset,
        *,
        model: str = uids.STUDY_ROOT_FIND,
        limit: int | None = None,
        priority: int = Priority.MEDIUM,
    ) -> Matches:
        """Query: C-FIND (PS3.4 C.4.1).

        :param identifier: the keys, with the Query/Retrieve Level (0008,0052).
        :param model: SOP class of the information model.
        :param limit: the most matches wanted; the peer is asked to stop after so many.
        :return: the matches, to be iterated over.  While some of them wait to be taken nothing
            else may be heard on this association: what else is to be asked within the loop, ask
            on another one, or take :meth:`~txdicomtls.scu.Matches.all` of them before.
        :raises txdicomtls.errors.NoPresentationContext: the model was not accepted.
        """
        return query.find(self._requestor, model, identifier, limit=limit, priority=priority)

    def worklist(
        self, identifier: Dataset, *, limit: int | None = None, priority: int = Priority.MEDIUM
    ) -> Matches:
        """Query the Modality Worklist: C-FIND (PS3.4 K); see :meth:`find`."""
        return query.find(
            self._requestor,
            uids.MODALITY_WORKLIST_FIND,
            identifier,
            service="worklist",
            limit=limit,
            priority=priority,
        )

    def get(
        self,
        identifier: Dataset,
        receiver: IInstanceReceiver,
        *,
        model: str = uids.STUDY_ROOT_GET,
        limits: ReceiveLimits | None = None,
        priority: int = Priority.MEDIUM,
    ) -> Retrieval:
        """Retrieve instances on this association: C-GET (PS3.4 C.4.3).

        Only instances that the identifier asks for, by their study, series or own UIDs, reach
        the receiver; the peer's further C-STORE requests are answered with a refusal.

        :param identifier: what to retrieve, with the Query/Retrieve Level (0008,0052).
        :param receiver: where the instances go, as :class:`~txdicomtls.archive.FileArchive`.
        :param model: SOP class of the information model.
        :param limits: how much the peer may send.
        :return: to be iterated over, or to be waited for with ``finished()``.
        :raises txdicomtls.errors.NoPresentationContext: the model was not accepted.
        :raises LocalProtocolError: another C-GET is under way on this association.
        """
        return retrieve.get(
            self._requestor, model, identifier, receiver, limits=limits, priority=priority
        )

    def move(
        self,
        identifier: Dataset,
        destination: str,
        *,
        model: str = uids.STUDY_ROOT_MOVE,
        priority: int = Priority.MEDIUM,
    ) -> Retrieval:
        """Have instances sent to a third node: C-MOVE (PS3.4 C.4.2).

        :param identifier: what to retrieve, with the Query/Retrieve Level (0008,0052).
        :param destination: AE title of that node; the peer knows where it is.
        :param model: SOP class of the information model.
        :return: to be iterated over, or to be waited for with ``finished()``.
        :raises txdicomtls.errors.NoPresentationContext: the model was not accepted.
        """
        return retrieve.move(self._requestor, model, identifier, destination, priority=priority)

    # -- storage commitment and procedure steps ----------------------------------------------

    def commit(self, instances: Iterable[Named], *, timeout: float = 60.0) -> Deferred[Committed]:
        """Ask the peer to commit itself to keeping instances, and wait for its report (PS3.4 J).

        :param instances: whatever names one, as what :meth:`store` yields.
        :param timeout: seconds for the report, which must come on this association.
        :raises txdicomtls.errors.OperationFailed: it will not even try; as a failure.
        :raises txdicomtls.errors.AssociationTimeout: no report came in time; likewise.
        """
        return Deferred.fromCoroutine(
            commitment.commit(self._requestor, instances, seconds=timeout)
        )

    def request_commitment(
        self,
        instances: Iterable[Named],
        listener: CommitmentListener,
        *,
        timeout: float = 86400.0,
    ) -> Deferred[Awaited]:
        """Ask likewise, for a report that may come on another association.

        :param listener: offered in the :class:`~txdicomtls.net.AssociationFactory` that the peer
            connects to, and in :func:`connect` if the report may come on this one as well.
        :param timeout: seconds for the report, counted from the answer to the request.
        :return: fires once the peer has taken the request; this association may be released
            then.
        :raises txdicomtls.errors.OperationFailed: it will not even try; as a failure.
        """
        return Deferred.fromCoroutine(
            commitment.request_commitment(self._requestor, instances, listener, seconds=timeout)
        )

    def create_procedure_step(
        self, attributes: Dataset, sop_instance_uid: str = ""
    ) -> Deferred[str]:
        """Create a Modality Performed Procedure Step: N-CREATE (PS3.4 F.7.2.1).

        :param attributes: its Performed Procedure Step Status is IN PROGRESS.
        :param sop_instance_uid: its UID; empty to have the peer make one.
        :return: fires with its UID.
        :raises txdicomtls.errors.OperationFailed: it was not created; as a failure.
        """
        return Deferred.fromCoroutine(
            procedure_step.create_procedure_step(self._requestor, attributes, sop_instance_uid)
        )

    def set_procedure_step(self, sop_instance_uid: str, modifications: Dataset) -> Deferred[Done]:
        """Change, complete or discontinue it: N-SET (PS3.4 F.7.2.2).

        :raises txdicomtls.errors.OperationFailed: it was not changed; as a failure.
        """
        return Deferred.fromCoroutine(
            procedure_step.set_procedure_step(self._requestor, sop_instance_uid, modifications)
        )

    # -- the normalized services -------------------------------------------------------------

    def event_report(
        self, instance: Instance, event_type: int, information: Dataset | None = None
    ) -> Deferred[Done]:
        """N-EVENT-REPORT (PS3.7 10.1.1), where we are the SCP of the SOP class.

        :raises txdicomtls.errors.OperationFailed: the peer refused it; as a failure, also below.
        """
        return Deferred.fromCoroutine(
            normalized.event_report(self._requestor, instance, event_type, information)
        )

    def get_attributes(self, instance: Instance, *tags: int) -> Deferred[Done]:
        """N-GET (PS3.7 10.1.2).

        :param tags: of the attributes to read, as 0x00100010; none for all.
        """
        return Deferred.fromCoroutine(normalized.get_attributes(self._requestor, instance, tags))

    def set_attributes(self, instance: Instance, modifications: Dataset) -> Deferred[Done]:
        """N-SET (PS3.7 10.1.3)."""
        return Deferred.fromCoroutine(
            normalized.set_attributes(self._requestor, instance, modifications)
        )

    def action(
        self, instance: Instance, action_type: int, information: Dataset | None = None
    ) -> Deferred[Done]:
        """N-ACTION (PS3.7 10.1.4)."""
        return Deferred.fromCoroutine(
            normalized.action(self._requestor, instance, action_type, information)
        )

    def create(self, instance: Instance, attributes: Dataset | None = None) -> Deferred[Done]:
        """N-CREATE (PS3.7 10.1.5).

        :param instance: its SOP Instance UID may be empty: then the peer makes one.
        """
        return Deferred.fromCoroutine(normalized.create(self._requestor, instance, attributes))

    def delete(self, instance: Instance) -> Deferred[Done]:
        """N-DELETE (PS3.7 10.1.6)."""
        return Deferred.fromCoroutine(normalized.delete(self._requestor, instance))

    # -- its end -----------------------------------------------------------------------------

    def release(self) -> Deferred[None]:
        """Release the association and close the link; fires when the peer has agreed or is gone."""
        return self._protocol.release()

    def abort(self, why: str = "") -> None:
        """Abort the association: whatever is under way fails."""
        self._protocol.abort(why)

    def when_closed(self) -> Deferred[None]:
        """Fires when the connection is gone."""
        return self._protocol.when_closed()

    async def __aenter__(self) -> Self:
        """The association itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release, or abort where the block failed."""
        if kind is None:
            await self.release()
        else:
            self.abort("the requestor failed")
