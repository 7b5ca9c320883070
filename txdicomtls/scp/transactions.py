"""The data sets of storage commitment (PS3.4 J.3.2, J.3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from txdicomtls import uids
from txdicomtls.errors import InvalidArgumentValue, NoSuchArgument
from txdicomtls.interfaces import SOPReference

TRANSACTION_UID = 0x00081195
REFERENCED_SOP_SEQUENCE = 0x00081199
_REFERENCED_SOP_CLASS_UID = 0x00081150
_REFERENCED_SOP_INSTANCE_UID = 0x00081155

#: Event Type IDs of the report (PS3.4 J.3.3.1).
ALL_COMMITTED = 1
FAILURES_EXIST = 2


def read_transaction(information: Dataset | None) -> tuple[str, tuple[SOPReference, ...]]:
    """Read what is to be committed.

    :param information: the action information of the N-ACTION.
    :return: the Transaction UID, and the instances, each once.
    :raises ProviderError: something is missing, or is no UID.
    """
    if information is None:
        raise NoSuchArgument("a request needs a transaction and instances")
    transaction_uid = _uid(information, TRANSACTION_UID)
    sequence: Any = None
    if REFERENCED_SOP_SEQUENCE in information:
        sequence = information[REFERENCED_SOP_SEQUENCE].value
    references = [
        SOPReference(
            _uid(item, _REFERENCED_SOP_CLASS_UID), _uid(item, _REFERENCED_SOP_INSTANCE_UID)
        )
        for item in (sequence if isinstance(sequence, Sequence) else ())
    ]
    if not references:
        raise InvalidArgumentValue("no instance is named", tags=(REFERENCED_SOP_SEQUENCE,))
    return transaction_uid, tuple(dict.fromkeys(references))


def report_of(
    transaction_uid: str,
    references: tuple[SOPReference, ...],
    failures: Mapping[SOPReference, int],
    *,
    retrieve_ae_title: str = "",
) -> tuple[int, Dataset]:
    """Make the event information of the N-EVENT-REPORT.

    :param failures: Failure Reason (0008,1197) of those that are not committed.
    :param retrieve_ae_title: from which the committed ones can be retrieved; empty for no word.
    :return: the Event Type ID, and the information.
    """
    information = Dataset()
    information.TransactionUID = transaction_uid
    if retrieve_ae_title:
        information.RetrieveAETitle = retrieve_ae_title
    committed = [_item(reference) for reference in references if reference not in failures]
    failed = [_item(reference) for reference in references if reference in failures]
    for item, reference in zip(failed, (r for r in references if r in failures), strict=True):
        item.FailureReason = failures[reference]
    if committed:
        information.ReferencedSOPSequence = committed
    if failed:
        information.FailedSOPSequence = failed
    return FAILURES_EXIST if failed else ALL_COMMITTED, information


def _item(reference: SOPReference) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    return item


def _uid(dataset: Dataset, tag: int) -> str:
    value = str(dataset[tag].value or "") if tag in dataset else ""
    if not uids.is_valid_uid(value):
        raise InvalidArgumentValue("a UID is missing, or is none", tags=(tag,))
    return value
