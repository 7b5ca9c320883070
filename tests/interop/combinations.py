"""Which peer is tried with which service, in which direction; and what is not tried, and why.

Whoever finds that a peer does not get along with ours adds the test, or the reason, here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Way(Enum):
    """Who opens the association, and so how its TLS came about."""

    CALLS_US = "the peer calls us"
    IS_CALLED = "we call the peer"


@dataclass(frozen=True, slots=True)
class Tried:
    """A combination that tests show to work.

    :param peer: a program of DCMTK, ``pynetdicom NAME`` for an application of it, or
        ``pynetdicom`` for its library.
    :param service: as in the configuration of a node, or what else it is about.
    :param tests: module and class of the tests, below ``tests.interop``.
    """

    peer: str
    service: str
    way: Way
    tests: str


@dataclass(frozen=True, slots=True)
class NotTried:
    """A combination that no test shows, or in which something has to be left out.

    :param is_ours: whether ours is what does not go along.
    """

    peer: str
    service: str
    way: Way
    reason: str
    is_ours: bool = False


_US, _THEM = Way.CALLS_US, Way.IS_CALLED

_DCMTK = (
    Tried("echoscu", "echo", _US, "test_dcmtk_scu.AssociationTests"),
    Tried("storescu", "store", _US, "test_dcmtk_scu.StorageTests"),
    Tried("storescu", "identity", _US, "test_dcmtk_identity.CallingTests"),
    Tried("dcmsend", "store", _US, "test_dcmtk_retrieve.SendTests"),
    Tried("findscu", "find", _US, "test_dcmtk_query.QueryTests"),
    Tried("findscu", "worklist", _US, "test_dcmtk_query.WorklistTests"),
    Tried("getscu", "get", _US, "test_dcmtk_retrieve.GetTests"),
    Tried("movescu", "move", _US, "test_dcmtk_retrieve.MoveTests"),
    Tried("storescp", "move", _THEM, "test_dcmtk_retrieve.MoveTests"),
    Tried("storescp", "echo", _THEM, "test_dcmtk_scp.CommandTests"),
    Tried("storescp", "store", _THEM, "test_dcmtk_scp.CommandTests"),
    Tried("storescp", "identity", _THEM, "test_dcmtk_identity.CalledTests"),
    Tried("dcmrecv", "store", _THEM, "test_dcmtk_servers.ReceiverTests"),
    Tried("dcmqrscp", "find", _THEM, "test_dcmtk_servers.ArchiveTests"),
    Tried("dcmqrscp", "get", _THEM, "test_dcmtk_servers.ArchiveTests"),
    Tried("dcmqrscp", "move", _THEM, "test_dcmtk_servers.ArchiveTests"),
    Tried("wlmscpfs", "worklist", _THEM, "test_dcmtk_servers.WorklistTests"),
)

_PYNETDICOM = (
    Tried("pynetdicom echoscu", "echo", _US, "test_pynetdicom_apps.CallingTests"),
    Tried("pynetdicom storescu", "store", _US, "test_pynetdicom_apps.CallingTests"),
    Tried("pynetdicom findscu", "find", _US, "test_pynetdicom_apps.CallingTests"),
    Tried("pynetdicom findscu", "worklist", _US, "test_pynetdicom_apps.CallingTests"),
    Tried("pynetdicom getscu", "get", _US, "test_pynetdicom_apps.CallingTests"),
    Tried("pynetdicom movescu", "move", _US, "test_pynetdicom_apps.CallingTests"),
    Tried("pynetdicom", "echo", _US, "test_pynetdicom_services_scu.ServiceTests"),
    Tried("pynetdicom", "store", _US, "test_query_matrix.PynetdicomTests"),
    Tried("pynetdicom", "find", _US, "test_query_matrix.PynetdicomTests"),
    Tried("pynetdicom", "get", _US, "test_query_matrix.PynetdicomTests"),
    Tried("pynetdicom", "move", _US, "test_query_matrix.PynetdicomTests"),
    Tried("pynetdicom", "procedure-step", _US, "test_pynetdicom_services_scu.ServiceTests"),
    Tried("pynetdicom", "commit", _US, "test_pynetdicom_services_scu.ServiceTests"),
    Tried("pynetdicom", "normalized", _US, "test_pynetdicom_services_scu.ServiceTests"),
    Tried("pynetdicom", "event reports", _US, "test_pynetdicom_services_scu.ServiceTests"),
    Tried("pynetdicom", "identity", _US, "test_pynetdicom_services_scu.ServiceTests"),
    Tried("pynetdicom", "cancel", _US, "test_pynetdicom_services_scu.ServiceTests"),
    Tried("pynetdicom echoscp", "echo", _THEM, "test_pynetdicom_apps.CalledTests"),
    Tried("pynetdicom storescp", "store", _THEM, "test_pynetdicom_apps.CalledTests"),
    Tried("pynetdicom qrscp", "find", _THEM, "test_pynetdicom_apps.CalledTests"),
    Tried("pynetdicom qrscp", "get", _THEM, "test_pynetdicom_apps.CalledTests"),
    Tried("pynetdicom qrscp", "move", _THEM, "test_pynetdicom_apps.CalledTests"),
    Tried("pynetdicom", "worklist", _THEM, "test_pynetdicom_services_scp.ServiceTests"),
    Tried("pynetdicom", "procedure-step", _THEM, "test_pynetdicom_services_scp.ServiceTests"),
    Tried("pynetdicom", "commit", _THEM, "test_pynetdicom_services_scp.ServiceTests"),
    Tried("pynetdicom", "normalized", _THEM, "test_pynetdicom_services_scp.ServiceTests"),
    Tried("pynetdicom", "event reports", _THEM, "test_pynetdicom_services_scp.ServiceTests"),
    Tried("pynetdicom", "identity", _THEM, "test_pynetdicom_services_scp.ServiceTests"),
    Tried("pynetdicom", "cancel", _THEM, "test_pynetdicom_services_scp.ServiceTests"),
    Tried("pynetdicom", "meta SOP classes", _THEM, "test_pynetdicom_services_scp.ServiceTests"),
)

TRIED = _DCMTK + _PYNETDICOM

NOT_TRIED = (
    # What DCMTK 3.6.7, as Debian builds it, does not do.
    NotTried("findscu", "identity", _US, "only its storescu can say who its user is"),
    NotTried(
        "getscu",
        "get",
        _US,
        "objects of one SOP class in several compressed syntaxes: it proposes one",
    ),
    NotTried("movescu", "move", _US, "bit for bit: with +B it does not write where -od says"),
    NotTried(
        "storescp", "store", _THEM, "TLS 1.2 with an ECDSA certificate: its servers refuse that"
    ),
    NotTried("storescp", "identity", _THEM, "a positive response: it ignores user identities"),
    NotTried(
        "dcmqrscp",
        "store",
        _THEM,
        "compressed images: it takes one compressed syntax, by an option",
    ),
    NotTried("dcmrecv", "store", _THEM, "anything but implicit VR without a configuration file"),
    NotTried(
        "dcmprscu",
        "normalized",
        _US,
        "it works off a viewer's spool, under a Meta SOP Class: see below",
    ),
    NotTried(
        "dcmprscp",
        "normalized",
        _THEM,
        "it needs the configuration of a viewer; pynetdicom is tried",
    ),
    NotTried("termscu", "shutdown", _US, "a private SOP class of its authors"),
    # What pynetdicom 3.0 does not do.
    NotTried(
        "pynetdicom getscu", "get", _US, "compressed images: it proposes uncompressed syntaxes only"
    ),
    NotTried(
        "pynetdicom echoscu",
        "echo",
        _US,
        "--repeat: its thread may take the answer to the second request for a request, and aborts",
    ),
    NotTried("pynetdicom findscu", "unified procedure step", _US, "our node has no such service"),
    NotTried(
        "pynetdicom qrscp",
        "find",
        _THEM,
        "names beyond Latin-1: it has question marks in their place",
    ),
    NotTried(
        "pynetdicom qrscp",
        "store",
        _THEM,
        "on an association with C-GET: of two roles it grants one",
    ),
    NotTried(
        "pynetdicom", "identity", _THEM, "a positive response to a user name: it never sends one"
    ),
    NotTried(
        "pynetdicom", "window", _THEM, "more than one operation at once: it has no such thing"
    ),
    NotTried(
        "pynetdicom",
        "further queries",
        _US,
        "hanging protocols, implants and their like: no service of ours",
    ),
    # What ours does not do.
    NotTried(
        "pynetdicom",
        "meta SOP classes",
        _US,
        "requests about another SOP class than that of their context are refused",
        is_ours=True,
    ),
)
