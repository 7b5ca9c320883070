"""What ``txdicomtls store`` finds and reports; that it sends is tested with a real node."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from rich.console import Console
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls import uids
from txdicomtls.cli.store import report
from txdicomtls.cli.survey import survey
from txdicomtls.errors import NotADicomFile
from txdicomtls.instance import IncomingInstance
from txdicomtls.part10 import FileHeader, meta_bytes
from txdicomtls.scu import Sent

CT = "1.2.840.10008.5.1.4.1.1.2"


def write_file(path: Path, sop_class_uid: str = CT) -> Path:
    instance = IncomingInstance(
        sop_class_uid=sop_class_uid,
        sop_instance_uid="1.2.3",
        transfer_syntax_uid=uids.EXPLICIT_VR_LITTLE_ENDIAN,
    )
    path.write_bytes(meta_bytes(instance) + bytes(10))
    return path


def sent(name: str, *, status: int | None = None, error: str = "") -> Sent:
    path = Path(name)
    header = FileHeader(
        path=path,
        sop_class_uid=CT,
        sop_instance_uid="1.2.3",
        transfer_syntax_uid=uids.EXPLICIT_VR_LITTLE_ENDIAN,
        data_offset=200,
        data_length=1000,
    )
    failure = NotADicomFile(path, error) if error else None
    return Sent(path=path, header=header, status=status, error=failure)


def reported(*results: Sent, width: int = 80, verbose: bool = False, skipped: int = 0) -> str:
    terminal = Console(file=StringIO(), width=width)
    report(terminal, list(results), skipped, verbose=verbose)
    said = terminal.file
    assert isinstance(said, StringIO)
    return said.getvalue()


class SurveyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        (self.directory / "deep" / "er").mkdir(parents=True)

    def test_directories_are_searched_and_what_is_not_dicom_is_passed_over(self) -> None:
        first = write_file(self.directory / "a.dcm")
        second = write_file(self.directory / "deep" / "er" / "IM1")
        (self.directory / "README").write_text("not an image")
        write_file(self.directory / "DICOMDIR", uids.MEDIA_STORAGE_DIRECTORY_STORAGE)
        headers, failed, skipped = survey([self.directory])
        self.assertEqual([first, second], [header.path for header in headers])
        self.assertEqual(([], 2), (failed, skipped))

    def test_a_named_file_that_is_not_dicom_is_a_failure(self) -> None:
        text = self.directory / "README"
        text.write_text("not an image")
        headers, failed, skipped = survey([text, self.directory / "missing"])
        self.assertEqual(([], 0), (headers, skipped))
        self.assertEqual([text, self.directory / "missing"], [each.path for each in failed])
        self.assertFalse(any(each.succeeded for each in failed))


class ReportTests(SynchronousTestCase):
    def test_every_outcome_is_whole_on_any_terminal(self) -> None:
        for width in (60, 80, 140):
            said = reported(sent("image.dcm", status=0), width=width, verbose=True)
            self.assertIn("0000H success", said)
            self.assertIn("image.dcm", said)
            self.assertLessEqual(max(map(len, said.splitlines())), width)

    def test_what_went_wrong_is_listed_without_asking(self) -> None:
        reasons = [f"reason-{number}" for number in range(12)]
        said = reported(sent("good", status=0), sent("bad", error=" ".join(reasons)))
        self.assertNotIn("good", said)
        for reason in reasons:
            self.assertIn(reason, said)

    def test_the_sum_says_what_was_stored_failed_and_passed_over(self) -> None:
        results = [sent("a", status=0), sent("b", status=0xB000), sent("c", status=0xA700)]
        self.assertIn("2 stored (0.0 MB), 1 failed, 4 files", reported(*results, skipped=4))
