"""What ``txdicomtls get`` and ``move`` are told to retrieve, and what they report."""

from __future__ import annotations

import click
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls import uids
from txdicomtls.cli.get import TRANSFER_SYNTAXES, contexts_to_get
from txdicomtls.cli.retrieving import Wanted, report, wanted_options
from txdicomtls.cli.usual_sop_classes import USUAL_SOP_CLASSES
from txdicomtls.dimse import Suboperations
from txdicomtls.errors import NotAskedFor
from txdicomtls.scu import Received, Retrieved

CT = "1.2.840.10008.5.1.4.1.1.2"


@click.command()
@wanted_options
def show(wanted: Wanted) -> None:
    click.echo(wanted.model.get)
    for element in wanted.identifier:
        click.echo(f"{element.keyword}={element.value}")


class WantedTests(SynchronousTestCase):
    def show(self, *words: str) -> list[str]:
        result = CliRunner().invoke(show, words)
        self.assertEqual(0, result.exit_code, result.output)
        return result.output.splitlines()

    def refusal(self, *words: str) -> str:
        result = CliRunner().invoke(show, words)
        self.assertEqual(2, result.exit_code, result.output)
        return result.output

    def test_what_is_lowest_is_the_level(self) -> None:
        self.assertEqual(
            [
                uids.STUDY_ROOT_GET,
                "QueryRetrieveLevel=SERIES",
                "StudyInstanceUID=1.2",
                "SeriesInstanceUID=['1.2.3', '1.2.4']",
            ],
            self.show("--study=1.2", "--series=1.2.3", "--series=1.2.4"),
        )

    def test_a_patient_is_asked_for_in_the_patient_root(self) -> None:
        self.assertEqual(
            [uids.PATIENT_ROOT_GET, "QueryRetrieveLevel=PATIENT", "PatientID=P 1"],
            self.show("--patient=P 1"),
        )
        self.assertEqual(uids.STUDY_ROOT_GET, self.show("--study=1.2", "--root=study")[0])

    def test_what_makes_no_sense_is_a_usage_error(self) -> None:
        for words, reason in (
            ((), "Say what is to be retrieved"),
            (("--series=1.2",), "The --study that it belongs to is needed too"),
            (("--study=1.2", "--instance=1.2.3"), "The --series that it belongs to"),
            (("--study=1", "--study=2", "--series=3"), "lowest may be given more than once"),
            (("--study=../x",), "'../x' is not a UID"),
            (("--patient=1", "--root=study"), "patient root only"),
        ):
            self.assertIn(reason, self.refusal(*words), words)


class ReportTests(SynchronousTestCase):
    def reported(self, result: Retrieved) -> tuple[str, str]:
        said = CliRunner().invoke(click.command()(lambda: report(result, "fetched")), [])
        self.assertEqual(0, said.exit_code)
        return said.stdout, said.stderr

    def test_the_sum_says_what_came_and_what_did_not(self) -> None:
        counted = Suboperations(completed=3, failed=2, warning=1)
        refused = Received(
            sop_class_uid=CT, sop_instance_uid="1.2\x1b", error=NotAskedFor("not asked for")
        )
        said, complained = self.reported(
            Retrieved(
                status=0xB000,
                suboperations=counted,
                failed_instances=("1.2.8", "1.2.9"),
                received=(refused,),
                refused=1,
            )
        )
        self.assertIn("4 fetched, 2 failed, 1 refused here; B000H", said)
        self.assertEqual(
            "the node could not send 1.2.8\nthe node could not send 1.2.9\n"
            "'1.2\\x1b' was not taken: not asked for\n",
            complained,
        )

    def test_a_long_list_is_cut(self) -> None:
        failed = tuple(f"1.2.{number}" for number in range(50))
        _, complained = self.reported(
            Retrieved(
                status=0xA702, suboperations=Suboperations(failed=50), failed_instances=failed
            )
        )
        self.assertIn("... and 30 more", complained)
        self.assertEqual(21, len(complained.splitlines()))


class ContextTests(SynchronousTestCase):
    def test_each_transfer_syntax_has_its_own_context_where_there_is_room(self) -> None:
        contexts = contexts_to_get([CT, "1.2.840.10008.5.1.4.1.1.4"], uids.STUDY_ROOT_GET)
        self.assertEqual(1 + 2 * len(TRANSFER_SYNTAXES), len(contexts))
        self.assertEqual(
            {(syntax,) for syntax in TRANSFER_SYNTAXES},
            {each.transfer_syntaxes for each in contexts if each.abstract_syntax == CT},
        )

    def test_any_number_of_sop_classes_fits_and_every_transfer_syntax_is_taken(self) -> None:
        every = sorted(uids.STORAGE_SOP_CLASSES)
        for number in (1, 5, 8, 20, 63, 64, 127, 200):
            contexts = contexts_to_get(every[:number], uids.STUDY_ROOT_GET)
            self.assertLessEqual(len(contexts), 128, number)
            taken = {
                syntax
                for each in contexts
                if each.abstract_syntax == every[0]
                for syntax in each.transfer_syntaxes
            }
            self.assertEqual(set(TRANSFER_SYNTAXES), taken, number)

    def test_we_are_the_scp_of_what_is_sent_to_us(self) -> None:
        contexts = contexts_to_get([CT], uids.STUDY_ROOT_GET)
        self.assertTrue(contexts.roles_of(CT).scp)
        self.assertFalse(contexts.roles_of(uids.STUDY_ROOT_GET).scp)

    def test_the_usual_sop_classes_are_storage_classes_and_fit(self) -> None:
        self.assertLess(len(USUAL_SOP_CLASSES), 128)
        self.assertEqual(len(USUAL_SOP_CLASSES), len(set(USUAL_SOP_CLASSES)))
        self.assertLess(set(USUAL_SOP_CLASSES), uids.STORAGE_SOP_CLASSES)
