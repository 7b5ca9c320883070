"""Association requests that are odd, wrong or too much, octet by octet, and what each one gets."""

from __future__ import annotations

import struct

from tests.daemon.peer import (
    APPLICATION_CONTEXT,
    CT_IMAGE_STORAGE,
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
    item,
    pdu,
)

APPLICATION = item(0x10, APPLICATION_CONTEXT)
TRANSFER = item(0x40, IMPLICIT_VR_LITTLE_ENDIAN)
MAXIMUM_LENGTH = item(0x51, struct.pack(">L", 16384))
IMPLEMENTATION = item(0x52, b"1.2.3.4")


def context(number: int, abstract: bytes = VERIFICATION, transfer: bytes = TRANSFER) -> bytes:
    """A presentation context item of a request (PS3.8 9.3.2.2)."""
    return item(0x20, bytes((number, 0, 0, 0)) + item(0x30, abstract) + transfer)


def request(
    *,
    application: bytes = APPLICATION,
    contexts: bytes = context(1),
    information: bytes = MAXIMUM_LENGTH + IMPLEMENTATION,
    called: bytes = b"TXDICOM",
    calling: bytes = b"PEER",
) -> bytes:
    """A-ASSOCIATE-RQ of any items."""
    return pdu(
        0x01,
        struct.pack(">H2x16s16s32x", 1, called.ljust(16), calling.ljust(16))
        + application
        + contexts
        + item(0x50, information),
    )


def informing(*sub_items: bytes) -> bytes:
    """A request with these sub-items of the user information besides the usual ones."""
    return request(information=MAXIMUM_LENGTH + IMPLEMENTATION + b"".join(sub_items))


def roles(uid: bytes, scu: int, scp: int) -> bytes:
    """SCP/SCU role selection (PS3.7 D.3.3.4)."""
    return item(0x54, struct.pack(">H", len(uid)) + uid + bytes((scu, scp)))


def window(invoked: int, performed: int) -> bytes:
    """Asynchronous operations window (PS3.7 D.3.3.3)."""
    return item(0x53, struct.pack(">HH", invoked, performed))


def extended(uid: bytes, information: bytes) -> bytes:
    """SOP class extended negotiation (PS3.7 D.3.3.5)."""
    return item(0x56, struct.pack(">H", len(uid)) + uid + information)


def identity(kind: int, primary: bytes, secondary: bytes = b"", *, answer: bool = False) -> bytes:
    """User identity (PS3.7 D.3.3.7)."""
    return item(
        0x58,
        bytes((kind, answer))
        + struct.pack(">H", len(primary))
        + primary
        + struct.pack(">H", len(secondary))
        + secondary,
    )


def summary(answer: bytes) -> str:
    """An answer in a word: what became of each context, or the codes of what it is."""
    if answer[0] != 0x02:
        name = {0x03: "rejected", 0x07: "aborted"}[answer[0]]
        return name + " " + "/".join(str(code) for code in answer[7 + (answer[0] == 7) : 10])
    results = {}
    at = 74
    while at < len(answer):
        kind, length = struct.unpack_from(">BxH", answer, at)
        if kind == 0x21:
            results[answer[at + 4]] = answer[at + 6]
        at += 4 + length
    if len(results) > 8:
        return f"accepted {list(results.values()).count(0)} of {len(results)}"
    return "accepted " + " ".join(f"{number}:{result}" for number, result in results.items())


ACCEPTED = "accepted 1:0"
#: AA-1: what is no PDU before there is an association.
ABORTED = "aborted 0/0"
NO_CALLED, NO_CALLING = "rejected 1/1/7", "rejected 1/1/3"

CASES: dict[str, tuple[bytes, str]] = {
    "the plain case": (request(), ACCEPTED),
    # Application context (PS3.8 9.3.2.1).
    "an application context padded by NUL": (
        request(application=item(0x10, APPLICATION_CONTEXT + b"\0")),
        ACCEPTED,
    ),
    "an application context of 200 bytes": (
        request(application=item(0x10, b"1.2" * 66 + b".3")),
        "rejected 1/1/2",
    ),
    "no application context": (request(application=b""), ABORTED),
    "two application contexts": (request(application=APPLICATION * 2), ABORTED),
    # AE titles (PS3.5 6.2).
    **{
        f"{title!r} as the {which} AE title": (request(**{which: title}), reason)
        for which, reason in (("called", NO_CALLED), ("calling", NO_CALLING))
        for title in (
            b" " * 16,
            b"A\\B",
            b"A\x1b[2J",
            b"A\r\nB: 1",
            b"B\xc3\x9cRO",
            b"A\0B",
            b"\xff" * 16,
        )
    },
    # Presentation contexts (PS3.8 9.3.2.2).
    "a presentation context ID of 0": (request(contexts=context(0)), ABORTED),
    "one presentation context ID twice": (request(contexts=context(1) * 2), ABORTED),
    "one presentation context ID for two classes": (
        request(contexts=context(1) + context(1, CT_IMAGE_STORAGE)),
        ABORTED,
    ),
    "128 presentation contexts": (
        request(contexts=b"".join(context(number) for number in range(1, 256, 2))),
        "accepted 128 of 128",
    ),
    "129 presentation contexts": (
        request(contexts=b"".join(context(number) for number in (*range(1, 256, 2), 1))),
        ABORTED,
    ),
    "no abstract syntax": (
        request(contexts=item(0x20, bytes((1, 0, 0, 0)) + TRANSFER)),
        ABORTED,
    ),
    "two abstract syntaxes": (
        request(contexts=context(1, transfer=item(0x30, CT_IMAGE_STORAGE) + TRANSFER)),
        ABORTED,
    ),
    "no transfer syntax": (request(contexts=context(1, transfer=b"")), ABORTED),
    "1000 transfer syntaxes": (
        request(contexts=context(1, transfer=item(0x40, b"1.2.3.4") * 999 + TRANSFER)),
        ACCEPTED,
    ),
    "abstract syntaxes that nobody knows, or that are none": (
        request(
            contexts=context(1, b"1.2.3")
            + context(3, b"1.2.x")
            + context(5, b"9" * 80)
            + context(7, b"../../etc")
        ),
        "accepted 1:3 3:3 5:3 7:3",
    ),
    "transfer syntaxes that nobody knows, or that are none": (
        request(
            contexts=context(1, transfer=item(0x40, b"1.2.3"))
            + context(3, transfer=item(0x40, b"1.2.x"))
            + context(5, transfer=item(0x40, b"9" * 80))
        ),
        "accepted 1:4 3:4 5:4",
    ),
    # Maximum length (PS3.8 D.1).
    "no maximum length": (request(information=IMPLEMENTATION), ACCEPTED),
    "two maximum lengths": (informing(MAXIMUM_LENGTH), ABORTED),
    **{
        f"a maximum length of {size} bytes": (
            request(information=item(0x51, bytes(size)) + IMPLEMENTATION),
            ABORTED,
        )
        for size in (0, 2, 3, 5)
    },
    **{
        f"a maximum length of {length}": (
            request(information=item(0x51, struct.pack(">L", length)) + IMPLEMENTATION),
            answer,
        )
        for length, answer in (
            (0, ACCEPTED),
            (1, "rejected 1/1/1"),
            (6, "rejected 1/1/1"),
            (7, "rejected 1/1/1"),
            (4096, ACCEPTED),
            (0xFFFFFFFF, ACCEPTED),
        )
    },
    # Implementation (PS3.7 D.3.3.2).
    "no implementation class UID": (request(information=MAXIMUM_LENGTH), ACCEPTED),
    "an implementation class UID that is none": (
        request(information=MAXIMUM_LENGTH + item(0x52, b"1.x/../%s")),
        ACCEPTED,
    ),
    **{
        f"the version name {name[:20]!r}": (informing(item(0x55, name)), ACCEPTED)
        for name in (b"", b"%s%n{0}", b"\xff\xfe", b"A" * 1000, b"\r\n2026 ERROR")
    },
    # Window (PS3.7 D.3.3.3).
    **{f"a window of {size}": (informing(window(size, size)), ACCEPTED) for size in (0, 1, 65535)},
    "a window of 2 bytes": (informing(item(0x53, b"\0\1")), ABORTED),
    "two windows": (informing(window(1, 1), window(2, 2)), ABORTED),
    # Roles (PS3.7 D.3.3.4).
    "roles of an unknown class": (informing(roles(b"1.2.3", 1, 1)), ACCEPTED),
    "no role": (informing(roles(VERIFICATION, 0, 0)), ACCEPTED),
    "both roles": (informing(roles(VERIFICATION, 1, 1)), ACCEPTED),
    "roles twice": (informing(roles(VERIFICATION, 1, 1), roles(VERIFICATION, 0, 1)), ACCEPTED),
    "the role of SCP for what nobody uses": (
        informing(roles(VERIFICATION, 0, 1)),
        "accepted 1:3",
    ),
    "a role whose UID is longer than its item": (
        informing(item(0x54, b"\xff\xff" + VERIFICATION + b"\1\1")),
        ABORTED,
    ),
    # Extended negotiation (PS3.7 D.3.3.5, D.3.3.6).
    "extended negotiation of 60,000 bytes": (
        informing(extended(VERIFICATION, bytes(60_000))),
        ACCEPTED,
    ),
    "extended negotiation of 1000 classes": (
        informing(*(extended(b"1.2.%d" % number, b"\1") for number in range(1000))),
        ACCEPTED,
    ),
    "extended negotiation whose UID is longer than its item": (
        informing(item(0x56, b"\0\xff1.2.3")),
        ABORTED,
    ),
    "common extended negotiation whose lengths lie": (
        informing(item(0x57, b"\0\5\x31.2.3\xff\xff")),
        ABORTED,
    ),
    # User identity (PS3.7 D.3.3.7), of which this node knows nobody.
    **{
        f"user identity of type {kind}": (
            informing(identity(kind, b"user", b"secret", answer=True)),
            "rejected or accepted",
        )
        for kind in (1, 2, 3, 4, 5, 0, 255)
    },
    "a passcode of 60,000 bytes": (
        informing(identity(2, b"user", b"secret" * 10_000)),
        "rejected or accepted",
    ),
    "an empty user identity": (informing(identity(1, b"")), "rejected or accepted"),
    "a user identity whose lengths lie": (
        informing(item(0x58, b"\2\0\xff\xffuser\0\0")),
        ABORTED,
    ),
    # Much of it.
    "16,000 sub-items that nobody knows": (informing(item(0x9F, b"") * 16_000), ACCEPTED),
    "60,000 items that nobody knows": (
        request(contexts=context(1) + item(0x9F, b"") * 60_000),
        ACCEPTED,
    ),
}
