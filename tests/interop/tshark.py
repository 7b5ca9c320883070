"""tshark: captures links of ours on the loopback interface, and says what it makes of each PDU.

It opens TLS with the keys that our side logs.  What is inside of TLS cannot be declared to be DICOM
with ``-d``; the list of RSA keys, which is there for another purpose, ties a protocol to a port.
"""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from twisted.trial.unittest import TestCase

from tests.interop.links import the_reactor
from tests.interop.peers import Words, missing, run
from tests.running import Running, start

#: Seconds until a capture is under way, or finished.
STARTING, ENDING = 20, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPDU:
    """A PDU as tshark shows it.

    :param from_acceptor: whether the acceptor sent it.
    :param stream: number of the TCP connection.
    :param pdu_type: PDU-type (PS3.8 9.3.1).
    :param title: what it calls the PDU, as ``C-ECHO-RQ ID=1``.
    :param lines: what it shows of its parts, one below the other.
    :param remarks: what it has to say about it.
    """

    from_acceptor: bool
    stream: int
    pdu_type: int
    title: str
    lines: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there was in a capture.

    :param pdus: all of DICOM, in the order in which they came.
    :param malformed: what it calls malformed, of whatever protocol.
    :param sent: the PDU-types that the bytes inside of TLS have, by connection and direction:
        the same as those of the PDUs, if no PDU was passed over.
    """

    pdus: tuple[SeenPDU, ...]
    malformed: tuple[str, ...]
    sent: dict[tuple[int, bool], list[int]]

    @property
    def shown(self) -> dict[tuple[int, bool], list[int]]:
        """The PDU-types of the PDUs, by connection and direction."""
        shown: dict[tuple[int, bool], list[int]] = {}
        for each in self.pdus:
            shown.setdefault((each.stream, each.from_acceptor), []).append(each.pdu_type)
        return shown


def tshark() -> str:
    """Path of the program.

    :raises SkipTest: it is not there.
    """
    found = shutil.which("tshark")
    if found is None:
        raise missing("tshark is not on PATH")
    return found


class Capture:
    """A capture under way.

    :param file: where to.
    :param port: TCP port where DICOM over TLS is served.
    """

    def __init__(self, case: TestCase, process: Running, file: Path, port: int) -> None:
        self._case = case
        self._process = process
        self._file = file
        self._port = port

    async def stop(self, keys: Path, rsa_key: Path, connections: int) -> Seen:
        """End it, and read what there is.

        :param keys: the log of the keys of all links.
        :param rsa_key: any RSA key, which opens nothing.
        :param connections: how many there were.
        """
        # Packets come in order, but late: when it has seen a connection made now, it has seen all.
        with socket.create_connection(("127.0.0.1", self._port)) as last:
            _, port = last.getsockname()
            seen = self._process.when_says(rf"\b{port} \S+ {self._port} \[SYN\]")
            await seen.addTimeout(ENDING, the_reactor())
        self._process.send_signal("INT")
        await self._process.ended.addTimeout(ENDING, the_reactor())
        reading: Words = [
            *(tshark(), "-r", self._file),
            *("-o", f"tls.keylog_file:{keys}"),
            *("-o", f"tls.keys_list:127.0.0.1,{self._port},dicom,{rsa_key}"),
            *("-d", f"tcp.port=={self._port},tls"),
        ]
        follow = [f"follow,tls,raw,{number}" for number in range(connections)]
        questions = [word for each in follow for word in ("-z", each)]
        status, followed = await run(self._case, [*reading, "-q", *questions])
        self._case.assertEqual(0, status, followed)
        status, shown = await run(self._case, [*reading, "-T", "pdml", "-Y", "tls"])
        self._case.assertEqual(0, status, shown)
        # Who runs it as root is warned on standard error, which our pipe mixes in.
        root = ET.fromstring(shown[shown.index("<pdml") : shown.index("</pdml>") + 7])  # noqa: S314  # its own output
        packets = root.findall("packet")
        return Seen(
            pdus=tuple(pdu for packet in packets for pdu in _pdus(packet, self._port)),
            malformed=tuple(
                proto.get("showname", "")
                for packet in packets
                for proto in packet.iter("proto")
                if proto.get("name") == "_ws.malformed"
            ),
            sent=dict(_followed(followed, self._port)),
        )


async def start_capture(case: TestCase, file: Path, port: int) -> Capture:
    """Capture what goes to and from a port on the loopback interface.

    :raises SkipTest: this user may not capture.
    """
    command: Words = [tshark(), "-i", "lo", "-f", f"tcp port {port}", "-w", file, "-P", "-l"]
    process = start(case, command)
    try:
        await process.when_says("Capture started").addTimeout(STARTING, the_reactor())
    except AssertionError:
        raise missing(f"tshark cannot capture here: {process.output}") from None
    return Capture(case, process, file, port)


def _pdus(packet: ET.Element, port: int) -> Iterator[SeenPDU]:
    """The PDUs of a packet."""
    for proto in packet.iter("proto"):
        if proto.get("name") != "dicom":
            continue
        for kind in proto.iter("field"):
            if kind.get("name") != "dicom.pdu.type":
                continue
            yield SeenPDU(
                from_acceptor=_number(packet, "tcp.srcport") == port,
                stream=_number(packet, "tcp.stream"),
                pdu_type=int(kind.get("show", ""), 16),
                title=proto.get("showname", "").removeprefix("DICOM, "),
                lines=tuple(_line(field) for field in proto.iter("field")),
                remarks=tuple(
                    _line(field)
                    for field in proto.iter("field")
                    if field.get("name") == "_ws.expert.message"
                ),
            )


def _line(field: ET.Element) -> str:
    return field.get("showname", "") or field.get("show", "")


def _number(packet: ET.Element, name: str) -> int:
    [value] = {field.get("show", "") for field in packet.iter("field") if field.get("name") == name}
    return int(value)


def _followed(output: str, port: int) -> Iterator[tuple[tuple[int, bool], list[int]]]:
    """The PDU-types of each direction of each connection, from its bytes."""
    for part in output.split("Follow: tls,raw")[1:]:
        [stream] = re.findall(r"Filter: tcp\.stream eq (\d+)", part)
        [node] = re.findall(r"Node 0: \S*:(\d+)", part)
        for is_node_0, pattern in ((True, r"^([0-9a-f]+)$"), (False, r"^\t([0-9a-f]+)$")):
            octets = bytes.fromhex("".join(re.findall(pattern, part, re.MULTILINE)))
            if octets:
                yield (int(stream), is_node_0 == (int(node) == port)), list(_types(octets))


def _types(octets: bytes) -> Iterator[int]:
    at = 0
    while at < len(octets):
        yield octets[at]
        at += 6 + int.from_bytes(octets[at + 2 : at + 6], "big")
