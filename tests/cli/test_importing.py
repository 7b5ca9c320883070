"""Files are taken into an archive as if they had been sent."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred

from tests.archive.doubles import INSTANCE, at_once
from tests.archive.indexed import IndexedCase, bit_flipped, truncated
from tests.archive.instances import data_set, instance
from txdicomtls import uids
from txdicomtls.cli.archive_import import Counts, count, renamed, summary
from txdicomtls.cli.importing import Importer, Paths, Taken
from txdicomtls.errors import DicomTLSError, IndexUnavailable, OutOfResources
from txdicomtls.instance import IncomingInstance
from txdicomtls.node.configuration import Configuration
from txdicomtls.part10 import meta_bytes, read_header

POLYGLOT = b"MZ" + bytes(126)


class ImportCase(IndexedCase):
    def setUp(self) -> None:
        super().setUp()
        self.source = Path(self.mktemp())
        (self.source / "deep" / "er").mkdir(parents=True)
        self.taken: list[Taken] = []
        self.stop = False

    def write(
        self, name: str, number: int = 0, *, data: bytes = b"", preamble: bytes = b""
    ) -> Path:
        """A file with an instance."""
        what = instance(number)
        head = meta_bytes(what)
        path = self.source / name
        path.write_bytes((preamble or head[:128]) + head[128:] + (data or data_set(what)))
        return path

    def importing(self, *paths: Path) -> Deferred[None]:
        archive = self.archive(index=self.real)
        importer = Importer(archive, self.real, at_once)
        found = Paths(paths or (self.source,), at_once, lambda: self.stop)
        done = Deferred.fromCoroutine(importer(found, self.taken.append))
        done.addBoth(_passed, archive.close)
        return done

    def problems(self) -> dict[str, str]:
        return {each.path.name: each.problem for each in self.taken if each.problem}


class ImporterTests(ImportCase):
    def test_files_in_directories_are_kept_and_indexed(self) -> None:
        for number, name in enumerate(("a.dcm", "deep/b", "deep/er/c.dcm")):
            self.write(name, number)
        self.successResultOf(self.importing())
        self.assertEqual(3, self.real.count())
        row = self.row(1)
        self.assertEqual(INSTANCE.calling_ae_title, row.source_ae)
        header = read_header(self.root / row.path)
        self.assertEqual(
            data_set(instance(1)), (self.root / row.path).read_bytes()[header.data_offset :]
        )

    def test_what_stands_before_the_file_is_not_taken_over(self) -> None:
        self.write("program.exe", preamble=POLYGLOT)
        self.successResultOf(self.importing())
        self.assertEqual(bytes(128), self.path_of(0).read_bytes()[:128])

    def test_files_that_are_taken_are_left_alone(self) -> None:
        path = self.write("a.dcm", preamble=POLYGLOT)
        before = path.read_bytes()
        self.successResultOf(self.importing())
        self.assertEqual(before, path.read_bytes())

    def test_the_same_again_is_there_already(self) -> None:
        self.write("a.dcm")
        for _ in range(2):
            self.successResultOf(self.importing())
        self.assertEqual([False, True], [each.was_there for each in self.taken])
        self.assertEqual({}, self.problems())

    def test_what_no_archive_takes_is_refused_with_the_reason_and_the_others_are_taken(
        self,
    ) -> None:
        self.write("good.dcm", 1)
        self.write("damaged.dcm", 2, data=truncated(data_set(instance(2))))
        self.write("homeless.dcm", 3, data=data_set(instance(3), study=""))
        self.write("liar.dcm", 4, data=data_set(instance(5)))
        self.write("other.dcm", 1, data=bit_flipped(data_set(instance(1))))
        self.successResultOf(self.importing())
        problems = self.problems()
        self.assertEqual({"damaged.dcm", "homeless.dcm", "liar.dcm", "other.dcm"}, set(problems))
        self.assertIn("cannot be understood", problems["damaged.dcm"])
        self.assertIn("StudyInstanceUID", problems["homeless.dcm"])
        self.assertIn("another instance", problems["liar.dcm"])
        self.assertIn("kept already", problems["other.dcm"])
        self.assertEqual(1, self.real.count())
        self.assertEqual(set(), {name for name in self.incoming if name.endswith(".part")})

    def test_what_is_no_instance_is_passed_over_in_a_directory_and_refused_by_name(self) -> None:
        text = self.source / "README"
        text.write_text("once upon a time")
        directory = IncomingInstance(
            sop_class_uid=uids.MEDIA_STORAGE_DIRECTORY_STORAGE,
            sop_instance_uid="1.2.3",
            transfer_syntax_uid=uids.EXPLICIT_VR_LITTLE_ENDIAN,
        )
        (self.source / "DICOMDIR").write_bytes(meta_bytes(directory) + bytes(10))
        self.successResultOf(self.importing())
        self.assertEqual([True, True], [each.passed_over for each in self.taken])
        self.taken.clear()
        self.successResultOf(self.importing(text, self.source / "missing"))
        self.assertEqual({"README", "missing"}, set(self.problems()))

    def test_links_to_directories_are_not_followed(self) -> None:
        (self.source / "deep" / "loop").symlink_to(self.source.absolute())
        self.write("deep/er/a.dcm")
        self.successResultOf(self.importing())
        self.assertEqual(1, len(self.taken))

    def test_it_ends_when_asked_to_and_what_was_begun_is_kept(self) -> None:
        for number in range(30):
            self.write(f"{number}.dcm", number)
        self.taken = _Stopping(self, 5)
        self.successResultOf(self.importing())
        self.assertEqual(5, len(self.taken))
        self.assertEqual(5, self.real.count())

    def test_where_nothing_can_be_kept_any_more_it_ends_with_that(self) -> None:
        for number in range(30):
            self.write(f"{number}.dcm", number)

        def full(instance: IncomingInstance) -> None:
            raise OutOfResources("no room")

        def gone(uids: object) -> None:
            raise IndexUnavailable("somewhere", "gone")

        for target, name, failing, error in (
            ("archive", "receive", full, OutOfResources),
            ("index", "get", gone, IndexUnavailable),
        ):
            archive = self.archive(index=self.real)
            patched = self.patch({"archive": archive, "index": self.real}[target], name, failing)
            importer = Importer(archive, self.real, at_once)
            found = Paths([self.source], at_once, lambda: False)
            done = Deferred.fromCoroutine(importer(found, self.taken.append))
            self.failureResultOf(done, error)
            patched.restore()
            archive.close()
        self.assertEqual([], self.taken)

    def test_a_directory_that_cannot_be_read_ends_it_with_its_name(self) -> None:
        def refused(path: Path) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        self.patch(Path, "iterdir", refused)
        failure = self.failureResultOf(self.importing(), DicomTLSError)
        self.assertIn(f"{self.source}: permission denied", str(failure.value))


class SummaryTests(ImportCase):
    def test_each_file_counts_once(self) -> None:
        counts = Counts()
        path = self.source / "a"
        for taken in (
            Taken(path=path),
            Taken(path=path, was_there=True),
            Taken(path=path, passed_over=True),
        ):
            count(counts, taken)
        self.assertEqual(3, counts.all)
        self.assertEqual(
            "1 stored, 1 there already, 0 refused, 1 files passed over", summary(counts)
        )

    def test_beside_a_node_that_shares_its_archive_it_has_another_name(self) -> None:
        document = {
            "node": {"ae_title": "A", "data": "data"},
            "listen": [{"port": 0}],
            "archive": {"shared_as": "n" * 64},
        }
        configuration = renamed(Configuration.model_validate(document))
        name = configuration.archive.shared_as
        assert name is not None
        self.assertEqual((64, True), (len(name), name.endswith("-import")))
        alone = Configuration.model_validate(document | {"archive": {}})
        self.assertIs(alone, renamed(alone))


class _Stopping(list[Taken]):
    """Asks for the end once there are some."""

    def __init__(self, case: ImportCase, after: int) -> None:
        super().__init__()
        self._case = case
        self._after = after

    def append(self, taken: Taken) -> None:
        super().append(taken)
        self._case.stop = len(self) >= self._after


def _passed(result: object, then: object) -> object:
    assert callable(then)
    then()
    return result
