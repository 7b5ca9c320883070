"""A printer that says how it is: N-GET of the Printer SOP Class (PS3.4 H.4.6).

python examples/scp_normalized.py "dicomtls:2762:certificate=node.crt:key=node.key:trust=ca.crt"
"""

from __future__ import annotations

import sys

from pydicom.dataset import Dataset
from twisted.internet import defer, endpoints, task
from zope.interface import implementer

from txdicomtls.access import AnyPeer
from txdicomtls.errors import NoSuchInstance, OperationNotSupported
from txdicomtls.interfaces import INormalizedProvider, IReactor, NormalizedRequest, Reply
from txdicomtls.net import AssociationFactory
from txdicomtls.scp import Normalized, Verification, means_of

PRINTER, PRINTER_INSTANCE = "1.2.840.10008.5.1.1.16", "1.2.840.10008.5.1.1.17"


@implementer(INormalizedProvider)
class Printer:
    """There is one instance, and nothing but its state."""

    def get(self, request: NormalizedRequest, attributes: tuple[int, ...]) -> Reply:
        """N-GET: the attributes that are wanted, and which of them we do not know."""
        if request.sop_instance_uid != PRINTER_INSTANCE:
            raise NoSuchInstance("there is one printer")
        state = Dataset()
        state.PrinterStatus, state.PrinterStatusInfo = "NORMAL", "NORMAL"
        state.PrinterName = "in the basement"
        unknown = tuple(tag for tag in attributes if tag not in state)
        for element in list(state):
            if attributes and element.tag not in attributes:
                del state[element.tag]
        return Reply(data_set=state, status=0x0107 if unknown else 0, attributes=unknown)

    def set(self, request: NormalizedRequest, modifications: Dataset) -> None:
        """N-SET."""
        raise OperationNotSupported("a printer is not changed")

    def action(
        self, request: NormalizedRequest, action_type_id: int, information: Dataset | None
    ) -> None:
        """N-ACTION."""
        raise OperationNotSupported("a printer does nothing by itself")

    def create(self, request: NormalizedRequest, attributes: Dataset) -> None:
        """N-CREATE."""
        raise OperationNotSupported("there is one printer")

    def delete(self, request: NormalizedRequest) -> None:
        """N-DELETE."""
        raise OperationNotSupported("there is one printer")


def main(reactor: IReactor, endpoint: str) -> defer.Deferred[None]:
    """Listen until interrupted."""
    services = [Verification(), Normalized(Printer(), [PRINTER], means_of(reactor), name="print")]
    factory = AssociationFactory(reactor, services=services, access=AnyPeer())
    listening = endpoints.serverFromString(reactor, endpoint).listen(factory)
    listening.addCallback(lambda port: print(f"port {port.getHost().port}", flush=True))
    forever: defer.Deferred[None] = defer.Deferred()
    return listening.addCallback(lambda _: forever)  # type: ignore[no-any-return]  # Twisted has not typed it


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
