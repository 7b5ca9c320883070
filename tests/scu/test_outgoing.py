"""Data sets in memory as instances that are sent."""

from __future__ import annotations

from typing import Any

from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import at_once
from tests.association.pair import CT, EXPLICIT, IMPLICIT
from tests.scu.cases import ConnectCase, dataset
from txdicomtls import uids
from txdicomtls.dataset import Walker, decode
from txdicomtls.errors import CannotBeSent, NoPresentationContext
from txdicomtls.instance import OpenInstance, OutgoingInstance
from txdicomtls.scp import Storage
from txdicomtls.scu import Storable, contexts_for, storage_contexts
from txdicomtls.scu.outgoing import dataset_instance

JPEG = "1.2.840.10008.1.2.4.50"


def image(uid: str = "1.2.3", syntax: str = "", **more: Any) -> Dataset:
    made = dataset(SOPClassUID=CT, SOPInstanceUID=uid, PatientName="A^B", **more)
    if syntax:
        made.file_meta = FileMetaDataset()
        made.file_meta.TransferSyntaxUID = UID(syntax)
    return made


def not_a_number(text: str) -> DataElement:
    """Rows, with a text for its value."""
    return DataElement(0x00280010, "US", text, validation_mode=config.IGNORE)


class InstanceTests(SynchronousTestCase):
    def data(self, instance: OutgoingInstance, syntax: str, fragment: int = 16372) -> list[bytes]:
        """The blocks that are sent."""

        async def read() -> list[bytes]:
            opened: OpenInstance = await instance.open(syntax, fragment)
            blocks = [(bytes(data), last) async for data, last in opened.blocks()]
            await opened.close()
            assert [last for _, last in blocks] == [False] * (len(blocks) - 1) + [True]
            return [data for data, _ in blocks]

        return self.successResultOf(Deferred.fromCoroutine(read()))

    def failure(self, instance: OutgoingInstance, syntax: str) -> CannotBeSent:
        async def opened() -> None:
            await instance.open(syntax, 16372)

        failed = self.failureResultOf(Deferred.fromCoroutine(opened()), CannotBeSent)
        error: CannotBeSent = failed.value
        return error

    def test_one_that_is_not_compressed_goes_in_either_encoding_its_own_first(self) -> None:
        for syntax, expected in (
            ("", (EXPLICIT, IMPLICIT)),
            (EXPLICIT, (EXPLICIT, IMPLICIT)),
            (IMPLICIT, (IMPLICIT, EXPLICIT)),
            (JPEG, (JPEG,)),
            (uids.EXPLICIT_VR_BIG_ENDIAN, (uids.EXPLICIT_VR_BIG_ENDIAN,)),
        ):
            instance = dataset_instance(image(syntax=syntax), at_once)
            self.assertEqual(expected, instance.transfer_syntaxes)
            self.assertEqual((CT, "1.2.3"), (instance.sop_class_uid, instance.sop_instance_uid))

    def test_it_is_encoded_when_its_turn_comes(self) -> None:
        original = image()
        for syntax in (EXPLICIT, IMPLICIT):
            (data,) = self.data(dataset_instance(original, at_once), syntax)
            self.assertEqual(original, decode(data, syntax))

    def test_a_large_one_goes_in_blocks_of_whole_fragments(self) -> None:
        blocks = self.data(
            dataset_instance(image(EncapsulatedDocument=bytes(3 << 20)), at_once), EXPLICIT, 1000
        )
        self.assertEqual({0}, {len(block) % 1000 for block in blocks[:-1]})
        self.assertGreater(len(blocks), 2)

    def test_encapsulated_pixels_go_as_they_are(self) -> None:
        pixels = encapsulate([b"frame one!", b"frame two!"])
        original = image(syntax=JPEG, Rows=2, DataSetTrailingPadding=b"\0\0")
        original.add_new(0x7FE00010, "OB", pixels)
        (data,) = self.data(dataset_instance(original, at_once), JPEG)
        walker = Walker(JPEG)
        walker.feed(data)
        walker.end()
        self.assertEqual([], walker.remarks)
        self.assertIn(pixels, data)

    def test_pixels_that_are_not_encapsulated_are_not_passed_off_as_compressed(self) -> None:
        original = image(syntax=JPEG)
        original.add_new(0x7FE00010, "OB", b"\0" * 100)
        self.assertIn("encapsulated", str(self.failure(dataset_instance(original, at_once), JPEG)))

    def test_what_cannot_be_encoded_says_so_without_its_values(self) -> None:
        wrong = image()
        wrong.add(not_a_number("secret"))
        error = self.failure(dataset_instance(wrong, at_once), EXPLICIT)
        self.assertNotIn("secret", str(error))

    def test_one_that_does_not_say_what_it_is_is_refused(self) -> None:
        for missing in ("SOPClassUID", "SOPInstanceUID"):
            nameless = image()
            delattr(nameless, missing)
            self.assertRaises(CannotBeSent, dataset_instance, nameless, at_once)


class StoreTests(ConnectCase):
    def storing(self, contexts: Any, *items: Storable) -> list[Any]:
        association = self.serving(Storage(self.receiver), contexts=contexts)
        results, outcome = self.collect(association.store(items))
        self.assertEqual([None], outcome.results)
        return results

    def serving(self, service: Any, contexts: Any) -> Any:
        server = self.factory(services=[service]).buildProtocol(None)
        return self.connected(server, contexts)

    def test_data_sets_are_stored_and_named_by_their_uid(self) -> None:
        results = self.storing(storage_contexts([CT]), image("1.2.3"), image("1.2.4"))
        self.assertEqual(["1.2.3", "1.2.4"], [sent.name for sent in results])
        self.assertTrue(all(sent.succeeded for sent in results))
        self.assertIsNone(results[0].path)
        self.assertEqual(image("1.2.3"), decode(bytes(self.receiver.sinks[0].data), EXPLICIT))

    def test_a_data_set_goes_in_what_the_peer_takes(self) -> None:
        (sent,) = self.storing(storage_contexts([CT], (IMPLICIT,)), image(syntax=EXPLICIT))
        self.assertTrue(sent.succeeded)
        self.assertEqual(IMPLICIT, self.receiver.instances[0].transfer_syntax_uid)

    def test_it_goes_in_its_own_encoding_where_there_is_a_choice(self) -> None:
        self.storing(storage_contexts([CT]), image(syntax=IMPLICIT))
        self.assertEqual(IMPLICIT, self.receiver.instances[0].transfer_syntax_uid)

    def test_each_that_is_wrong_is_reported_and_the_others_go_on(self) -> None:
        nameless, unencodable, other = image(), image("1.2.5"), image("1.2.6")
        del nameless.SOPInstanceUID
        unencodable.add(not_a_number("x"))
        other.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
        results = self.storing(storage_contexts([CT]), nameless, unencodable, other, image("1.2.7"))
        self.assertEqual(
            [CannotBeSent, CannotBeSent, NoPresentationContext, type(None)],
            [type(sent.error) for sent in results],
        )
        self.assertEqual("1.2.5", results[1].sop_instance_uid)

    def test_an_instance_of_an_archive_is_opened_in_the_first_syntax_that_is_taken(self) -> None:
        opened: list[Any] = []

        async def open_in(syntax: str, fragment: int) -> OpenInstance:
            opened.append(syntax)
            return await dataset_instance(image(), at_once).open(syntax, fragment)

        instance = OutgoingInstance(
            sop_class_uid=CT,
            sop_instance_uid="1.2.3",
            transfer_syntaxes=(JPEG, IMPLICIT, EXPLICIT),
            open=open_in,
        )
        (sent,) = self.storing(storage_contexts([CT]), instance)
        self.assertTrue(sent.succeeded)
        self.assertEqual([IMPLICIT], opened)

    def test_contexts_can_be_made_of_what_is_stored_already(self) -> None:
        kept = [self.receiver_facts()]
        self.assertEqual(
            [(CT, (EXPLICIT,))],
            [(each.abstract_syntax, each.transfer_syntaxes) for each in contexts_for(kept)],
        )

    def receiver_facts(self) -> Any:
        self.storing(storage_contexts([CT]), image())
        return self.receiver.instances[0]
