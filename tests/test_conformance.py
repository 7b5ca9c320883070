"""The tables of the conformance statement say what the code negotiates, and leave nothing out.

They are read back from the Markdown that ``docs/conformance`` writes, and held against real
negotiation, real requests and the source.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.association.pair import EXPLICIT, request
from tests.scp.asking import ProviderCase, ask_for
from tests.test_imports import MODULES, PACKAGE
from txdicomtls import scp, scu
from txdicomtls.association import Acceptance, negotiate
from txdicomtls.dimse import Request, Status
from txdicomtls.dimse.status_tables import SERVICE_STATUSES
from txdicomtls.index.attributes import WANTED
from txdicomtls.interfaces import Grant, IOperation, IService
from txdicomtls.net import IncomingRequest, Services
from txdicomtls.net.services import Offer
from txdicomtls.node.access_sections import SERVICES, IdentitySection
from txdicomtls.pdu import AssociateRQ, RoleSelection, UserIdentityType
from txdicomtls.scp.verification import Verification
from txdicomtls.tls import PROFILES

DOCS = Path(__file__).parent.parent / "docs"

# The generator is a part of the documentation, which is no package of ours.
with patch.object(sys, "path", [str(DOCS), *sys.path]):
    import conformance
    from conformance import associations, contexts, identities, node, proposals, services, statuses

UID = re.compile(r"`([0-9.]+)`")
SCP_ROLE, SCU_ROLE = "SCP", "SCU, by role selection"


def rows(markdown: str) -> Iterator[list[str]]:
    """The cells of each row of each table, heads included."""
    for line in markdown.splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


class StatementCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        conformance.write(self.directory)

    def part(self, name: str) -> str:
        """One of the files that were written."""
        return (self.directory / f"conformance-{name}.md").read_text(encoding="utf-8")

    def chapter(self, name: str) -> str:
        """What is written of one service."""
        label = f"({services.anchor(name)})="
        return self.part("services").split(label)[1].split("\n(service-")[0]

    def listed(self, name: str) -> dict[str, list[str]]:
        """The rows of accepted contexts of a service, by the UID of each SOP class and the role."""
        stored = UID.findall(self.part("services").split("### Storage SOP classes")[1])
        stored = [uid for uid in stored if uid not in contexts.TRANSFER_SYNTAXES]
        accepted = self.chapter(name).split("Accepted presentation contexts:")[1]
        found = {}
        for cells in list(rows(accepted.split("Proposed presentation contexts:")[0]))[1:]:
            syntaxes = UID.findall(cells[1]) or contexts.TRANSFER_SYNTAXES
            for uid in UID.findall(cells[0]) or stored:
                found[f"{uid} {cells[3]}"] = [*syntaxes]
        return found


class NegotiationTests(StatementCase):
    """Association requests for all that there is, answered as an acceptor answers them."""

    def accepted(self, role: str) -> set[tuple[str, str]]:
        """All pairs of SOP class and transfer syntax that a node accepts in a role."""
        pairs = [
            (sop_class, syntax)
            for sop_class in contexts.SOP_CLASSES
            for syntax in contexts.TRANSFER_SYNTAXES
        ]
        found: set[tuple[str, str]] = set()
        policy = Offer(Services(node.offered()), Grant()).policy(maximum_length=16384, window=8)
        for begin in range(0, len(pairs), 128):
            batch = [(uid, (syntax,)) for uid, syntax in pairs[begin : begin + 128]]
            wanted = self.in_role(request(*batch), role)
            answer = negotiate(wanted, policy)
            assert isinstance(answer, Acceptance)
            self.assertEqual(len(batch), len(answer.pdu.presentation_contexts))
            found.update(
                (each.abstract_syntax, each.transfer_syntax) for each in answer.contexts.values()
            )
        return found

    def in_role(self, wanted: AssociateRQ, role: str) -> AssociateRQ:
        """The same request of somebody who is SCP, where the node is to be SCU."""
        if role == SCP_ROLE:
            return wanted
        asked = {context.abstract_syntax for context in wanted.presentation_contexts}
        roles = tuple(RoleSelection(sop_class_uid=uid, scu=False, scp=True) for uid in asked)
        return replace(wanted, user_information=replace(wanted.user_information, roles=roles))

    def test_what_is_accepted_is_what_the_tables_say_and_nothing_else(self) -> None:
        for role in (SCP_ROLE, SCU_ROLE):
            written = {
                (key.split()[0], syntax)
                for name in SERVICES
                for key, syntaxes in self.listed(name).items()
                # What is there for programs only is no offer of a node.
                if key.endswith(f" {role}") and not (name == "commit" and role == SCU_ROLE)
                for syntax in syntaxes
            }
            self.assertEqual(self.accepted(role), written)
            self.assertGreater(len(written), 1000)

    def test_a_requestor_that_proposes_what_the_tables_say_gets_it(self) -> None:
        offered = Services((*node.offered(), *node.of_programs()))
        policy = Offer(offered, Grant()).policy(maximum_length=16384, window=8)
        for name, several in proposals.PROPOSALS.items():
            for proposed in several:
                made = proposed.contexts
                wanted = replace(request(), presentation_contexts=made.proposed)
                information = replace(wanted.user_information, roles=made.roles)
                answer = negotiate(replace(wanted, user_information=information), policy)
                assert isinstance(answer, Acceptance)
                self.assertEqual(len(made), len(answer.contexts), proposed.builder)
                chapter = self.chapter(name)
                self.assertIn(f"`{proposed.builder}()`", chapter)
                for context in answer.contexts.values():
                    self.assertEqual(made.roles_of(context.abstract_syntax), context.roles)

    def test_an_association_request_is_answered_with_what_identifies_us(self) -> None:
        acceptor = node.factory()
        policy = Offer(acceptor.services, Grant()).policy(
            maximum_length=acceptor.limits.maximum_length, window=acceptor.window
        )
        answer = negotiate(request(), policy)
        assert isinstance(answer, Acceptance)
        information = answer.pdu.user_information
        written = dict(list(rows(self.part("associations")))[1:8])
        self.assertEqual(f"`{answer.pdu.application_context}`", written["Application context name"])
        for row, value in (
            ("Implementation class UID", f"`{information.implementation_class_uid}`"),
            ("Implementation version name", f"`{information.implementation_version_name}`"),
            ("Maximum length received", f"{information.maximum_length} bytes"),
        ):
            self.assertEqual(value, written[row])


class OperationTests(StatementCase, ProviderCase):
    """Requests of every kind on associations with the services of the node."""

    def setUp(self) -> None:
        StatementCase.setUp(self)
        ProviderCase.setUp(self)

    def status(self, sop_class: str, kind: type[Request], *, peer_is_scp: bool) -> int:
        """What a request is answered with, by a node that has accepted its context."""
        wanted = ask_for((sop_class, (EXPLICIT,)), receives=(sop_class,) if peer_is_scp else ())
        asking = self.asking(wanted, *node.offered())
        self.assertEqual([1], list(asking.peer.connection.contexts))
        asking.send(1, contexts.request_of(kind, sop_class))
        (status,) = asking.statuses
        return status

    def test_each_operation_in_the_tables_is_performed_and_no_other_is(self) -> None:
        for name in SERVICES:
            for sop_class, role, written in self.operations(name):
                for kind in contexts.request_kinds():
                    status = self.status(sop_class, kind, peer_is_scp=role == SCU_ROLE)
                    refused = status in (
                        Status.UNRECOGNIZED_OPERATION,
                        Status.SOP_CLASS_NOT_SUPPORTED,
                    )
                    performed = contexts.operation_name(kind) in written
                    self.assertNotEqual(performed, refused, (name, kind, hex(status)))

    def operations(self, name: str) -> Iterator[tuple[str, str, list[str]]]:
        """One SOP class of each row of a service that a node offers, and what it takes."""
        accepted = self.chapter(name).split("Accepted presentation contexts:")[1]
        for cells in list(rows(accepted.split("Proposed presentation contexts:")[0]))[1:]:
            if name == "commit" and cells[3] == SCU_ROLE:
                continue  # for programs only
            sop_class = (UID.findall(cells[0]) or [proposals.CT_IMAGE_STORAGE])[0]
            yield sop_class, cells[3], cells[4].split("; ")


@implementer(IService)
class Elsewhere:
    """A service that nobody has described."""

    name = "elsewhere"

    def accepts(self, abstract_syntax: str) -> bool:
        return abstract_syntax == "1.2.840.10008.5.1.1.33"

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        return offered[0]

    def begin(self, request: IncomingRequest) -> IOperation | None:
        return None


class CompletenessTests(StatementCase):
    """Whoever adds something is told that the statement does not have it."""

    def setUp(self) -> None:
        super().setUp()
        services.all_taken.cache_clear()
        self.addCleanup(services.all_taken.cache_clear)

    def test_a_service_that_is_offered_and_not_described_fails_the_build(self) -> None:
        self.patch(services, "offered", lambda: (*node.offered(), Elsewhere()))
        self.assertRaises(services.UndescribedServiceError, conformance.write, self.directory)

    def test_a_sop_class_that_a_service_takes_besides_is_in_the_table(self) -> None:
        added = "1.2.840.10008.5.1.1.33"
        self.assertNotIn(added, self.chapter("echo"))
        self.patch(Verification, "accepts", lambda _, uid: uid in ("1.2.840.10008.1.1", added))
        conformance.write(self.directory)
        self.assertIn(f"`{added}`", self.chapter("echo"))

    def test_a_transfer_syntax_that_is_chosen_in_a_new_way_fails_the_build(self) -> None:
        self.assertIn("one in which there are instances", self.chapter("get"))
        self.assertNotIn("one in which there are instances", self.chapter("store"))
        self.patch(Verification, "choose", lambda *_: "1.2.840.10008.1.2")
        self.assertRaises(services.UndescribedServiceError, conformance.write, self.directory)

    def test_every_service_of_a_node_and_of_a_program_is_described(self) -> None:
        described = {
            name for one, each in services.DESCRIPTIONS.items() for name in (one, *each.members)
        }
        made = {type(each): each.name for each in (*node.offered(), *node.of_programs())}
        there = {
            value
            for room in (scp, scu)
            for name in room.__all__
            if isinstance(value := getattr(room, name), type) and IService.implementedBy(value)
        }
        self.assertEqual(there, set(made))
        self.assertEqual(set(made.values()), described)
        self.assertLessEqual(set(SERVICES), described)

    def test_every_function_that_makes_contexts_is_listed(self) -> None:
        there = {name for name in scu.__all__ if "context" in name and name.islower()}
        listed = {each.builder for several in proposals.PROPOSALS.values() for each in several}
        self.assertEqual(there, listed)
        for several in proposals.PROPOSALS.values():
            for each in several:
                for method in each.methods:
                    self.assertTrue(callable(getattr(scu.Association, method)), method)

    def test_every_status_of_every_service_is_listed_with_its_meaning(self) -> None:
        used = set()
        for name, described in services.DESCRIPTIONS.items():
            written = {
                cells[0]: cells for cells in rows(self.chapter(name)) if cells[0][:2] == "0x"
            }
            for table in described.statuses:
                used.add(table)
                for line in SERVICE_STATUSES[table]:
                    cells = next(
                        cells
                        for key, cells in written.items()
                        if key.startswith(f"0x{line.first:04X}")
                    )
                    self.assertEqual([line.category.value, line.meaning], cells[1:3])
        self.assertEqual(set(SERVICE_STATUSES), used)

    def test_a_status_that_an_error_stands_for_says_when(self) -> None:
        for name in services.DESCRIPTIONS:
            written = [cells for cells in rows(self.chapter(name)) if cells[0][:2] == "0x"]
            for status in (*statuses.OTHERWISE[name], *statuses.ALWAYS):
                (cells,) = (each for each in written if each[0][:6] == f"0x{status:04X}")
                self.assertNotEqual("", cells[3], (name, cells))

    def test_every_key_of_the_index_is_listed(self) -> None:
        written = {
            int(key[1:5] + key[6:10], 16)
            for cells in rows(self.part("keys"))
            if (key := cells[0].removeprefix("> ")).startswith("(")
        }
        kept = {each if isinstance(each, int) else each[1] for each in WANTED}
        self.assertEqual(set(), kept - written - {0x00080005})

    def test_every_profile_is_listed(self) -> None:
        written = [cells[0].strip("`") for cells in rows(self.part("security"))][1:]
        self.assertEqual(list(PROFILES), written)

    def test_every_type_of_user_identity_has_who_verifies_it(self) -> None:
        self.assertEqual({*UserIdentityType}, set(identities.proposed()))
        for kind in UserIdentityType:
            self.assertTrue(identities.checkers(kind), kind)
        self.assertLessEqual(
            set(identities.DAEMON_KEYS.values()), set(IdentitySection.model_fields)
        )

    def test_every_limit_of_an_association_is_listed(self) -> None:
        page = self.part("associations")
        for keys in associations.parameters_by_key().values():
            for kind, name in keys:
                self.assertIn(f"`{kind.__name__}.{name}`", page)
        self.assertIn("`ConnectionLimits.associate`", page)


def named(module: str, sources: Sequence[Path]) -> set[str]:
    """The members of an enum that some modules name."""
    return {
        node.attr
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == module
    }


class ReasonTests(SynchronousTestCase):
    """Reasons of rejections and aborts are those that the source names."""

    sources = tuple(path for path in MODULES if path != PACKAGE / "codes.py")

    def test_every_reason_to_reject_is_listed_and_no_other(self) -> None:
        listed = {reason.name for _, reason, _ in associations.REJECTIONS}
        self.assertEqual(named("RejectReason", self.sources), listed)

    def test_every_reason_to_abort_is_listed_and_no_other(self) -> None:
        listed = {reason.name for _, reason, _ in associations.ABORTS}
        self.assertEqual(named("AbortReason", self.sources), listed)
