"""What a node takes on an association: the part of ``txdicomtls probe`` that speaks DICOM."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from txdicomtls import uids
from txdicomtls.association import PresentationContext
from txdicomtls.cli.link import LinkOptions
from txdicomtls.interfaces import IReactor
from txdicomtls.net import ClientEndpoint, Timeouts
from txdicomtls.pdu import PresentationContextRQ
from txdicomtls.scu import Association, connect
from txdicomtls.tls import LinkDeadlines, Security

#: The storage SOP classes that are met most often (PS3.4 B.5).
_STORAGE = (
    "1.2.840.10008.5.1.4.1.1.1",  # Computed Radiography
    "1.2.840.10008.5.1.4.1.1.1.1",  # Digital X-Ray, for presentation
    "1.2.840.10008.5.1.4.1.1.1.2",  # Digital Mammography, for presentation
    "1.2.840.10008.5.1.4.1.1.2",  # CT
    "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT
    "1.2.840.10008.5.1.4.1.1.3.1",  # Ultrasound Multi-frame
    "1.2.840.10008.5.1.4.1.1.4",  # MR
    "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR
    "1.2.840.10008.5.1.4.1.1.6.1",  # Ultrasound
    "1.2.840.10008.5.1.4.1.1.7",  # Secondary Capture
    "1.2.840.10008.5.1.4.1.1.9.1.1",  # 12-lead ECG
    "1.2.840.10008.5.1.4.1.1.11.1",  # Grayscale Softcopy Presentation State
    "1.2.840.10008.5.1.4.1.1.12.1",  # X-Ray Angiographic
    "1.2.840.10008.5.1.4.1.1.12.2",  # X-Ray Radiofluoroscopic
    "1.2.840.10008.5.1.4.1.1.13.1.3",  # Breast Tomosynthesis
    "1.2.840.10008.5.1.4.1.1.20",  # Nuclear Medicine
    "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
    "1.2.840.10008.5.1.4.1.1.77.1.4",  # VL Photographic
    "1.2.840.10008.5.1.4.1.1.88.33",  # Comprehensive SR
    "1.2.840.10008.5.1.4.1.1.88.67",  # X-Ray Radiation Dose SR
    "1.2.840.10008.5.1.4.1.1.104.1",  # Encapsulated PDF
    "1.2.840.10008.5.1.4.1.1.128",  # PET
    "1.2.840.10008.5.1.4.1.1.481.2",  # RT Dose
    "1.2.840.10008.5.1.4.1.1.481.3",  # RT Structure Set
    "1.2.840.10008.5.1.4.1.1.481.5",  # RT Plan
)

#: One context for each pair, so that the node says of each whether it takes it; 126 in all.
_TRANSFER_SYNTAXES = (
    uids.IMPLICIT_VR_LITTLE_ENDIAN,
    uids.EXPLICIT_VR_LITTLE_ENDIAN,
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless, SV1
    "1.2.840.10008.1.2.4.90",  # JPEG 2000, lossless only
)

#: More operations at once than any node takes: the answer is what it takes.
_WINDOW = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationFacts:
    """What a node agreed to.

    :param contexts: transfer syntaxes that it takes, by SOP class; both by name.
    :param refused: SOP classes that it takes in none of those that were proposed, by name.
    :param maximum_length: bytes of P-DATA-TF that it receives; 0 is unlimited, None not said.
    :param implementation_class_uid: of the node.
    :param implementation_version_name: of the node; empty where it does not say.
    :param window: operations that may be outstanding at once.
    """

    contexts: dict[str, tuple[str, ...]]
    refused: tuple[str, ...]
    maximum_length: int | None
    implementation_class_uid: str
    implementation_version_name: str
    window: int


async def ask_for_association(
    reactor: IReactor, link: LinkOptions, security: Security
) -> AssociationFacts:
    """Propose what is met most often, and release at once.

    :param link: whom to call, and as whom.
    :param security: how the link is secured; the files of the options are not read again.
    :raises txdicomtls.errors.DicomTLSError: there is no association to be had.
    """
    pairs = [(uids.VERIFICATION, uids.IMPLICIT_VR_LITTLE_ENDIAN)]
    pairs += product(_STORAGE, _TRANSFER_SYNTAXES)
    proposed = tuple(
        PresentationContextRQ(
            context_id=2 * index + 1, abstract_syntax=abstract, transfer_syntaxes=(transfer,)
        )
        for index, (abstract, transfer) in enumerate(pairs)
    )
    endpoint = ClientEndpoint(reactor, link.host, link.port, security, timeout=link.timeout)
    connecting = connect(
        reactor,
        endpoint,
        called=link.called,
        calling=link.calling,
        contexts=proposed,
        window=_WINDOW,
        timeouts=Timeouts(association=link.timeout, response=link.timeout),
        deadlines=LinkDeadlines(handshake=link.timeout),
    )
    async with await connecting as association:
        return _facts(association, pairs)


def _facts(association: Association, pairs: list[tuple[str, str]]) -> AssociationFacts:
    information = association.peer
    taken = _by_class(association.contexts)
    names = dict.fromkeys(uids.uid_name(abstract) for abstract, _ in pairs)
    return AssociationFacts(
        contexts=taken,
        refused=tuple(name for name in names if name not in taken),
        maximum_length=information.maximum_length,
        implementation_class_uid=information.implementation_class_uid or "",
        implementation_version_name=information.implementation_version_name or "",
        window=association.window,
    )


def _by_class(contexts: tuple[PresentationContext, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for context in contexts:
        name = uids.uid_name(context.abstract_syntax)
        found[name] = (*found.get(name, ()), uids.uid_name(context.transfer_syntax))
    return found
