"""An application of one function: it sends data sets to a node, and names those not taken."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset
from twisted.internet.interfaces import IStreamClientEndpoint

from txdicomtls.interfaces import IReactor
from txdicomtls.scu import connect, storage_contexts


async def forward(
    reactor: IReactor, endpoint: str | IStreamClientEndpoint, datasets: Sequence[Dataset]
) -> list[str]:
    """Send data sets to a node.

    :return: SOP Instance UIDs of those that it did not take.
    """
    association = await connect(
        reactor,
        endpoint,
        called="PACS",
        calling="FORWARDER",
        contexts=storage_contexts(sorted({str(each.SOPClassUID) for each in datasets})),
        window=8,
    )
    async with association:
        return [
            sent.sop_instance_uid
            async for sent in association.store(datasets)
            if not sent.succeeded
        ]
