"""Sub-operations of a C-GET that are under way when its provider fails, or has nothing to say."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from tests.scp.instances import Kept, Selecting
from tests.scp.test_get import GetCase
from txdicomtls.association import AbortIndication
from txdicomtls.errors import OutOfResources
from txdicomtls.instance import OutgoingInstance
from txdicomtls.interfaces import Selection


def then(*kept: Kept, error: Exception | None = None) -> Selecting:
    """So many instances, and then this error, or nothing for ever."""

    async def instances() -> AsyncGenerator[OutgoingInstance, None]:
        for each in kept:
            yield each.instance
        if error is not None:
            raise error
        await Deferred[None]()

    return Selecting(lambda _: Selection(instances=instances(), count=3))


class ProviderTests(GetCase):
    def ends(self, asking: Any, **counters: int) -> None:
        self.answer(asking)
        self.answer(asking)
        self.assertEqual([], asking.peer.told(AbortIndication))
        self.assert_final(asking, 0xB000, **counters)

    def test_one_that_fails_spoils_nothing_that_is_under_way(self) -> None:
        for error in (OutOfResources("no handles"), ZeroDivisionError()):
            with capturedLogs():
                asking = self.got(then(Kept(1), Kept(2), error=error), window=4)
                self.assertEqual(2, len(self.stores(asking)))
                self.ends(asking, completed=2, failed=1)

    def test_one_that_has_no_next_instance_in_time_spoils_nothing_either(self) -> None:
        for window in (1, 4):
            with capturedLogs():
                asking = self.got(then(Kept(1), Kept(2)), window=window)
                if window == 1:
                    self.answer(asking)
                    self.answer(asking)
                self.advance(59)
                if window > 1:
                    self.answer(asking)
                    self.answer(asking)
                self.advance(1)
                self.assertEqual([], asking.peer.told(AbortIndication))
                self.assert_final(asking, 0xB000, completed=2, failed=1)
