"""Where received instances go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from txdicomtls.instance import IncomingInstance


class IInstanceSink(Interface):
    """Takes the bytes of one data set, in order, exactly as they came."""

    def write(data: memoryview) -> Deferred[None] | None:
        """Take the next bytes.

        :param data: valid until the sink lets go of it; never changed afterwards.
        :return: None to go on at once, or a Deferred that fires when the sink has
            room again: until then nothing more is read from this peer.  It must not fail:
            a sink that cannot go on says so in :meth:`finish`.
        """

    def finish() -> Deferred[None]:
        """The data set is complete: keep it.

        :return: fires when the instance is as safe as the sink promises to make it;
            only then is it acknowledged.  Fails with a
            :class:`~txdicomtls.errors.StorageError`: then it must not be acknowledged, and
            no partial instance may be seen.
        """

    def discard() -> None:
        """The association ended before the data set was complete: leave nothing behind.

        Called at most once, and never after :meth:`finish`.
        """


class IInstanceReceiver(Interface):
    """Where the Storage service puts what it receives: an archive, a queue, a test."""

    def receive(instance: IncomingInstance) -> IInstanceSink:
        """A peer begins to send an instance.

        :raises txdicomtls.errors.StorageError: it is not wanted; the data set is read
            and thrown away, and the peer gets the status that stands for the error.
        """
