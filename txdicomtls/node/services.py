"""The services that a configuration switches on, each with what stands behind it."""

from __future__ import annotations

from collections.abc import Callable

from txdicomtls.archive.commitment import ArchiveCommitments
from txdicomtls.archive.procedure_steps import ProcedureSteps
from txdicomtls.archive.query import ArchiveQueries
from txdicomtls.archive.worklist import FolderWorklist
from txdicomtls.interfaces import IDestinations, IEventReporter, IService
from txdicomtls.node.commitments import Commitments
from txdicomtls.node.configuration import Configuration
from txdicomtls.node.keeping import Keeping
from txdicomtls.scp import (
    Commitment,
    Find,
    Get,
    Means,
    Move,
    ProcedureStep,
    Storage,
    Verification,
    Worklist,
)
from txdicomtls.threads import Turns

#: Queries that have a thread at once.  Each may take long, and any number be asked: those who store
#: must not have to wait for them.
QUERIES_AT_ONCE = 4


class NodeServices:
    """All services that are offered.

    :param configuration: says which.
    :param means: what they work with.
    :param keeping: what is kept.
    :param destinations: where C-MOVE may send to.
    :param reporter: tells of commitments.
    :ivar offered: the services.
    :ivar commitments: goes on with commitments that were not reported; None where none are offered.
    """

    def __init__(
        self,
        configuration: Configuration,
        means: Means,
        keeping: Keeping,
        *,
        destinations: IDestinations,
        reporter: IEventReporter,
    ) -> None:
        self._configuration = configuration
        self._means = means
        self._keeping = keeping
        self._destinations = destinations
        self._reporter = reporter
        self.commitments: Commitments | None = None
        self._query_threads = Turns(means.in_thread, QUERIES_AT_ONCE)
        makers: dict[str, Callable[[], IService]] = {
            "echo": Verification,
            "store": self._store,
            "find": self._find,
            "get": self._get,
            "move": self._move,
            "commit": self._commit,
            "worklist": self._worklist,
            "procedure-step": self._procedure_step,
        }
        self.offered = tuple(
            make() for name, make in makers.items() if name in configuration.offered
        )

    def _store(self) -> IService:
        configuration = self._configuration
        return Storage(
            self._keeping.archive,
            private=configuration.node.private_sop_classes,
            largest=configuration.limits.object_size,
        )

    def _find(self) -> IService:
        limits = self._configuration.limits
        queries = ArchiveQueries(
            self._keeping.index,
            self._query_threads,
            retrieve_ae_title=self._configuration.node.ae_title,
            seconds=limits.find_time,
        )
        return Find(queries, self._means, supports=queries.supported, most=limits.find_matches)

    def _get(self) -> IService:
        keeping = self._keeping
        return Get(keeping.retrievals, self._means, stored_in=keeping.syntaxes, relational=True)

    def _move(self) -> IService:
        return Move(self._keeping.retrievals, self._destinations, self._means, relational=True)

    def _commit(self) -> IService:
        configuration, keeping = self._configuration, self._keeping
        provider = ArchiveCommitments(
            keeping.archive,
            keeping.index,
            self._means.in_thread,
            node=configuration.archive.shared_as or "",
        )
        service = Commitment(
            provider,
            self._reporter,
            self._means,
            same_association=configuration.services.report_on_same_association,
            retrieve_ae_title=configuration.node.ae_title,
            most=configuration.limits.commitments,
        )
        self.commitments = Commitments(service, provider, self._means.clock)
        return service

    def _worklist(self) -> IService:
        section, limits = self._configuration.worklist, self._configuration.limits
        assert section is not None  # or it would not be offered
        provider = FolderWorklist(section.folder, self._query_threads)
        return Worklist(
            provider, self._means, supports=provider.supported, most=limits.find_matches
        )

    def _procedure_step(self) -> IService:
        section = self._configuration.procedure_steps
        assert section is not None  # or it would not be offered
        provider = ProcedureSteps(
            self._keeping.index, self._means.in_thread, forward_to=section.forward_to
        )
        return ProcedureStep(provider, self._means)
