"""Octets that are no DICOM, over a good TLS link: the answer that PS3.8 has for each, at once."""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Mapping

from tests.daemon.cases import GOOD_PEER, DaemonTestCase, good_context, in_thread
from tests.daemon.peer import (
    COMMAND,
    DATA,
    ECHO_CONTEXT,
    LAST_COMMAND,
    LAST_DATA,
    RELEASE_RP,
    RELEASE_RQ,
    Peer,
    abort,
    associate_rj,
    associate_rq,
    c_echo_rq,
    c_store_rq,
    command,
    item,
    p_data,
    pdu,
    short,
    status_of,
    uid,
)
from tests.running import Node

ASSOCIATE_AC = b"\x02" + associate_rq()[1:]

#: PDU-length that no peer has the bytes for.
LIES = (0x80000000, 0xFFFFFFFF)


def header(pdu_type: int, length: int) -> bytes:
    """The header of a PDU whose length says this, whatever follows."""
    return struct.pack(">BxL", pdu_type, length)


def value_header(pdu_length: int, value_length: int, context_id: int, control: int) -> bytes:
    """P-DATA-TF with one presentation data value, as far as its header."""
    return struct.pack(">BxLLBB", 4, pdu_length, value_length, context_id, control)


#: Before there is an association: AA-1, which is A-ABORT with source 0, reason 0.
FIRST = {
    **{
        f"PDU type {pdu_type:02X}H": pdu(pdu_type, bytes(10))
        for pdu_type in (0x00, 0x08, 0x10, 0x16, 0x7F, 0xFF)
    },
    "A-ASSOCIATE-AC": ASSOCIATE_AC,
    "A-ASSOCIATE-RJ": associate_rj(1, 1, 1),
    "P-DATA-TF": c_echo_rq(),
    "A-RELEASE-RQ": RELEASE_RQ,
    "A-RELEASE-RP": RELEASE_RP,
    **{f"A-ASSOCIATE-RQ of {length:X}H octets": header(1, length) for length in LIES},
    "A-ASSOCIATE-RQ of one octet more than a mebibyte": header(1, 0x100001),
    "A-ASSOCIATE-RQ of no octets": header(1, 0),
    "A-ASSOCIATE-RQ without its items": pdu(1, associate_rq()[6:74]),
    "A-ASSOCIATE-RQ with an item that is longer than it": pdu(
        1, associate_rq()[6:74] + b"\x10\x00\xff\xff1.2"
    ),
    "A-ASSOCIATE-RQ without presentation contexts": pdu(
        1, associate_rq()[6:74] + item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x50, b"")
    ),
    "A-ASSOCIATE-RQ with stray octets at its end": pdu(1, associate_rq()[6:] + b"\0\0\0"),
    "A-ASSOCIATE-RQ with an even presentation context ID": associate_rq().replace(
        item(0x20, b"")[:2] + b"\x00\x2e\x01", item(0x20, b"")[:2] + b"\x00\x2e\x02"
    ),
}

UNRECOGNIZED_PDU = abort(2, 1)
UNEXPECTED_PDU = abort(2, 2)
INVALID_VALUE = abort(2, 6)
BY_THE_USER = abort(0, 0)

#: On an association: AA-8, which is A-ABORT with source 2 and a reason; or, for what DIMSE cannot
#: read, A-ABORT of the service user.
ON_AN_ASSOCIATION: dict[str, tuple[bytes, bytes]] = {
    **{
        f"PDU type {pdu_type:02X}H": (pdu(pdu_type, bytes(10)), UNRECOGNIZED_PDU)
        for pdu_type in (0x00, 0x08, 0x47, 0xFF)
    },
    "A-ASSOCIATE-RQ again": (associate_rq(), UNEXPECTED_PDU),
    "A-ASSOCIATE-AC": (ASSOCIATE_AC, UNEXPECTED_PDU),
    "A-ASSOCIATE-RJ": (associate_rj(1, 1, 1), UNEXPECTED_PDU),
    "A-RELEASE-RP unasked": (RELEASE_RP, UNEXPECTED_PDU),
    **{
        f"PDU type {pdu_type:02X}H of {length:X}H octets": (header(pdu_type, length), INVALID_VALUE)
        for pdu_type in range(1, 8)
        for length in (0, *LIES)
    },
    "P-DATA-TF of more than the maximum length": (header(4, 131073), INVALID_VALUE),
    **{
        f"PDU type {pdu_type:02X}H of {length} octets": (
            pdu(pdu_type, bytes(length)),
            INVALID_VALUE,
        )
        for pdu_type in (3, 5, 6, 7)
        for length in (3, 5)
    },
    **{
        f"a presentation data value of {length:X}H octets in 6": (
            value_header(6, length, 1, DATA),
            INVALID_VALUE,
        )
        for length in (0, 1, 3, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
    },
    "stray octets after a presentation data value": (
        pdu(4, c_echo_rq()[6:] + b"\0\0"),
        INVALID_VALUE,
    ),
    "a presentation context that was not accepted": (p_data(5, LAST_COMMAND, b""), INVALID_VALUE),
    "an even presentation context": (p_data(2, LAST_COMMAND, b""), INVALID_VALUE),
    "a command set that is noise": (
        p_data(ECHO_CONTEXT, LAST_COMMAND, b"\xde\xad\xbe\xef" * 5),
        BY_THE_USER,
    ),
    "a command set with an element that is longer than it": (
        p_data(ECHO_CONTEXT, LAST_COMMAND, struct.pack("<HHL", 0, 0x0100, 0xFFFFFFF0)),
        BY_THE_USER,
    ),
    "a command set without an end": (
        p_data(ECHO_CONTEXT, COMMAND, bytes(60000)) * 2,
        BY_THE_USER,
    ),
    "a response that nobody waits for": (
        p_data(
            ECHO_CONTEXT,
            LAST_COMMAND,
            command(
                (0x0100, short(0x8030)),
                (0x0120, short(1)),
                (0x0800, short(0x0101)),
                (0x0900, short(0x0000)),
            ),
        ),
        BY_THE_USER,
    ),
    "a release in the midst of a message": (c_store_rq(b"1.2.3") + RELEASE_RQ, BY_THE_USER),
}

#: DIMSE's own answer to a command in place of a data set, and the reverse, is not fixed by the
#: standard; that it is the end is.
OUT_OF_ORDER = {
    "a data set without a command set": p_data(ECHO_CONTEXT, LAST_DATA, bytes(10)),
    "a command set in the midst of a data set": c_store_rq(b"1.2.3") + c_echo_rq(),
    "a data set on another presentation context": c_store_rq(b"1.2.3")
    + p_data(ECHO_CONTEXT, LAST_DATA, bytes(10)),
}


class BadPDUTests(DaemonTestCase):
    async def test_what_may_not_come_first_is_aborted(self) -> None:
        self.assertEqual(len(FIRST), len(set(FIRST.values())))
        daemon = await self.start()
        await self.check(
            daemon, {what: (octets, BY_THE_USER) for what, octets in FIRST.items()}, associate=False
        )
        await self.assert_serves(daemon)

    async def test_what_may_not_come_on_an_association_is_aborted_with_its_reason(self) -> None:
        daemon = await self.start()
        await self.check(daemon, ON_AN_ASSOCIATION, associate=True)
        await self.assert_serves(daemon)

    async def test_messages_out_of_order_end_the_association(self) -> None:
        daemon = await self.start()
        for what, octets in OUT_OF_ORDER.items():
            _, answer = await in_thread(exchange, daemon, octets, associate=True)
            self.assertIn(answer, (BY_THE_USER, UNEXPECTED_PDU, INVALID_VALUE), what)
        await self.assert_serves(daemon)

    async def test_an_abort_is_not_answered(self) -> None:
        daemon = await self.start()
        for associate in (False, True):
            for source, reason in ((0, 0), (2, 6), (0xFF, 0xFF)):
                octets = abort(source, reason)
                _, answer = await in_thread(exchange, daemon, octets, associate=associate)
                self.assertEqual(b"", answer)
        await self.assert_serves(daemon)

    async def test_after_an_abort_nothing_is_answered_however_much_comes(self) -> None:
        daemon = await self.start()
        flood = c_echo_rq() * 20000
        _, answer = await in_thread(exchange, daemon, RELEASE_RP + flood, associate=True)
        self.assertEqual(UNEXPECTED_PDU, answer)
        await self.assert_serves(daemon)

    async def check(
        self, daemon: Node, cases: Mapping[str, tuple[bytes, bytes]], *, associate: bool
    ) -> None:
        """Each is answered by its abort, at once, and the log has a line on it."""
        wrong = []
        for what, (octets, expected) in cases.items():
            began = time.monotonic()
            port, answer = await in_thread(exchange, daemon, octets, associate=associate)
            if answer != expected:
                wrong.append(f"{what}: {answer.hex(' ')} and not {expected.hex(' ')}")
            self.assertLess(time.monotonic() - began, GOOD_PEER, what)
            await self.soon(daemon.process.when_says(rf"association with \S+:{port} aborted: \S+"))
        self.assertEqual([], wrong)


class RejectionTests(DaemonTestCase):
    async def test_an_unwanted_association_is_rejected_with_the_reason(self) -> None:
        daemon = await self.start(more='[[peer]]\nae_title = "PEER"')
        protocol_version = associate_rj(1, 2, 2)
        calling, called = associate_rj(1, 1, 3), associate_rj(1, 1, 7)
        cases = {
            "no protocol version": (associate_rq(protocol_version=0), protocol_version),
            "another protocol version": (associate_rq(protocol_version=2), protocol_version),
            "another calling AE title": (associate_rq(calling=b"STRANGER"), calling),
            "the calling AE title in lower case": (associate_rq(calling=b"peer"), calling),
            "no calling AE title": (associate_rq(calling=b""), calling),
            "another called AE title": (associate_rq(called=b"ANOTHER"), called),
            "a path as the called AE title": (associate_rq(called=b"../TXDICOM"), called),
            "no called AE title": (associate_rq(called=b""), called),
            "a called AE title of zeros": (associate_rq(called=bytes(16)), called),
            "a called AE title with a line feed": (associate_rq(called=b"A\nB"), called),
            "another application context": (
                associate_rq().replace(b"1.2.840.10008.3.1.1.1", b"1.2.840.10008.3.1.1.2"),
                associate_rj(1, 1, 2),
            ),
        }
        wrong = []
        for what, (octets, expected) in cases.items():
            answer = await in_thread(first_answer, daemon, octets)
            if answer != expected:
                wrong.append(f"{what}: {answer.hex(' ')} and not {expected.hex(' ')}")
        self.assertEqual([], wrong)
        self.assertIn(r"'A\nB'", daemon.process.output)
        await self.assert_serves(daemon)

    async def test_what_does_not_matter_in_a_request_is_no_reason_to_reject_it(self) -> None:
        daemon = await self.start(more='[[peer]]\nae_title = "PEER"')
        request = associate_rq()
        for what, octets in {
            "further bits of the protocol version": associate_rq(protocol_version=0xFFFF),
            "spaces around AE titles": associate_rq(called=b"  TXDICOM", calling=b" PEER"),
            "reserved fields": request[:1] + b"\xff" + request[2:8] + b"\xff\xff" + request[10:],
            "an unknown item": pdu(1, request[6:] + item(0x99, b"what?")),
        }.items():
            answer = await in_thread(first_answer, daemon, octets)
            self.assertEqual(2, answer[0], f"{what}: {answer.hex(' ')}")

    async def test_one_association_too_many_is_rejected_for_the_time_being(self) -> None:
        daemon = await self.start(more="[limits]\nassociations = 1")
        with await in_thread(Peer, daemon.port, good_context(daemon)) as first:
            await in_thread(first.associate)
            answer = await in_thread(first_answer, daemon, associate_rq())
            self.assertEqual(associate_rj(2, 3, 2), answer)
            await in_thread(first.release)
        await self.soon(daemon.process.when_says(rf":{first.port} ended"))
        await self.assert_serves(daemon)


class MalformedCommandTests(DaemonTestCase):
    async def test_a_request_that_lacks_an_element_is_answered_and_the_association_goes_on(
        self,
    ) -> None:
        daemon = await self.start()
        cases = {
            "without Affected SOP Class UID": ((0x0100, 0x0030), (0x0110, 7), (0x0800, 0x0101)),
            "with an unknown Command Field": ((0x0100, 0x0002), (0x0110, 7), (0x0800, 0x0101)),
        }
        with await in_thread(Peer, daemon.port, good_context(daemon)) as peer:
            await in_thread(peer.associate)
            for (what, elements), expected in zip(cases.items(), (0x0212, 0x0211), strict=True):
                octets = command(*((number, short(value)) for number, value in elements))
                peer.send(p_data(ECHO_CONTEXT, LAST_COMMAND, octets))
                self.assertEqual(expected, status_of(await in_thread(peer.receive)), what)
            another = command(
                (0x0002, uid(b"1.2.840.10008.5.1.4.1.1.4")),
                (0x0100, short(0x0030)),
                (0x0110, short(8)),
                (0x0800, short(0x0101)),
            )
            peer.send(p_data(ECHO_CONTEXT, LAST_COMMAND, another))
            self.assertEqual(0x0122, status_of(await in_thread(peer.receive)))
            await in_thread(peer.echo)
            await in_thread(peer.release)


def first_answer(daemon: Node, octets: bytes) -> bytes:
    """Send octets, take one PDU, and go: after a rejection it is us who have to close."""
    with Peer(daemon.port, good_context(daemon)) as peer:
        peer.send(octets)
        return peer.receive()


def exchange(daemon: Node, octets: bytes, *, associate: bool) -> tuple[int, bytes]:
    """Send octets, and take what comes back until the node closes: our own port, and all of it."""
    with Peer(daemon.port, good_context(daemon)) as peer:
        if associate:
            peer.associate()
        with contextlib.suppress(ConnectionError):  # the node may have enough before we are through
            peer.send(octets)
        return peer.port, peer.rest()
