"""The Modality Performed Procedure Step as requestor: created once, then set (PS3.4 F.7).

The step is IN PROGRESS when it is created.  It is set while it goes on, and for the last time as
COMPLETED or DISCONTINUED; a peer refuses whatever comes after that.
"""

from __future__ import annotations

from enum import Enum

from pydicom.dataset import Dataset

from txdicomtls import uids
from txdicomtls.errors import LocalProtocolError
from txdicomtls.scu.invoking import Requestor
from txdicomtls.scu.normalized import Done, Instance, create, set_attributes


class ProcedureStepStatus(Enum):
    """Performed Procedure Step Status (0040,0252) (PS3.3 C.4.14)."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"


async def create_procedure_step(
    requestor: Requestor, attributes: Dataset, sop_instance_uid: str
) -> str:
    """N-CREATE; see :meth:`txdicomtls.scu.Association.create_procedure_step`."""
    status = attributes.get("PerformedProcedureStepStatus", "")
    if status != ProcedureStepStatus.IN_PROGRESS.value:
        raise LocalProtocolError("a procedure step that is created is IN PROGRESS (PS3.4 F.7.2.1)")
    done = await create(requestor, _step(sop_instance_uid), attributes, "mpps")
    return done.sop_instance_uid or sop_instance_uid


async def set_procedure_step(
    requestor: Requestor, sop_instance_uid: str, modifications: Dataset
) -> Done:
    """N-SET; see :meth:`txdicomtls.scu.Association.set_procedure_step`."""
    status = modifications.get("PerformedProcedureStepStatus")
    if status is not None and status not in {each.value for each in ProcedureStepStatus}:
        raise LocalProtocolError("a procedure step has no such status (PS3.3 C.4.14)")
    return await set_attributes(requestor, _step(sop_instance_uid), modifications, "mpps")


def _step(sop_instance_uid: str) -> Instance:
    return Instance(
        sop_class_uid=uids.MODALITY_PERFORMED_PROCEDURE_STEP, sop_instance_uid=sop_instance_uid
    )
