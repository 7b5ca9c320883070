"""The Storage service class as SCP: C-STORE into whatever receives instances (PS3.4 Annex B).

The data set goes through as it comes, bit for bit, in whatever transfer syntax
was accepted.  Only its first elements are looked at: they must say that it is the
instance of the request.  Success is answered only when the receiver's sink says
that the instance is safe.
"""

from __future__ import annotations

from collections.abc import Collection

from zope.interface import implementer

from txdicomtls import uids
from txdicomtls.dimse import CStoreRQ
from txdicomtls.interfaces import IInstanceReceiver, IOperation, IService
from txdicomtls.net import IncomingRequest
from txdicomtls.net.receiving import receive


@implementer(IService)
class Storage:
    """Receives instances.

    :param receiver: where they go.
    :param private: also SOP classes that the standard does not know: True for any that is a
        valid UID and not of another service, or the UIDs of those wanted.
    :param largest: bytes of the largest data set that is kept; None for no limit.
    """

    name = "store"

    def __init__(
        self,
        receiver: IInstanceReceiver,
        *,
        private: bool | Collection[str] = False,
        largest: int | None = None,
    ) -> None:
        self._receiver = receiver
        self._private = private
        self._largest = largest

    def accepts(self, abstract_syntax: str) -> bool:
        """Every Storage SOP Class of the standard, retired ones too, and private ones by choice."""
        if abstract_syntax in uids.STORAGE_SOP_CLASSES:
            return True
        if isinstance(self._private, bool):
            return self._private and _is_private(abstract_syntax)
        return abstract_syntax in self._private

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        """The requestor's first: it knows best in which its objects are stored."""
        return next((uid for uid in offered if self._keeps(uid)), None)

    def _keeps(self, transfer_syntax: str) -> bool:
        return transfer_syntax in uids.TRANSFER_SYNTAXES or (
            self._private is True and _is_private(transfer_syntax)
        )

    def begin(self, request: IncomingRequest) -> IOperation | None:
        """Take C-STORE; there is no other operation."""
        message = request.message
        if not isinstance(message, CStoreRQ):
            return None
        return receive(request, message, self._receiver, largest=self._largest)


def _is_private(uid: str) -> bool:
    """Whether this is a UID that somebody else than DICOM registered (PS3.5 9.1)."""
    return uids.is_valid_uid(uid) and not uid.startswith(_DICOM_ROOT)


_DICOM_ROOT = "1.2.840.10008."
