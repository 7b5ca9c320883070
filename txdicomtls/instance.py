"""What is known of a SOP instance before its data set has arrived."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingInstance:
    """An instance that a peer is about to send: the facts of its C-STORE-RQ and of the association.

    None of the texts has been checked: they are what the peer says, and must
    pass through :func:`txdicomtls.uids.is_valid_uid` before they name anything.

    :param sop_class_uid: Affected SOP Class UID.
    :param sop_instance_uid: Affected SOP Instance UID.
    :param transfer_syntax_uid: transfer syntax of the presentation context that carries it.
    :param calling_ae_title: AE title of the sender.
    :param called_ae_title: AE title that the sender called.
    :param peer: network address of the sender, for log lines.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_ae_title: str = ""
    called_ae_title: str = ""
    peer: str = ""
