"""Files over one association."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from twisted.internet.defer import Deferred

from tests.archive.doubles import at_once, open_descriptors
from tests.association.pair import CT, EXPLICIT, request
from tests.net.pair import CT_ID, NetCase, Outcome, Peer, store_request, watch, windowed
from tests.scu.files import ELEMENT, make_file
from txdicomtls.association import AbortIndication, DataArrived, MessageBegan
from txdicomtls.dimse import CStoreRQ, Priority, Status
from txdicomtls.errors import (
    AssociationAborted,
    AssociationError,
    NoPresentationContext,
    NotADicomFile,
    OutOfResources,
)
from txdicomtls.interfaces import Originator
from txdicomtls.net import RequestorProtocol
from txdicomtls.scu import Sent
from txdicomtls.scu.invoking import Requestor
from txdicomtls.scu.store import Reason, store_all

BIG = bytes(3 << 20)


class StoreCase(NetCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        before = open_descriptors()
        self.addCleanup(lambda: self.assertEqual(before, open_descriptors()))

    def files(self, *contents: bytes) -> list[Path]:
        """A file for each data set, with the instance UID 1.2.3.INDEX from 1."""
        return [
            make_file(self.directory / f"{index}.dcm", data, uid=f"1.2.3.{index}")
            for index, data in enumerate(contents, 1)
        ]

    def storing(
        self, client: RequestorProtocol, paths: Iterable[Path]
    ) -> tuple[list[Sent], Outcome]:
        """What has been reported so far, and how it ended."""
        results: list[Sent] = []

        async def store() -> None:
            async for sent in store_all(Requestor(client, at_once), paths):
                results.append(sent)  # noqa: PERF401  # each is looked at as it comes

        return results, watch(Deferred.fromCoroutine(store()))

    def instances(self, peer: Peer) -> list[str]:
        return [
            began.message.affected_sop_instance_uid  # type: ignore[attr-defined]  # C-STORE-RQ
            for began in peer.told(MessageBegan)
        ]


class OrderTests(StoreCase):
    def test_every_file_arrives_bit_for_bit_in_order_and_is_reported(self) -> None:
        contents = [os.urandom(length) for length in (2, 500, 1 << 20, (3 << 20) + 30, 16378)]
        client, _, wire = self.associated()
        results, end = self.storing(client, self.files(*contents))
        wire.flush()
        self.assertTrue(end.results, end.failures)
        self.assertTrue(contents == [sink.data for sink in self.receiver.sinks])
        self.assertEqual(
            [f"1.2.3.{n}" for n in range(1, 6)],
            [instance.sop_instance_uid for instance in self.receiver.instances],
        )
        self.assertEqual([f"{n}.dcm" for n in range(1, 6)], [sent.name for sent in results])
        for sent in results:
            self.assertTrue(sent.succeeded)
            self.assertEqual("B007H data set does not match SOP class", sent.outcome)
            assert sent.header is not None
            self.assertEqual(
                (CT, EXPLICIT), (sent.header.sop_class_uid, sent.header.transfer_syntax_uid)
            )

    def test_each_request_says_who_asked_for_the_move_that_it_is_part_of(self) -> None:
        client, peer, wire = self.calling(windowed(2))
        by = Originator(ae_title="WORKSTATION", message_id=7)
        sending = store_all(
            Requestor(client, at_once),
            self.files(ELEMENT),
            reason=Reason(priority=Priority.HIGH, originator=by),
        )
        watch(Deferred.fromCoroutine(anext(sending)))
        wire.flush()
        (began,) = peer.told(MessageBegan)
        message = began.message
        assert isinstance(message, CStoreRQ)
        self.assertEqual(
            ("WORKSTATION", 7, Priority.HIGH),
            (
                message.move_originator_ae_title,
                message.move_originator_message_id,
                message.priority,
            ),
        )
        wire.cut()

    def test_no_file_is_no_work(self) -> None:
        client, _, _ = self.associated()
        results, end = self.storing(client, [])
        self.assertTrue(end.results)
        self.assertEqual([], results)

    def test_no_more_than_the_window_is_outstanding(self) -> None:
        client, peer, wire = self.calling(windowed(3))
        results, end = self.storing(client, self.files(*[ELEMENT] * 6))
        wire.flush()
        self.assertEqual(["1.2.3.1", "1.2.3.2", "1.2.3.3"], self.instances(peer))
        for message_id in (2, 1, 3, 4, 6, 5):
            peer.send(CT_ID, store_request(message_id).response(Status.SUCCESS))
            wire.flush()
        self.assertEqual(6, len(self.instances(peer)))
        self.assertEqual(["2", "1", "3", "4", "6", "5"], [sent.name[0] for sent in results])
        self.assertTrue(end.results)

    def test_no_more_files_than_the_window_and_one_are_open(self) -> None:
        client, _, wire = self.calling(windowed(2))
        before = open_descriptors()
        opened: list[Path] = []

        def paths() -> Iterable[Path]:
            for path in self.files(*[BIG] * 8):
                opened.append(path)
                yield path

        _, end = self.storing(client, paths())
        wire.flush()
        self.assertEqual(3, len(opened))
        self.assertLessEqual(open_descriptors(), before + 3)
        wire.cut()
        self.assertTrue(end.is_known)

    def test_memory_does_not_grow_with_the_file(self) -> None:
        room = self.receiver.will_have_no_room()
        client, _, wire = self.associated()
        results, _ = self.storing(client, self.files(bytes(20 << 20)))
        wire.flush()
        self.assertLess(len(wire.client._kept), 3 << 20)
        room.callback(None)
        wire.flush()
        self.assertTrue(results[0].succeeded)
        self.assertEqual(20 << 20, len(self.receiver.sinks[0].data))


class FailureTests(StoreCase):
    def test_what_is_wrong_with_one_file_harms_no_other(self) -> None:
        good = self.files(ELEMENT, ELEMENT)
        no_dicom = self.directory / "notes.txt"
        no_dicom.write_bytes(b"hello")
        other_kind = make_file(self.directory / "mr.dcm", sop_class="1.2.840.10008.5.1.4.1.1.4")
        client, _, wire = self.associated()
        paths = [good[0], no_dicom, self.directory / "missing.dcm", other_kind, good[1]]
        results, end = self.storing(client, paths)
        wire.flush()
        self.assertTrue(end.results, end.failures)
        by_path = {sent.path: sent for sent in results}
        self.assertEqual(set(paths), set(by_path))
        self.assertIsInstance(by_path[no_dicom].error, NotADicomFile)
        self.assertIsInstance(by_path[paths[2]].error, NotADicomFile)
        self.assertIsInstance(by_path[other_kind].error, NoPresentationContext)
        self.assertIsNone(by_path[no_dicom].header)
        self.assertIsNotNone(by_path[other_kind].header)
        self.assertIn("DICOM file", by_path[no_dicom].outcome)
        self.assertTrue(by_path[good[0]].succeeded and by_path[good[1]].succeeded)

    def test_a_file_that_the_peer_takes_in_no_context_is_closed_again(self) -> None:
        big = make_file(self.directory / "mr.dcm", BIG, sop_class="1.2.840.10008.5.1.4.1.1.4")
        client, _, wire = self.associated()
        results, _ = self.storing(client, [big])
        wire.flush()
        self.assertIsInstance(results[0].error, NoPresentationContext)

    def test_the_status_of_the_peer_is_reported_for_each(self) -> None:
        self.receiver.error = OutOfResources("full")
        client, _, wire = self.associated()
        results, _ = self.storing(client, self.files(ELEMENT, ELEMENT))
        wire.flush()
        self.assertEqual([0xA700, 0xA700], [sent.status for sent in results])
        self.assertEqual("A700H refused: out of resources", results[0].outcome)
        self.assertFalse(results[0].succeeded)

    def test_a_warning_is_a_success_with_a_word(self) -> None:
        sent = Sent(path=Path("a.dcm"), status=Status.COERCION_OF_DATA_ELEMENTS)
        self.assertTrue(sent.succeeded)
        self.assertEqual("B000H coercion of data elements", sent.outcome)
        self.assertFalse(Sent(path=Path("a.dcm"), status=Status.CANNOT_UNDERSTAND).succeeded)

    def test_after_a_loss_every_file_is_reported_with_it(self) -> None:
        client, peer, wire = self.calling(windowed(2))
        results, end = self.storing(client, self.files(*[BIG] * 9))
        wire.flush()
        peer.do(peer.connection.abort())
        wire.flush()
        self.assertTrue(end.results, end.failures)
        self.assertEqual(9, len(results))
        for sent in results:
            self.assertIsInstance(sent.error, AssociationAborted)
            self.assertIsNotNone(sent.header)

    def test_a_file_that_becomes_shorter_is_not_passed_off_as_whole(self) -> None:
        client, _, wire = self.associated()
        (path,) = self.files(BIG)
        room = self.receiver.will_have_no_room()
        results, _ = self.storing(client, [path])
        wire.flush()
        os.truncate(path, (1 << 20) + 5000)
        room.callback(None)
        wire.flush()
        self.assertIsInstance(results[0].error, NotADicomFile)
        (sink,) = self.receiver.sinks
        self.assertEqual((0, 1), (sink.finished, sink.discarded))
        self.assertFalse(wire.is_open)

    def test_a_disk_that_fails_is_reported_and_not_raised(self) -> None:
        client, _, wire = self.associated()
        paths = self.files(BIG, ELEMENT)
        lseek = os.lseek

        def broken(*args: int) -> int:
            self.patch(os, "lseek", lseek)
            raise OSError(5, "Input/output error")

        self.patch(os, "lseek", broken)
        results, end = self.storing(client, paths)
        wire.flush()
        self.assertTrue(end.results, end.failures)
        self.assertEqual([NotADicomFile, type(None)], [type(sent.error) for sent in results])

    def test_who_stops_listening_stops_the_sending(self) -> None:
        client, peer, wire = self.calling(request((CT, (EXPLICIT,)), (CT, (EXPLICIT,))))
        taking = store_all(Requestor(client, at_once), self.files(ELEMENT, BIG, BIG))

        async def one() -> Sent:
            return await anext(taking)

        first = Deferred.fromCoroutine(one())
        wire.flush()
        peer.send(1, store_request(1).response(Status.SUCCESS))
        wire.flush()
        self.assertTrue(self.successResultOf(first).succeeded)
        closing: Deferred[None] = Deferred.fromCoroutine(taking.aclose())
        wire.flush()
        self.successResultOf(closing)
        self.assertEqual(1, len(peer.told(AbortIndication)))
        self.assertFalse(wire.is_open)

    def test_a_peer_that_releases_in_between_is_an_error_for_the_rest(self) -> None:
        client, peer, wire = self.calling()
        results, end = self.storing(client, self.files(*[ELEMENT] * 3))
        wire.flush()
        peer.do(peer.connection.release())
        wire.flush()
        self.assertTrue(end.results)
        self.assertEqual(3, len(results))
        for sent in results:
            self.assertIsInstance(sent.error, AssociationError)

    def test_no_data_of_a_file_is_sent_before_its_command(self) -> None:
        client, peer, wire = self.calling()
        self.storing(client, self.files(ELEMENT))
        wire.flush()
        kinds = [type(each) for each in peer.heard if isinstance(each, MessageBegan | DataArrived)]
        self.assertEqual([MessageBegan, DataArrived], kinds)
