"""Tests of :mod:`txdicomtls.archive.worklist` and :mod:`txdicomtls.archive.worklist_files`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from zope.interface.verify import verifyObject

from tests.archive.doubles import Jobs, as_any, at_once
from tests.archive.provided import ProviderCase, all_of
from tests.interop.peers import dcmtk
from txdicomtls.archive import FolderWorklist, WorklistLimits
from txdicomtls.archive.json_model import to_json
from txdicomtls.dataset import encode
from txdicomtls.errors import InvalidKey, ProcessingFailure
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import IWorklistProvider, QueryOptions, WorklistQuery
from txdicomtls.part10 import meta_bytes
from txdicomtls.uids import EXPLICIT_VR_LITTLE_ENDIAN, MODALITY_WORKLIST_FIND

#: Accession number, name, modality, station, start date, start time.
SCHEDULED = (
    ("A1", "Lindgren^Astrid", "CT", "CT_ROOM_1", "20261124", "0900"),
    ("A2", "Kästner^Erich", "MR", "MR_ROOM", "20261125", "1000"),
    ("A3", "Lindgren^Astrid", "CT", "CT_ROOM_2", "20261125", "1400"),
    ("A4", "山田^太郎", "CT", "CT_ROOM_1", "20261126", "080000"),
)


def step(modality: str, station: str, date: str, time: str) -> Dataset:
    made = Dataset()
    made.Modality = modality
    made.ScheduledStationAETitle = station
    made.ScheduledProcedureStepStartDate = date
    made.ScheduledProcedureStepStartTime = time
    made.ScheduledProcedureStepDescription = f"{modality} of the head"
    return made


def scheduled(accession: str, name: str, *steps: Dataset) -> Dataset:
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.AccessionNumber = accession
    made.PatientName = name
    made.PatientID = f"ID {accession}"
    made.ScheduledProcedureStepSequence = list(steps)
    return made


def keys(order: dict[str, str] | None = None, **of_step: str) -> WorklistQuery:
    """What is asked for: keys of the order, and keys of the step."""
    item = Dataset()
    for keyword, value in ({"ScheduledProcedureStepDescription": ""} | of_step).items():
        setattr(item, keyword, value)
    asked = Dataset()
    for keyword, value in ({"AccessionNumber": "", "PatientName": ""} | (order or {})).items():
        setattr(asked, keyword, value)
    asked.ScheduledProcedureStepSequence = [item]
    return WorklistQuery(keys=asked, options=QueryOptions(), association=None)


class WorklistTests(ProviderCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        for accession, name, *about in SCHEDULED:
            item = scheduled(accession, name, step(*about))
            if accession < "A3":
                self.write(f"{accession}.wl", dicom(item))
            else:
                self.write(f"{accession}.json", to_json(item).encode())
        self.lines: list[str] = []
        self.worklist = self.made()

    def made(self, **limits: int) -> FolderWorklist:
        return FolderWorklist(
            self.directory, at_once, limits=WorklistLimits(**limits), seconds=lambda: self.now
        )

    def write(self, name: str, content: bytes) -> None:
        temporary = self.directory / ".writing"
        temporary.write_bytes(content)
        temporary.rename(self.directory / name)

    def ask(self, asked: WorklistQuery | None = None, *, later: float = 2) -> list[Dataset]:
        self.now += later
        found = self.result(all_of(self.worklist.worklist(asked or keys())))
        return [each.identifier for each in found]

    def numbers(self, asked: WorklistQuery | None = None, **more: float) -> str:
        """Which are found."""
        return "".join(sorted(each.AccessionNumber[1:] for each in self.ask(asked, **more)))

    def heard(self) -> list[str]:
        """What has been logged since."""
        lines, self.lines = self.lines, []
        return lines

    def listen(self) -> None:
        def note(event: LogEvent) -> None:
            self.lines.append(formatEvent(event))

        observer = as_any(note)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def test_it_is_a_provider(self) -> None:
        self.assertTrue(verifyObject(IWorklistProvider, self.worklist))

    def test_files_of_both_kinds_are_the_worklist(self) -> None:
        self.assertEqual("1234", self.numbers())

    def test_keys_of_the_order_and_of_the_step_are_matched(self) -> None:
        for wanted, asked in (
            ("13", keys({"PatientName": "lindgren*"})),
            ("134", keys(Modality="CT")),
            ("14", keys(Modality="CT", ScheduledStationAETitle="CT_ROOM_1")),
            ("1", keys({"PatientName": "Lindgren*"}, ScheduledStationAETitle="CT_ROOM_1")),
            ("23", keys(ScheduledProcedureStepStartDate="20261125")),
            ("234", keys(ScheduledProcedureStepStartDate="20261125-")),
            ("4", keys({"PatientName": "山田*"})),
            ("2", keys({"AccessionNumber": "A2"}, Modality="MR")),
            ("", keys({"AccessionNumber": "A2"}, Modality="CT")),
            ("", keys(ScheduledStationAETitle="../CT_ROOM_1"[:16])),
        ):
            self.assertEqual(wanted, self.numbers(asked), asked.keys)

    def test_a_range_of_dates_and_one_of_times_are_one_range(self) -> None:
        asked = keys(
            ScheduledProcedureStepStartDate="20261124-20261125",
            ScheduledProcedureStepStartTime="0930-1200",
        )
        self.assertEqual("2", self.numbers(asked))
        asked = keys(
            ScheduledProcedureStepStartDate="20261124-20261126",
            ScheduledProcedureStepStartTime="0930-1200",
        )
        self.assertEqual("234", self.numbers(asked))

    def test_what_is_told_is_what_was_asked_for(self) -> None:
        (found,) = self.ask(keys({"AccessionNumber": "A2", "PatientBirthDate": ""}))
        self.assertEqual("Kästner^Erich", str(found.PatientName))
        self.assertEqual("", found.PatientBirthDate or "")
        self.assertNotIn("PatientID", found)
        (item,) = found.ScheduledProcedureStepSequence
        self.assertEqual("MR of the head", item.ScheduledProcedureStepDescription)
        self.assertNotIn("Modality", item)

    def test_an_empty_sequence_asks_for_all_of_it(self) -> None:
        asked = Dataset()
        asked.AccessionNumber = "A1"
        asked.ScheduledProcedureStepSequence = []
        query = WorklistQuery(keys=asked, options=QueryOptions(), association=None)
        (found,) = self.ask(query)
        self.assertEqual("CT", found.ScheduledProcedureStepSequence[0].Modality)

    def test_an_order_of_several_steps_is_as_many_items(self) -> None:
        both = scheduled("A5", "Ende^Michael", step(*SCHEDULED[0][2:]), step(*SCHEDULED[1][2:]))
        self.write("several.json", json.dumps([json.loads(to_json(both))]).encode())
        found = self.ask(keys({"AccessionNumber": "A5"}, Modality=""))
        self.assertEqual(
            ["CT", "MR"],
            sorted(each.ScheduledProcedureStepSequence[0].Modality for each in found),
        )
        (found_one,) = self.ask(keys({"AccessionNumber": "A5"}, Modality="MR"))
        self.assertEqual(1, len(found_one.ScheduledProcedureStepSequence))

    def test_what_cannot_be_matched_is_refused(self) -> None:
        asked = keys()
        (item,) = asked.keys.ScheduledProcedureStepSequence
        asked.keys.ScheduledProcedureStepSequence = [item, item]
        self.fails(all_of(self.worklist.worklist(asked)), InvalidKey)
        asked = keys(ScheduledStationAETitle="longer than sixteen characters")
        self.flushWarnings()  # of pydicom, about this very value
        self.fails(all_of(self.worklist.worklist(asked)), InvalidKey)

    def test_what_changes_in_the_folder_changes_the_worklist(self) -> None:
        self.assertEqual("1234", self.numbers())
        (self.directory / "A1.wl").unlink()
        self.write("A2.wl", dicom(scheduled("A7", "Ende^Michael", step(*SCHEDULED[1][2:]))))
        self.write("new.json", to_json(scheduled("A6", "Ende^Michael")).encode())
        self.assertEqual("1234", self.numbers(later=0.5))
        self.assertEqual("3467", self.numbers(later=0.6))

    def test_what_has_not_changed_is_not_read_again(self) -> None:
        before = {id(each.AccessionNumber) for each in self.ask()}
        self.write("new.json", to_json(scheduled("A6", "Ende^Michael")).encode())
        after = {id(each.AccessionNumber) for each in self.ask()}
        self.assertEqual(5, len(after))
        self.assertLessEqual(before, after)

    def test_a_file_that_cannot_be_used_is_named_once_and_others_are_used(self) -> None:
        self.listen()
        self.write("bad.wl", b"SECRET")
        self.write("bad.json", b'{"00100010": {"vr": "PN", "Value": "SECRET"}}')
        self.write("none.json", b"SECRET")
        self.write("deep.json", b"[" * 100_000)
        self.write("short.dcm", dicom(scheduled("A8", "SECRET"))[:-3])
        os.mkfifo(self.directory / "fifo.wl")
        (self.directory / "directory.wl").mkdir()
        (self.directory / "dangling.wl").symlink_to("nothing")
        self.assertEqual("1234", self.numbers())
        lines = self.heard()
        self.assertEqual(8, len(lines), lines)
        self.assertNotIn("SECRET", "".join(lines))
        self.assertEqual("1234", self.numbers())
        self.assertEqual([], self.heard())
        self.write("bad.wl", b"SECRETS")
        self.assertEqual("1234", self.numbers())
        self.assertEqual(1, len(self.heard()))

    def test_other_files_are_nobodys_business(self) -> None:
        self.listen()
        for name in ("lockfile", "README.txt", ".hidden.json", "backup.wl~"):
            self.write(name, b"anything")
        self.assertEqual("1234", self.numbers())
        self.assertEqual([], self.heard())

    def test_the_folder_is_bounded(self) -> None:
        self.listen()
        self.write("A0.json", b" " * 5000)
        self.worklist = self.made(file=4000)
        self.assertEqual("1234", self.numbers())
        self.assertIn("more than 4000 bytes", "".join(self.heard()))
        self.worklist = self.made(files=3)
        self.assertEqual("12", self.numbers())
        self.assertIn("more than 3 files", "".join(self.heard()))
        self.worklist = self.made(items=3)
        self.assertEqual("123", self.numbers())
        self.assertIn("more than 3 items", "".join(self.heard()))
        self.worklist = self.made(size=sum(each.stat().st_size for each in self.files()[:2]))
        self.assertEqual("12", self.numbers())
        self.assertIn("bytes in all", "".join(self.heard()))

    def test_what_did_not_fit_is_there_when_there_is_room(self) -> None:
        self.worklist = self.made(items=3)
        self.assertEqual("123", self.numbers())
        self.files()[0].unlink()
        self.assertEqual("234", self.numbers())

    def files(self) -> list[Path]:
        """Those of the folder that have an item each."""
        return sorted(path for path in self.directory.iterdir() if not path.name.startswith("A0"))

    def test_a_folder_that_is_not_there_is_told_the_peer_without_its_name(self) -> None:
        for path in self.directory.iterdir():
            path.unlink()
        self.directory.rmdir()
        error = self.fails(all_of(self.worklist.worklist(keys())), ProcessingFailure)
        self.assertNotIn(str(self.directory), str(error))
        self.directory.mkdir()
        self.assertEqual("", self.numbers())

    def test_who_asks_at_once_has_the_folder_read_once(self) -> None:
        jobs = Jobs()
        worklist = FolderWorklist(self.directory, jobs, seconds=lambda: self.now)
        both = [Deferred.fromCoroutine(as_any(all_of(worklist.worklist(keys())))) for _ in range(2)]
        self.assertEqual(1, len(jobs.waiting))
        jobs.do_one()
        self.assertEqual(2, len(jobs.waiting))
        jobs.do_all()
        for each in both:
            self.assertEqual(4, len(as_any(self.successResultOf(each))))

    def test_files_that_dcmtk_makes_are_used(self) -> None:
        program = dcmtk("dump2dcm")
        dump = Path(self.mktemp())
        dump.write_text(
            "(0008,0050) SH  A9\n"
            "(0010,0010) PN  Preussler^Otfried\n"
            "(0040,0100) SQ\n"
            "(fffe,e000) -\n"
            "(0008,0060) CS  US\n"
            "(fffe,e00d) -\n"
            "(fffe,e0dd) -\n"
        )
        subprocess.run([program, dump, self.directory / "A9.wl"], check=True, capture_output=True)
        self.assertEqual("9", self.numbers(keys(Modality="US")))


def dicom(item: Dataset) -> bytes:
    """A DICOM file."""
    instance = IncomingInstance(
        sop_class_uid=MODALITY_WORKLIST_FIND,
        sop_instance_uid="1.2.3",
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
    )
    return meta_bytes(instance) + encode(item, EXPLICIT_VR_LITTLE_ENDIAN)
