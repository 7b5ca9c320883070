"""Answers queries from a list in memory: a source of one's own, in one's own application.

python examples/scp_query.py "dicomtls:2762:certificate=node.crt:key=node.key:trust=ca.crt"
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

from pydicom.dataset import Dataset
from twisted.internet import defer, endpoints, task
from zope.interface import implementer

from txdicomtls.access import AnyPeer
from txdicomtls.dataset import matches, project
from txdicomtls.interfaces import IQueryProvider, IReactor, Query
from txdicomtls.net import AssociationFactory
from txdicomtls.scp import Find, Verification, means_of

#: What there is: a date, a name, and the number of the study.
STUDIES = (
    ("20260131", "Doe^Jane", "1.2.3"),
    ("20260201", "Doe^John", "1.2.4"),
    ("20260202", "Roe^Richard", "1.2.5"),
)


@implementer(IQueryProvider)
class Studies:
    """Finds studies."""

    async def find(self, query: Query) -> AsyncIterator[Dataset]:
        """Each study that matches, with the attributes that were asked for."""
        keys = Dataset()
        for key in query.keys:
            if key.keyword != "QueryRetrieveLevel":  # is said in each response by itself
                keys[key.tag] = key
        for date, name, uid in STUDIES:
            study = Dataset()
            study.StudyDate, study.PatientName, study.StudyInstanceUID = date, name, uid
            if matches(keys, study):
                yield project(keys, study)


def main(reactor: IReactor, endpoint: str) -> defer.Deferred[None]:
    """Listen until interrupted."""
    services = [Verification(), Find(Studies(), means_of(reactor))]
    factory = AssociationFactory(reactor, services=services, access=AnyPeer())
    listening = endpoints.serverFromString(reactor, endpoint).listen(factory)
    listening.addCallback(lambda port: print(f"port {port.getHost().port}", flush=True))
    forever: defer.Deferred[None] = defer.Deferred()
    return listening.addCallback(lambda _: forever)  # type: ignore[no-any-return]  # Twisted has not typed it


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
