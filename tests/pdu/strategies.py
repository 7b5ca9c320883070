"""Hypothesis strategies for every PDU and what it is made of; all that they draw can be sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

from txdicomtls.pdu import (
    PDU,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ContextResult,
    ControlPDU,
    ExtendedNegotiation,
    PDataTF,
    PresentationContextAC,
    PresentationContextRQ,
    PresentationDataValue,
    ReleaseRP,
    ReleaseRQ,
    RoleSelection,
    UserIdentityAC,
    UserIdentityRQ,
    UserInformation,
)

_Drawn = TypeVar("_Drawn")

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))

bytes_of_code = st.integers(0, 0xFF)
context_ids = st.integers(0, 127).map(lambda half: 2 * half + 1)
secrets = st.binary(max_size=200)


def tuples_of(
    elements: st.SearchStrategy[_Drawn],
    *,
    min_size: int = 0,
    max_size: int = 3,
    unique_by: Callable[[_Drawn], int] | None = None,
) -> st.SearchStrategy[tuple[_Drawn, ...]]:
    return st.lists(elements, min_size=min_size, max_size=max_size, unique_by=unique_by).map(tuple)


def uids() -> st.SearchStrategy[str]:
    """UIDs by the rules of PS3.5 9.1, some of them of the greatest length."""
    return st.builds(
        "{}.{}".format,
        st.sampled_from(("0.1", "1.2.840.10008", "1.2.840.10008.5.1.4.1.1", "2." + "9" * 50)),
        st.integers(0, 10**11 - 1),
    )


def ae_titles() -> st.SearchStrategy[str]:
    """AE titles by the rules of PS3.5 6.2, without the spaces that mean nothing."""
    characters = _PRINTABLE.replace("\\", "")
    return st.text(characters, min_size=1, max_size=16).filter(lambda t: t == t.strip())


def returned_ae_titles() -> st.SearchStrategy[str]:
    """What an acceptor may have to send back: any 16 bytes, without padding."""
    characters = st.characters(min_codepoint=0, max_codepoint=0xFF)
    return st.text(characters, max_size=16).map(lambda t: t.rstrip("\0 ").lstrip(" "))


def version_names() -> st.SearchStrategy[str]:
    return st.text(_PRINTABLE, max_size=16).map(lambda name: name.rstrip(" "))


def presentation_contexts_rq() -> st.SearchStrategy[PresentationContextRQ]:
    return st.builds(
        PresentationContextRQ,
        context_id=context_ids,
        abstract_syntax=uids(),
        transfer_syntaxes=tuples_of(uids(), min_size=1),
    )


def presentation_contexts_ac() -> st.SearchStrategy[PresentationContextAC]:
    accepted = st.builds(
        PresentationContextAC,
        context_id=context_ids,
        result=st.just(int(ContextResult.ACCEPTANCE)),
        transfer_syntax=uids(),
    )
    refused = st.builds(
        PresentationContextAC,
        context_id=context_ids,
        result=st.integers(1, 0xFF),
        transfer_syntax=st.just("") | uids(),
    )
    return accepted | refused


def user_identities() -> st.SearchStrategy[UserIdentityRQ]:
    return st.builds(
        UserIdentityRQ,
        identity_type=bytes_of_code,
        primary=secrets,
        secondary=secrets,
        positive_response_requested=st.booleans(),
    )


def user_information_rq() -> st.SearchStrategy[UserInformation]:
    """User information of a request: sub-items 51H to 58H."""
    return st.builds(
        UserInformation,
        maximum_length=st.none() | st.integers(0, 0xFFFF_FFFF),
        implementation_class_uid=st.just("") | uids(),
        implementation_version_name=version_names(),
        window=st.none() | windows(),
        roles=tuples_of(role_selections()),
        extended=tuples_of(extended_negotiations()),
        common_extended=tuples_of(common_extended_negotiations()),
        user_identity=st.none() | user_identities(),
    )


def user_information_ac() -> st.SearchStrategy[UserInformation]:
    """User information of an acceptance: sub-items 51H to 56H and 59H."""
    return st.builds(
        UserInformation,
        maximum_length=st.none() | st.integers(0, 0xFFFF_FFFF),
        implementation_class_uid=st.just("") | uids(),
        implementation_version_name=version_names(),
        window=st.none() | windows(),
        roles=tuples_of(role_selections()),
        extended=tuples_of(extended_negotiations()),
        user_identity_response=st.none() | st.builds(UserIdentityAC, response=secrets),
    )


def windows() -> st.SearchStrategy[AsynchronousOperationsWindow]:
    return st.builds(
        AsynchronousOperationsWindow,
        invoked=st.integers(0, 0xFFFF),
        performed=st.integers(0, 0xFFFF),
    )


def role_selections() -> st.SearchStrategy[RoleSelection]:
    return st.builds(RoleSelection, sop_class_uid=uids(), scu=st.booleans(), scp=st.booleans())


def extended_negotiations() -> st.SearchStrategy[ExtendedNegotiation]:
    return st.builds(ExtendedNegotiation, sop_class_uid=uids(), information=st.binary(max_size=20))


def common_extended_negotiations() -> st.SearchStrategy[CommonExtendedNegotiation]:
    return st.builds(
        CommonExtendedNegotiation,
        sop_class_uid=uids(),
        service_class_uid=uids(),
        related_general_sop_classes=tuples_of(uids()),
        version=bytes_of_code,
    )


def associate_rqs() -> st.SearchStrategy[AssociateRQ]:
    return st.builds(
        AssociateRQ,
        called_ae_title=ae_titles(),
        calling_ae_title=ae_titles(),
        presentation_contexts=tuples_of(
            presentation_contexts_rq(),
            min_size=1,
            unique_by=lambda context: context.context_id,
        ),
        user_information=user_information_rq(),
        application_context=uids(),
        protocol_version=st.integers(0, 0xFFFF),
    )


def associate_acs() -> st.SearchStrategy[AssociateAC]:
    return st.builds(
        AssociateAC,
        called_ae_title=returned_ae_titles(),
        calling_ae_title=returned_ae_titles(),
        presentation_contexts=tuples_of(
            presentation_contexts_ac(),
            min_size=1,
            unique_by=lambda context: context.context_id,
        ),
        user_information=user_information_ac(),
        application_context=uids(),
        protocol_version=st.integers(0, 0xFFFF),
    )


def associate_rjs() -> st.SearchStrategy[AssociateRJ]:
    return st.builds(AssociateRJ, result=bytes_of_code, source=bytes_of_code, reason=bytes_of_code)


def presentation_data_values() -> st.SearchStrategy[PresentationDataValue]:
    return st.builds(
        PresentationDataValue,
        context_id=context_ids,
        is_command=st.booleans(),
        is_last=st.booleans(),
        data=st.binary(max_size=40),
    )


def p_data_tfs() -> st.SearchStrategy[PDataTF]:
    return st.builds(PDataTF, tuples_of(presentation_data_values(), min_size=1))


def aborts() -> st.SearchStrategy[Abort]:
    return st.builds(Abort, source=bytes_of_code, reason=bytes_of_code)


def control_pdus() -> st.SearchStrategy[ControlPDU]:
    """Every PDU but P-DATA-TF."""
    return st.one_of(
        associate_rqs(),
        associate_acs(),
        associate_rjs(),
        st.just(ReleaseRQ()),
        st.just(ReleaseRP()),
        aborts(),
    )


def pdus() -> st.SearchStrategy[PDU]:
    """All seven PDUs."""
    return st.one_of(control_pdus(), p_data_tfs())


@st.composite
def mutations(draw: st.DrawFn, octets: bytes) -> bytes:
    """These bytes with a few of them replaced, removed or added."""
    mutated = bytearray(octets)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(mutated)))
        stop = min(len(mutated), start + draw(st.sampled_from((0, 1, 1, 2, 4, 30))))
        mutated[start:stop] = draw(
            st.sampled_from((b"", b"\0", b"\1", b"\xff", b"\xff\xff", b"\x20", b"\x59"))
            | st.binary(max_size=4)
        )
    return bytes(mutated)


@st.composite
def chunkings(draw: st.DrawFn, octets: bytes) -> list[bytes]:
    """These bytes cut into pieces at any places, down to single bytes."""
    if draw(st.booleans()):
        size = draw(st.integers(1, 40))
        return [octets[at : at + size] for at in range(0, len(octets), size)]
    cuts = sorted(draw(st.lists(st.integers(0, len(octets)), max_size=12)))
    return [
        octets[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(octets)], strict=True)
    ]
