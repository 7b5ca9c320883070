"""The whole tree of errors: each carries its facts as fields and says which side is to blame.

Three rules hold for every class here: the text of an error is one line that a
person can act on; it never holds a password or patient data; what a program
needs to decide is in a field, never only in the text.
"""

from __future__ import annotations

from txdicomtls.errors.access import IdentityUnavailable
from txdicomtls.errors.configuration import (
    CannotListen,
    ConfigurationError,
    ConfigurationProblem,
    CredentialError,
    PasswordUnavailable,
    ProfileUnavailable,
    WrongPassword,
)
from txdicomtls.errors.index import (
    IndexTooNew,
    IndexUnavailable,
    InvalidQuery,
    QueryTimeout,
)
from txdicomtls.errors.instances import (
    CannotUnderstand,
    DamagedInstance,
    DuplicateInstance,
    InvalidInstance,
    InvalidKey,
    MalformedDataSet,
    MismatchedInstance,
    NotADicomFile,
    OutOfResources,
    StorageError,
    UnknownInstance,
)
from txdicomtls.errors.link import (
    HandshakeFailed,
    LinkError,
    LinkRefused,
    LinkTimeout,
    PeerNameMismatch,
    PeerNotTLS,
    PeerUnreachable,
)
from txdicomtls.errors.root import (
    DicomTLSError,
)
from txdicomtls.errors.services import (
    CannotBeSent,
    IdentityNotAcknowledged,
    NotAskedFor,
    OperationFailed,
    QueryFailed,
    RetrievalFailed,
)
from txdicomtls.errors.upper_layer import (
    AssociationAborted,
    AssociationEnded,
    AssociationError,
    AssociationLost,
    AssociationRefused,
    AssociationRejected,
    AssociationTimeout,
    LocalProtocolError,
    MalformedCommand,
    NoPresentationContext,
    ProtocolError,
    RemoteProtocolError,
    UnreadableCommand,
)

__all__ = [
    "AssociationAborted",
    "AssociationEnded",
    "AssociationError",
    "AssociationLost",
    "AssociationRefused",
    "AssociationRejected",
    "AssociationTimeout",
    "CannotBeSent",
    "CannotListen",
    "CannotUnderstand",
    "ConfigurationError",
    "ConfigurationProblem",
    "CredentialError",
    "DamagedInstance",
    "DicomTLSError",
    "DuplicateInstance",
    "HandshakeFailed",
    "IdentityNotAcknowledged",
    "IdentityUnavailable",
    "IndexTooNew",
    "IndexUnavailable",
    "InvalidInstance",
    "InvalidKey",
    "InvalidQuery",
    "LinkError",
    "LinkRefused",
    "LinkTimeout",
    "LocalProtocolError",
    "MalformedCommand",
    "MalformedDataSet",
    "MismatchedInstance",
    "NoPresentationContext",
    "NotADicomFile",
    "NotAskedFor",
    "OperationFailed",
    "OutOfResources",
    "PasswordUnavailable",
    "PeerNameMismatch",
    "PeerNotTLS",
    "PeerUnreachable",
    "ProfileUnavailable",
    "ProtocolError",
    "QueryFailed",
    "QueryTimeout",
    "RemoteProtocolError",
    "RetrievalFailed",
    "StorageError",
    "UnknownInstance",
    "UnreadableCommand",
    "WrongPassword",
]
