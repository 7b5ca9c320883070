"""Two daemons on one archive, of which one is killed while peers store to both.

Whatever either of them has acknowledged is there once, from either of them, bit by bit; and the
one that goes on settles what the other had begun.
"""

from __future__ import annotations

import contextlib
from hashlib import sha256
from threading import Thread

from twisted.internet.task import deferLater

from tests.daemon.cases import good_context, in_thread
from tests.daemon.peer import CT_IMAGE_STORAGE, Peer, data_set
from tests.daemon.requesting import keys, the_reactor
from tests.daemon.sharing import SharingTestCase
from tests.running import Node
from txdicomtls import uids
from txdicomtls.scu import get_contexts, query_contexts
from txdicomtls.testing import MemoryReceiver

#: Threads that store to each daemon: what only they store, and what one at each of them stores.
ALONE, COMMON = 2, 2
#: Seconds of load before the kill.
BEFORE = 1.5
#: Instances that a thread stores after it.
AFTER = 15


class KillOneTests(SharingTestCase):
    async def test_what_either_has_acknowledged_is_there_once_when_one_was_killed(self) -> None:
        acknowledged: dict[str, bytes] = {}
        one = await self.node("one")
        other = await self.node("other")
        senders = [
            Sender(node, f"1.2.{group}.{number}", acknowledged)
            for node, own in ((one, 1), (other, 2))
            for group, count in ((own, ALONE), (3, COMMON))
            for number in range(count)
        ]
        for sender in senders:
            sender.start()
        await deferLater(the_reactor(), BEFORE)
        one.process.send_signal("KILL")
        await self.soon(one.process.ended)
        before = len(acknowledged)
        for sender in senders:
            sender.may_end()
        for sender in senders:
            await in_thread(sender.join)
        self.assertGreater(len(acknowledged), before)
        for sender in senders:
            self.assertIs(sender.node is other, sender.came_to_its_end)

        await self.whole(other, acknowledged, every=False)
        again = await self.node("one")
        self.assertEqual([], list((self.root / "data" / "incoming").rglob("*.part")))
        kept = await self.whole(again, acknowledged, every=True)
        self.assertEqual(kept, await self.kept_by(other))

    async def whole(self, node: Node, acknowledged: dict[str, bytes], *, every: bool) -> set[str]:
        """Get all that was acknowledged and compare.

        :param every: whether all files must be indexed by now.
        :return: SOP Instance UIDs of all that the node has.
        """
        kept = await self.kept_by(node)
        self.assertEqual(set(), set(acknowledged) - kept)
        if every:
            files = sorted(file.stem for file in (self.root / "data" / "objects").rglob("*.dcm"))
            self.assertEqual(sorted(kept), files)
        receiver = MemoryReceiver()
        contexts = get_contexts(
            [CT_IMAGE_STORAGE.decode()], stored_in=(uids.IMPLICIT_VR_LITTLE_ENDIAN,)
        )
        async with await self.associate(node, contexts + query_contexts()) as association:
            for study in await association.find(keys("STUDY", StudyInstanceUID="")).all():
                wanted = keys("STUDY", StudyInstanceUID=study.StudyInstanceUID)
                result = await association.get(wanted, receiver).finished()
                self.assertTrue(result.is_complete, result)
        got = [each.facts.sop_instance_uid for each in receiver.instances]
        self.assertEqual(sorted(kept), sorted(got))
        for each in receiver.instances:
            digest = acknowledged.get(each.facts.sop_instance_uid)
            self.assertIn(digest, (None, sha256(each.data).digest()), each.facts.sop_instance_uid)
        return kept


class Sender(Thread):
    """Stores one instance after the other, until the daemon is gone or it is told to end.

    Two with the same root store the same instances.

    :param root: beginning of the SOP Instance UIDs.
    :param acknowledged: takes the hash of each data set that was stored.
    :ivar came_to_its_end: whether all went well until it had stored what it was to store.
    """

    def __init__(self, node: Node, root: str, acknowledged: dict[str, bytes]) -> None:
        super().__init__(daemon=True)
        self.node = node
        self._root = root
        self._acknowledged = acknowledged
        self._left: int | None = None
        self.came_to_its_end = False

    def may_end(self) -> None:
        """Store some more, then end."""
        self._left = AFTER

    def run(self) -> None:
        # That it was killed is told by a link that is gone, or by a response that did not come.
        with (
            contextlib.suppress(OSError, AssertionError),
            Peer(self.node.port, good_context(self.node)) as peer,
        ):
            peer.associate(b"TEST")
            number = 0
            while self._left is None or self._left:
                uid = f"{self._root}.{number}"
                octets = data_set(2000 + 2 * number, uid.encode())
                status = peer.store(uid.encode(), octets)
                assert status == 0, status
                self._acknowledged[uid] = sha256(octets).digest()
                number += 1
                if self._left is not None:
                    self._left -= 1
            self.came_to_its_end = True
