"""Tests of :mod:`txdicomtls.archive.names`, and that no other module does what it does."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import txdicomtls
from tests.archive.doubles import HOSTILE, UID
from tests.archive.instances import SERIES, STUDY
from txdicomtls.archive.names import FAN_OUT, Layout, instance_path, kept_path, other_path
from txdicomtls.errors import InvalidInstance
from txdicomtls.instance import IncomingInstance

ROOT = Path("/archive")


class InstancePathTests(SynchronousTestCase):
    def test_the_name_is_the_uid_in_a_directory_of_the_fan_out(self) -> None:
        path = instance_path(ROOT, UID)
        self.assertEqual(f"{UID}.dcm", path.name)
        self.assertIn(path.parent.name, FAN_OUT)
        self.assertEqual(ROOT / "objects", path.parent.parent)

    def test_the_same_uid_always_has_the_same_path(self) -> None:
        self.assertEqual(
            Path("/archive/objects/6d/1.2.826.0.1.3680043.8.498.1.dcm"), instance_path(ROOT, UID)
        )

    def test_uids_that_differ_in_one_digit_are_spread_over_all_directories(self) -> None:
        used = {instance_path(ROOT, f"{UID}.{number}").parent.name for number in range(5000)}
        self.assertEqual(set(FAN_OUT), used)

    def test_the_longest_uid_makes_a_name_that_every_file_system_takes(self) -> None:
        path = instance_path(ROOT, "1." + "2" * 62)
        self.assertLess(max(map(len, path.parts)), 255)

    def test_what_could_lead_astray_is_refused(self) -> None:
        for text in HOSTILE:
            self.assertRaises(InvalidInstance, instance_path, ROOT, text)


ATTRIBUTES = {
    "StudyInstanceUID": STUDY,
    "SeriesInstanceUID": SERIES,
    "StudyDate": "20261125",
}


class LayoutTests(SynchronousTestCase):
    def path(self, pattern: str, **attributes: str) -> str:
        return str(Layout(pattern).path(UID, ATTRIBUTES | attributes))

    def test_each_field_stands_for_what_it_says(self) -> None:
        for pattern, expected in (
            ("{sop_instance_uid}", f"objects/{UID}"),
            ("{hash}/{sop_instance_uid}.dcm", f"objects/6d/{UID}.dcm"),
            ("{study_date}/{sop_instance_uid}", f"objects/20261125/{UID}"),
            (
                "{study_date:year}/{study_date:month}-{study_date:day}/i.{sop_instance_uid}",
                f"objects/2026/11-25/i.{UID}",
            ),
            (
                "s{study_instance_uid}/{series_instance_uid}/{sop_instance_uid}",
                f"objects/s{STUDY}/{SERIES}/{UID}",
            ),
        ):
            self.assertEqual(expected, self.path(pattern), pattern)

    def test_what_is_no_pattern_is_refused(self) -> None:
        for pattern in (
            "",
            "x",
            "{study_instance_uid}",
            "{sop_instance_uid}/x",
            "/{sop_instance_uid}",
            "../{sop_instance_uid}",
            "a/../{sop_instance_uid}",
            "a//{sop_instance_uid}",
            "./{sop_instance_uid}",
            ".{sop_instance_uid}",
            "-{sop_instance_uid}",
            "{patient_id}/{sop_instance_uid}",
            "{sop_instance_uid:year}",
            "{0}{sop_instance_uid}",
            "{study_date:week}/{sop_instance_uid}",
            "a b/{sop_instance_uid}",
            "{{}}{sop_instance_uid}",
            "{sop_instance_uid.__class__}",
            "{sop_instance_uid[0]}",
            "\0{sop_instance_uid}",
            "{study_date",
            "a/{sop_instance_uid}/",
            "x" * 200 + "{sop_instance_uid}",
        ):
            with self.assertRaises(ValueError, msg=pattern):
                Layout(pattern)

    def test_it_says_whether_it_needs_the_data_set(self) -> None:
        for pattern, needs in (
            ("{hash}/{sop_instance_uid}", False),
            ("{study_date}/{sop_instance_uid}", True),
            ("{study_instance_uid}/{sop_instance_uid}", True),
            ("{series_instance_uid}/{sop_instance_uid}", True),
        ):
            self.assertEqual(needs, Layout(pattern).needs_data_set, pattern)

    def test_no_hostile_uid_enters_a_path(self) -> None:
        layout = Layout("{study_instance_uid}/{series_instance_uid}/{sop_instance_uid}")
        for text in HOSTILE:
            for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
                self.assertRaises(InvalidInstance, layout.path, UID, ATTRIBUTES | {keyword: text})
            self.assertRaises(InvalidInstance, layout.path, text, ATTRIBUTES)

    def test_a_date_that_is_in_no_calendar_is_undated(self) -> None:
        for text in (
            "",
            "2026",
            "20261301",
            "20260230",
            "2026112",
            "../../..",
            "20261125\n",
            "\u0662\u0660\u0662\u0666\u0661\u0661\u0662\u0665",
        ):
            for part in ("", ":year", ":month", ":day"):
                pattern = f"{{study_date{part}}}/{{sop_instance_uid}}"
                self.assertEqual(f"objects/undated/{UID}", self.path(pattern, StudyDate=text))

    def test_the_longest_of_everything_makes_names_that_every_file_system_takes(self) -> None:
        uid = "1." + "2" * 62
        layout = Layout("{study_instance_uid}_{series_instance_uid}_{sop_instance_uid}")
        path = layout.path(uid, {"StudyInstanceUID": uid, "SeriesInstanceUID": uid})
        self.assertLessEqual(max(map(len, other_path(path, "a" * 64).parts)), 255)

    def test_other_bytes_lie_beside_the_first_under_a_name_of_their_own(self) -> None:
        path = Layout().path(UID, {})
        other = other_path(path, "0123456789abcdef" * 4)
        self.assertEqual(path.parent, other.parent)
        self.assertEqual(f"{UID}.0123456789abcdef.dcm", other.name)

    def test_a_path_from_an_index_stays_in_the_archive(self) -> None:
        self.assertEqual("objects/6d/1.dcm", str(kept_path("objects/6d/1.dcm")))
        for text in ("", "/objects/x", "objects/../x", "../objects/x", "incoming/x", "object"):
            self.assertRaises(InvalidInstance, kept_path, text)


#: Calls that make or take a path.
PATH_CALLS = frozenset(
    ("Path", "PurePath", "join", "joinpath", "with_name", "with_stem", "open", "mkdir", "link")
)
#: What a peer says, by the names that it has in the code.
OF_A_PEER = frozenset(field.name for field in dataclasses.fields(IncomingInstance)) | frozenset(
    (
        "affected_sop_class_uid",
        "affected_sop_instance_uid",
        "move_originator_ae_title",
        "implementation_version_name",
        "uid",
    )
)


def names_in(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr


def makes_a_path(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Div)
    if isinstance(node, ast.Call):
        called = node.func
        return getattr(called, "attr", getattr(called, "id", "")) in PATH_CALLS
    return False


def paths_of_peers(source: str) -> list[int]:
    """Lines on which a path is made from something that a peer said."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.BinOp | ast.Call)
        and makes_a_path(node)
        and OF_A_PEER.intersection(names_in(node))
    ]


class OnlyPlaceTests(SynchronousTestCase):
    def test_no_other_module_makes_a_path_from_what_a_peer_says(self) -> None:
        package = Path(txdicomtls.__file__).parent
        modules = [*(package / "archive").glob("*.py"), *(package / "scp").glob("*.py")]
        wrong = {
            path.name: lines
            for path in modules
            if path.name != "names.py" and (lines := paths_of_peers(path.read_text()))
        }
        self.assertEqual({}, wrong)

    def test_the_one_that_does_is_seen(self) -> None:
        package = Path(txdicomtls.__file__).parent
        self.assertTrue(paths_of_peers((package / "archive" / "names.py").read_text()))

    def test_such_a_path_is_seen_in_every_form(self) -> None:
        for line in (
            "root / instance.sop_instance_uid",
            "root / f'{sop_instance_uid}.dcm'",
            "os.path.join(root, instance.calling_ae_title)",
            "root.joinpath(rq.affected_sop_instance_uid)",
            "open(root + instance.called_ae_title)",
            "Path(str(instance.peer))",
        ):
            self.assertEqual([1], paths_of_peers(line), line)
