"""The services of a node: what is offered, and what stands behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from tests.archive.doubles import at_once
from tests.association.pair import CT, EXPLICIT
from tests.datasets import instance
from tests.node.cases import SMALLEST, ConfigurationCase
from txdicomtls import uids
from txdicomtls.archive import DuplicatePolicy
from txdicomtls.errors import StorageError, UnknownInstance
from txdicomtls.index import InstanceRecord, NewTask
from txdicomtls.instance import IncomingInstance
from txdicomtls.node import keeping as keeping_module
from txdicomtls.node import services as services_module
from txdicomtls.node.configuration import Configuration
from txdicomtls.node.keeping import SYNTAXES_EVERY, Keeping, open_keeping
from txdicomtls.node.limits import operation_limits
from txdicomtls.node.services import NodeServices
from txdicomtls.scp import Means
from txdicomtls.threads import Turns

PRIVATE = "1.3.12.2.1107.5.9.1"


class KeepingCase(ConfigurationCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.arrived: list[str] = []

    def tasks_for(self, record: InstanceRecord) -> list[NewTask]:
        self.arrived.append(record.sop_instance_uid)
        return [NewTask(kind="errand", destination="THERE", payload={})]

    def opening(self, configuration: Configuration) -> Deferred[Keeping]:
        reactor: Any = self.clock
        return Deferred.fromCoroutine(
            open_keeping(
                configuration, reactor=reactor, in_thread=at_once, tasks_for=self.tasks_for
            )
        )

    def opened(self, more: str = "") -> Keeping:
        keeping = self.successResultOf(self.opening(self.load(SMALLEST + more)))
        self.addCleanup(keeping.close)
        return keeping

    def store(self, keeping: Keeping, uid: str = "1.2.3") -> Deferred[None]:
        data = instance(CT, uid, EXPLICIT)
        sink = keeping.archive.receive(
            IncomingInstance(sop_class_uid=CT, sop_instance_uid=uid, transfer_syntax_uid=EXPLICIT)
        )
        sink.write(memoryview(data))
        return sink.finish()


class KeepingTests(KeepingCase):
    def test_what_is_stored_is_found_and_makes_its_tasks(self) -> None:
        keeping = self.opened()
        self.successResultOf(self.store(keeping))
        found = self.successResultOf(Deferred.fromCoroutine(keeping.find("1.2.3")))
        self.assertEqual((CT, EXPLICIT), (found.sop_class_uid, found.transfer_syntaxes[0]))
        self.assertIn(uids.IMPLICIT_VR_LITTLE_ENDIAN, found.transfer_syntaxes)
        self.assertEqual([EXPLICIT], keeping.syntaxes(CT))
        self.assertEqual(["1.2.3"], self.arrived)
        (backlog,) = keeping.index.tasks.backlog()
        self.assertEqual(("errand", 1), (backlog.kind, backlog.waiting))
        self.successResultOf(self.store(keeping))
        self.assertEqual(["1.2.3"], self.arrived)

    def test_what_is_not_kept_is_not_found(self) -> None:
        finding = Deferred.fromCoroutine(self.opened().find("1.2.3"))
        self.failureResultOf(finding, UnknownInstance)

    def test_files_lie_where_the_layout_says(self) -> None:
        keeping = self.opened(
            "[archive]\nlayout = 'all/{study_instance_uid}/{sop_instance_uid}.dcm'\n"
        )
        self.successResultOf(self.store(keeping))
        path = self.directory / "data" / "objects" / "all" / "1.2.3.100" / "1.2.3.dcm"
        self.assertTrue(path.is_file())

    def test_the_rest_of_the_section_is_heeded(self) -> None:
        made: list[dict[str, Any]] = []
        module: Any = keeping_module
        original = module.FileArchive

        def archive(root: Path, **facts: Any) -> Any:  # all of them
            made.append(facts)
            return original(root, **facts)

        self.patch(module, "FileArchive", archive)
        for words, policy in (
            ("refuse", DuplicatePolicy.REFUSE),
            ("keep-both", DuplicatePolicy.KEEP_BOTH),
            ("replace", DuplicatePolicy.REPLACE),
        ):
            text = f"[archive]\nsync = false\nlow_space = '1 KiB'\nduplicates = '{words}'\n"
            keeping = self.successResultOf(
                self.opening(self.load(SMALLEST + text + "[limits]\nobject_size = 50\n"))
            )
            keeping.close()
            facts = made[-1]
            self.assertEqual(
                (False, 1024, policy, 50),
                (facts["sync"], facts["least_free"], facts["duplicates"], facts["largest"]),
            )

    def test_an_archive_that_is_in_use_is_told_and_nothing_stays_open(self) -> None:
        first = self.opened()
        failure = self.failureResultOf(self.opening(self.load(SMALLEST)), StorageError)
        self.assertIn("in use already", str(failure.value))
        self.assertEqual(0, first.index.count())

    def test_what_others_store_is_looked_at_now_and_then(self) -> None:
        keeping = self.opened()
        looked: list[None] = []
        self.patch(type(keeping.syntaxes), "load", lambda _: looked.append(None))
        keeping.start()
        self.clock.advance(SYNTAXES_EVERY)
        self.assertEqual(1, len(looked))
        keeping.stop()
        self.assertEqual([], self.clock.getDelayedCalls())


class OfferTests(KeepingCase):
    def services(self, more: str = "", whole: str = SMALLEST) -> NodeServices:
        configuration = self.load(whole + more)
        keeping = self.successResultOf(self.opening(configuration))
        self.addCleanup(keeping.close)
        destinations: Any = None
        reporter: Any = None
        return NodeServices(
            configuration,
            Means(
                clock=self.clock,
                in_thread=at_once,
                limits=operation_limits(configuration.limits),
            ),
            keeping,
            destinations=destinations,
            reporter=reporter,
        )

    def names(self, services: NodeServices) -> list[str]:
        return [service.name for service in services.offered]

    def test_without_peers_nothing_is_given_out(self) -> None:
        services = self.services()
        self.assertEqual(["echo", "store"], self.names(services))
        self.assertIsNone(services.commitments)

    def test_everything_may_be_offered(self) -> None:
        (self.directory / "orders").mkdir()
        services = self.services(
            "[[peer]]\nae_title = 'A'\n[worklist]\nfolder = 'orders'\n[procedure_steps]\n"
        )
        self.assertEqual(
            ["echo", "store", "find", "get", "move", "commit", "worklist", "procedure-step"],
            self.names(services),
        )
        self.assertIsNotNone(services.commitments)
        taken = {
            uid: [each.name for each in services.offered if each.accepts(uid)]
            for uid in (
                uids.VERIFICATION,
                CT,
                uids.STUDY_ROOT_FIND,
                uids.STUDY_ROOT_GET,
                uids.STUDY_ROOT_MOVE,
                uids.STORAGE_COMMITMENT,
                uids.MODALITY_WORKLIST_FIND,
                uids.MODALITY_PERFORMED_PROCEDURE_STEP,
            )
        }
        self.assertEqual([[name] for name in self.names(services)], list(taken.values()))

    def test_private_sop_classes_are_those_of_the_configuration(self) -> None:
        self.assertFalse(self.services().offered[1].accepts(PRIVATE))

    def test_private_sop_classes_can_be_added(self) -> None:
        node = SMALLEST.replace("data =", f"private_sop_classes = ['{PRIVATE}']\ndata =")
        self.assertTrue(self.services(whole=node).offered[1].accepts(PRIVATE))

    def test_what_stands_behind_them_is_limited_as_the_configuration_says(self) -> None:
        seen: dict[str, Any] = {}
        module: Any = services_module

        def watch(name: str) -> None:
            original = getattr(module, name)

            def made(*args: Any, **facts: Any) -> Any:  # whatever it is
                seen[name] = {"arguments": args, **facts}
                return original(*args, **facts)

            self.patch(module, name, made)

        for name in ("ArchiveQueries", "Find", "Commitment"):
            watch(name)
        self.services(
            "[[peer]]\nae_title = 'A'\n[services]\nreport_on_same_association = false\n"
            "[limits]\nfind_time = 3\nfind_matches = 4\ncommitments = 5\n"
        )
        self.assertEqual(
            (3, "TXDICOM"), _of(seen["ArchiveQueries"], "seconds", "retrieve_ae_title")
        )
        self.assertIsInstance(seen["ArchiveQueries"]["arguments"][1], Turns)
        self.assertEqual((4,), _of(seen["Find"], "most"))
        self.assertEqual((5, False), _of(seen["Commitment"], "most", "same_association"))

    def test_operations_are_limited_as_the_configuration_says(self) -> None:
        limits = self.load(SMALLEST + "[limits]\nidentifier = 2000\nsuboperation = 7\n").limits
        self.assertEqual(
            (2000, 7), (operation_limits(limits).data, operation_limits(limits).patience)
        )


def _of(facts: dict[str, Any], *names: str) -> tuple[object, ...]:
    return tuple(facts[name] for name in names)
