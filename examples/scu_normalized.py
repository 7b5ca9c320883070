"""Asks a printer how it is: N-GET of the Printer SOP Class (PS3.4 H.4.6).

python examples/scu_normalized.py "dicomtls:printer:certificate=c.crt:key=c.key:trust=ca.crt"
"""

from __future__ import annotations

import sys

from twisted.internet import defer, task

from txdicomtls.interfaces import IReactor
from txdicomtls.scu import Instance, connect, normalized_contexts

PRINTER = Instance(
    sop_class_uid="1.2.840.10008.5.1.1.16", sop_instance_uid="1.2.840.10008.5.1.1.17"
)
PRINTER_STATUS, CALIBRATION_DATE = 0x21100010, 0x00181200


async def ask(reactor: IReactor, endpoint: str) -> None:
    """Read two attributes, of which the printer may not know one."""
    association = await connect(
        reactor,
        endpoint,
        called="PRINTER",
        calling="WORKSTATION",
        contexts=normalized_contexts(PRINTER.sop_class_uid),
    )
    async with association:
        done = await association.get_attributes(PRINTER, PRINTER_STATUS, CALIBRATION_DATE)
        if done.dataset is not None:
            print("the printer is", done.dataset.PrinterStatus)
        if done.status:  # a warning: a failure would have been raised
            print(f"status {done.status:04X}H")


def main(reactor: IReactor, *arguments: str) -> defer.Deferred[None]:
    """Run it."""
    return defer.Deferred.fromCoroutine(ask(reactor, *arguments))


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
