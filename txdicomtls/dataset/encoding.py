"""How the elements of a data set are encoded: what a transfer syntax says (PS3.5 7.1, 10, A)."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom._dicom_dict import DicomDictionary

from txdicomtls import uids
from txdicomtls.errors import MalformedDataSet

#: A value length that says: the value ends with a delimiter (PS3.5 7.1.1).
UNDEFINED_LENGTH = 0xFFFFFFFF

#: What stands between the elements of a sequence, or of fragments (PS3.5 7.5).
ITEM = 0xFFFEE000
ITEM_DELIMITATION = 0xFFFEE00D
SEQUENCE_DELIMITATION = 0xFFFEE0DD

#: Value representations with a length of 16 bits, right after them (PS3.5 7.1.2).
SHORT_VRS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split(),
)

#: Value representations with a length of 32 bits, after two reserved bytes (PS3.5 7.1.2).
LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())

#: Value representations of whole numbers and bit patterns; the other ones are text.
BINARY_VRS = frozenset(
    ("AT", "FD", "FL", "OB", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "SV", "UL", "UN", "US", "UV")
)

#: Elements of the dictionary that are sequences: in implicit VR nothing else says so (PS3.6 6).
SEQUENCE_TAGS = frozenset(tag for tag, entry in DicomDictionary.items() if entry[0] == "SQ")

#: Elements of the dictionary that are none, and so cannot have undefined length in implicit VR.
OTHER_TAGS = frozenset(DicomDictionary) - SEQUENCE_TAGS

_PAPYRUS_3_IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.20"

#: Transfer syntaxes that deflate the whole data set (PS3.5 A.5, A.7, and JPIP with HTJ2K).
DEFLATED = frozenset(
    (
        uids.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        "1.2.840.10008.1.2.4.95",
        "1.2.840.10008.1.2.4.205",
    )
)

#: Registered as transfer syntaxes, but what they transfer are no data sets (PS3.5 A.8, PS3.22).
_NO_DATA_SETS = ("1.2.840.10008.1.2.6.", "1.2.840.10008.1.2.7.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How elements are encoded.

    :param explicit: each element says its value representation (PS3.5 7.1.2).
    :param order: byte order, ``<`` or ``>`` as for :mod:`struct` (PS3.5 7.3).
    :param encapsulated: Pixel Data may be a sequence of fragments (PS3.5 A.4).
    :param deflated: the data set as a whole is compressed (PS3.5 A.5).
    """

    explicit: bool
    order: str
    encapsulated: bool = False
    deflated: bool = False


IMPLICIT_LITTLE = Encoding(explicit=False, order="<")
_EXPLICIT_LITTLE = Encoding(explicit=True, order="<")
_EXPLICIT_BIG = Encoding(explicit=True, order=">")
_DEFLATED_LITTLE = Encoding(explicit=True, order="<", deflated=True)
_ENCAPSULATED_LITTLE = Encoding(explicit=True, order="<", encapsulated=True)

_NATIVE = {
    uids.IMPLICIT_VR_LITTLE_ENDIAN: IMPLICIT_LITTLE,
    _PAPYRUS_3_IMPLICIT_VR_LITTLE_ENDIAN: IMPLICIT_LITTLE,
    uids.EXPLICIT_VR_LITTLE_ENDIAN: _EXPLICIT_LITTLE,
    uids.EXPLICIT_VR_BIG_ENDIAN: _EXPLICIT_BIG,
}


def encoding_of(transfer_syntax_uid: str) -> Encoding:
    """The encoding that a transfer syntax prescribes.

    :param transfer_syntax_uid: one of PS3.6 Annex A; every one that is neither native nor
        deflated encapsulates Pixel Data in explicit VR little endian.
    :raises MalformedDataSet: the standard does not know it, or it does not encode data sets.

    See PS3.5 10 and A.
    """
    native = _NATIVE.get(transfer_syntax_uid)
    if native is not None:
        return native
    if transfer_syntax_uid in DEFLATED:
        return _DEFLATED_LITTLE
    known = transfer_syntax_uid in uids.TRANSFER_SYNTAXES
    if not known or transfer_syntax_uid.startswith(_NO_DATA_SETS):
        raise MalformedDataSet(
            f"no data set can be in transfer syntax {transfer_syntax_uid[:64]!r}"
        )
    return _ENCAPSULATED_LITTLE
