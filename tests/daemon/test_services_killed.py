"""A daemon that is killed while peers store: what it acknowledged is kept, indexed and whole.

There is no other end of a kill than the death of the process, so this is about the order of
writes; what a loss of power adds is held by tests of the archive.
"""

from __future__ import annotations

import random
from hashlib import sha256
from threading import Thread

from twisted.internet.task import deferLater

from tests.daemon.cases import good_context, in_thread
from tests.daemon.peer import CT_IMAGE_STORAGE, Peer, data_set
from tests.daemon.requesting import EVERYTHING, RequestingTestCase, the_reactor
from tests.running import Node
from txdicomtls.part10 import read_header
from txdicomtls.scu import Reference, commitment_contexts

KILLS = 5
SENDERS = 3
#: Seconds of load before a kill, at most.
LONGEST = 1.0


class KillTests(RequestingTestCase):
    async def test_what_was_acknowledged_before_a_kill_is_kept_indexed_and_whole(self) -> None:
        node = await self.start(more=EVERYTHING)
        acknowledged: dict[str, bytes] = {}
        for kill in range(KILLS):
            senders = [Sender(node, f"1.2.{kill}.{n}", acknowledged) for n in range(SENDERS)]
            for sender in senders:
                sender.start()
            # Not a secret: a moment that is another one in each run.
            await deferLater(the_reactor(), random.uniform(0.2, LONGEST))
            node = await self.restarted(node, "KILL")
            for sender in senders:
                await in_thread(sender.join)
        self.assertGreater(len(acknowledged), KILLS)
        files = {file.stem: file for file in (node.data / "objects").rglob("*.dcm")}
        for uid, digest in acknowledged.items():
            octets = files[uid].read_bytes()[read_header(files[uid]).data_offset :]
            self.assertEqual(digest, sha256(octets).digest(), uid)
        self.assertEqual(set(files), await self.kept_by(node))
        self.assertEqual([], list((node.data / "incoming").glob("*.part")))
        async with await self.associate(node, commitment_contexts()) as association:
            committed = await association.commit(
                Reference(CT_IMAGE_STORAGE.decode(), uid) for uid in acknowledged
            )
        self.assertEqual((), committed.failed)


class Sender(Thread):
    """Stores one instance after the other until the node is gone.

    :param root: beginning of the SOP Instance UIDs.
    :param acknowledged: takes the hash of each data set that was stored.
    """

    def __init__(self, node: Node, root: str, acknowledged: dict[str, bytes]) -> None:
        super().__init__(daemon=True)
        self._node = node
        self._root = root
        self._acknowledged = acknowledged

    def run(self) -> None:
        try:
            with Peer(self._node.port, good_context(self._node)) as peer:
                peer.associate(b"TEST")
                for number in range(10_000):
                    uid = f"{self._root}.{number}"
                    octets = data_set(2000 + 2 * number, uid.encode())
                    if peer.store(uid.encode(), octets) == 0:
                        self._acknowledged[uid] = sha256(octets).digest()
        except (OSError, AssertionError):
            return  # killed
