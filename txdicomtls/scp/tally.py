"""The count of the sub-operations of one C-GET or C-MOVE (PS3.4 C.4.2.1.6 to C.4.2.1.9)."""

from __future__ import annotations

from twisted.logger import Logger

from txdicomtls.dimse import (
    QueryRetrieveStatus,
    Status,
    StatusCategory,
    Suboperations,
    category,
    describe,
)
from txdicomtls.instance import OutgoingInstance
from txdicomtls.interfaces import Outcome

#: UIDs in the Failed SOP Instance UID List: as many as a value of UI has room for in every
#: transfer syntax, which is 65534 bytes.  The counter says how many there are.
MOST_FAILED = 1000


class Tally:
    """Counts sub-operations, each once: remaining, completed, failed and warning are the total.

    :param count: how many there will be; None where nobody knows: then it is those known so far.
    :ivar failed_uids: SOP Instance UIDs of those that failed.
    :ivar first_failure: why the first of them did; empty where none did.
    """

    def __init__(self, count: int | None) -> None:
        self.failed_uids: list[str] = []
        self.first_failure = ""
        self._expected = count or 0
        self._begun = 0
        self._completed = self._failed = self._warning = 0
        self._open: dict[int, OutgoingInstance] = {}

    @property
    def counters(self) -> Suboperations:
        """How far it is."""
        total = max(self._expected, self._begun)
        return Suboperations(
            remaining=total - self._completed - self._failed - self._warning,
            completed=self._completed,
            failed=self._failed,
            warning=self._warning,
        )

    @property
    def is_open(self) -> bool:
        """Whether an instance has been begun that has no outcome."""
        return bool(self._open)

    def begin(self, instance: OutgoingInstance) -> None:
        """An instance is about to be sent."""
        self._begun += 1
        self._open[id(instance)] = instance

    def end(self, outcome: Outcome) -> None:
        """It was sent, or not; an outcome of none that was begun is not counted."""
        instance = self._open.pop(id(outcome.instance), None)
        if instance is None:
            return
        kind = None if outcome.status is None else category(outcome.status)
        if kind is StatusCategory.SUCCESS:
            self._completed += 1
        elif kind is StatusCategory.WARNING:
            self._warning += 1
        else:
            self._fail(instance, _reason(outcome))

    def end_all(self, why: str) -> None:
        """No outcome comes any more: what was begun has failed."""
        for instance in list(self._open.values()):
            self._fail(instance, why)
        self._open.clear()

    def fail_the_rest(self, why: str) -> None:
        """Nothing more is begun: what was expected besides has failed, whatever it was."""
        rest = self._expected - self._begun
        if rest > 0:
            self._begun += rest
            self._failed += rest
            self.first_failure = self.first_failure or why

    def no_more(self) -> None:
        """All have been begun: what was expected besides is none."""
        self._expected = self._begun

    def final_status(self) -> int:
        """The status when nothing remains (PS3.4 C.4.2.1.5, C.4.3.1.4)."""
        if self._failed and not self._completed and not self._warning:
            return QueryRetrieveStatus.UNABLE_TO_PERFORM_SUBOPERATIONS
        if self._failed or self._warning:
            return QueryRetrieveStatus.SUBOPERATIONS_COMPLETE_WITH_FAILURES
        return Status.SUCCESS

    def log(self, operation: str, peer: str) -> None:
        """One line, where something failed."""
        if self._failed:
            _log.warn(
                "{operation} of {peer}: {failed} of {total} instances were not sent: {why}",
                operation=operation,
                peer=peer,
                failed=self._failed,
                total=max(self._expected, self._begun),
                why=self.first_failure,
            )

    def _fail(self, instance: OutgoingInstance, why: str) -> None:
        self._failed += 1
        self.first_failure = self.first_failure or why
        if len(self.failed_uids) < MOST_FAILED:
            self.failed_uids.append(instance.sop_instance_uid)


def _reason(outcome: Outcome) -> str:
    if outcome.status is None:
        return str(outcome.error) if outcome.error is not None else "there was no answer"
    return f"status {outcome.status:04X}H, {describe(outcome.status, 'store')}"


_log = Logger()
