"""Its tests: no sockets, no threads, no time that passes.  For pytest, or any other framework."""

from __future__ import annotations

from forwarding import forward
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from txdicomtls import uids
from txdicomtls.errors import AssociationRejected, OutOfResources, PeerUnreachable
from txdicomtls.net import AssociationFactory
from txdicomtls.pdu import (
    AssociateRJ,
    AssociateRQ,
    AsynchronousOperationsWindow,
    UserInformation,
)
from txdicomtls.scp import Storage
from txdicomtls.scu import storage_contexts
from txdicomtls.testing import (
    Close,
    Expect,
    ExpectClose,
    MemoryAccess,
    MemoryEndpoint,
    MemoryNetwork,
    MemoryReceiver,
    ScriptedPeer,
    Send,
    Wait,
)


def ct_images(count: int) -> list[Dataset]:
    """As many data sets, with the UIDs 1.2.3.1, 1.2.3.2, ..."""
    datasets = []
    for number in range(1, count + 1):
        dataset = Dataset()
        dataset.SOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = f"1.2.3.{number}"
        dataset.PatientID = "4711"
        datasets.append(dataset)
    return datasets


def node(network: MemoryNetwork, receiver: MemoryReceiver) -> MemoryEndpoint:
    """Where a node is that gives what it gets to a receiver."""
    factory = AssociationFactory(
        network.reactor, services=[Storage(receiver)], access=MemoryAccess()
    )
    return network.endpoint(factory)


def test_every_instance_arrives() -> None:
    """Both ends are this package's; what arrives can be looked at."""
    network, receiver = MemoryNetwork(), MemoryReceiver()
    refused = network.result_of(forward(network.reactor, node(network, receiver), ct_images(3)))
    assert refused == []
    assert [each.dataset.SOPInstanceUID for each in receiver] == ["1.2.3.1", "1.2.3.2", "1.2.3.3"]
    network.close()


def test_what_is_not_taken_is_named() -> None:
    """The node has a full disk."""
    network, receiver = MemoryNetwork(), MemoryReceiver()
    receiver.failure = OutOfResources("the disk is full")
    refused = network.result_of(forward(network.reactor, node(network, receiver), ct_images(2)))
    assert refused == ["1.2.3.1", "1.2.3.2"]
    network.close()


def test_a_slow_node_gets_eight_at_a_time() -> None:
    """A second for each of 16: two seconds on the clock, none in the test."""
    network = MemoryNetwork()
    receiver = MemoryReceiver(network.reactor, finish_after=1.0)
    sending = forward(network.reactor, node(network, receiver), ct_images(16))
    network.result_of(sending, seconds=5.0)
    assert network.reactor.seconds() == 2.0
    network.close()


def test_a_rejection_is_raised() -> None:
    """A peer that is played: what it expects is compared byte for byte."""
    network = MemoryNetwork()
    request = AssociateRQ(
        called_ae_title="PACS",
        calling_ae_title="FORWARDER",
        presentation_contexts=storage_contexts([CTImageStorage]).proposed,
        user_information=UserInformation(
            maximum_length=131072,
            implementation_class_uid=uids.IMPLEMENTATION_CLASS_UID,
            implementation_version_name=uids.IMPLEMENTATION_VERSION_NAME,
            window=AsynchronousOperationsWindow(invoked=8, performed=8),
        ),
    )
    rejection = AssociateRJ(result=1, source=1, reason=7)
    peer = ScriptedPeer(
        network, [Expect(request), Wait(2.0), Send(rejection), Close(), ExpectClose()]
    )
    endpoint = network.endpoint(peer.as_factory())
    sending = forward(network.reactor, endpoint, ct_images(1))
    assert network.failure_of(sending, AssociationRejected, seconds=5.0).reason == 7
    peer.run()
    network.close()


def test_a_node_out_of_reach_is_an_error() -> None:
    """Nobody answers."""
    network = MemoryNetwork()
    endpoint = node(network, MemoryReceiver())
    endpoint.failure = PeerUnreachable("pacs.example", 2762, "no route")
    sending = forward(network.reactor, endpoint, ct_images(1))
    assert network.failure_of(sending, PeerUnreachable).problem == "no route"
    network.close()
