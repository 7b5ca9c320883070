#!/usr/bin/env python3
"""A neutral DICOM load generator: standard library only, no DICOM toolkit.

It plays a Service Class User against any Storage or Verification SCP, so that several servers
can be measured with the same client in one run.  It shares no code with any of them.
Everything that can be encoded ahead of time is, so the client costs as little as it can::

    load.py store HOST PORT FILE_OR_DIR... [--tls KEY CERT CA] [--repeat N] [--pdu N] [--window N]
    load.py echo  HOST PORT --count N      [--tls KEY CERT CA]
    load.py assoc HOST PORT --count N      [--tls KEY CERT CA] [--resume]
    load.py hold  HOST PORT --count N --seconds S [--tls KEY CERT CA]

Each prints JSON.  It refuses to talk to anything but a server on this machine.  Several of it
begin together when each is told ``--start`` with a time of the clock ``time.monotonic()``.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import ssl
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

VERIFICATION = b"1.2.840.10008.1.1"
APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
IMPLICIT_VR_LITTLE_ENDIAN = b"1.2.840.10008.1.2"
IMPLEMENTATION_CLASS_UID = b"1.2.826.0.1.3680043.10.1"

VERIFICATION_CONTEXTS = [(1, VERIFICATION, [IMPLICIT_VR_LITTLE_ENDIAN])]
A_RELEASE_RQ = bytes.fromhex("05000000000400000000")

Contexts = Sequence[tuple[int, bytes, Sequence[bytes]]]


class StoredObject(NamedTuple):
    """What a C-STORE request needs of a DICOM file."""

    sop_class: bytes
    sop_instance: bytes
    transfer_syntax: bytes
    data_set: bytes


def item(kind: int, payload: bytes) -> bytes:
    """Encode an item or sub-item of an A-ASSOCIATE PDU (PS3.8 9.3.2)."""
    return struct.pack(">BBH", kind, 0, len(payload)) + payload


def items(body: bytes, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Walk items: the kind of each, where its payload starts and the length of that."""
    while position + 4 <= end:
        kind, length = struct.unpack_from(">BxH", body, position)
        yield kind, position + 4, length
        position += 4 + length


def associate_rq(
    called: str, calling: str, contexts: Contexts, max_length: int, window: int | None = None
) -> bytes:
    """Encode an A-ASSOCIATE-RQ; a context has an odd id, an abstract and transfer syntaxes."""
    titles = [title.ljust(16).encode() for title in (called, calling)]
    body = struct.pack(">HH16s16s32x", 1, 0, *titles) + item(0x10, APPLICATION_CONTEXT)
    for context_id, abstract, transfers in contexts:
        syntaxes = item(0x30, abstract) + b"".join(item(0x40, each) for each in transfers)
        body += item(0x20, struct.pack(">B3x", context_id) + syntaxes)
    user = item(0x51, struct.pack(">I", max_length)) + item(0x52, IMPLEMENTATION_CLASS_UID)
    user += item(0x55, b"DICOMLOAD")
    if window:
        user += item(0x53, struct.pack(">HH", window, 1))
    body += item(0x50, user)
    return struct.pack(">BBI", 1, 0, len(body)) + body


def element(tag: int, value: bytes) -> bytes:
    """Encode an element of a command set (PS3.7 6.3.1)."""
    if len(value) % 2:
        value += b"\0"
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value


def us(tag: int, number: int) -> bytes:
    """Encode an element of a command set that is an unsigned short."""
    return element(tag, struct.pack("<H", number))


def command(*elements: bytes) -> bytes:
    """Encode a command set with its group length."""
    body = b"".join(elements)
    return element(0x00000000, struct.pack("<I", len(body))) + body


def pdata(context_id: int, is_command: int, payload: bytes, limit: int) -> bytes:
    """Encode the P-DATA-TF PDUs that carry `payload`, in one bytes object."""
    room = (limit or 1 << 20) - 6
    out: list[bytes] = []
    view = memoryview(payload)
    for at in range(0, len(payload) or 1, room):
        part = view[at : at + room]
        flags = is_command | (2 if at + room >= len(payload) else 0)
        out.append(struct.pack(">BBIIBB", 4, 0, len(part) + 6, len(part) + 2, context_id, flags))
        out.append(bytes(part))
    return b"".join(out)


def echo_rq() -> bytes:
    """Encode a C-ECHO request on presentation context 1."""
    identity = element(0x00000002, VERIFICATION) + us(0x00000100, 0x30) + us(0x00000110, 1)
    return pdata(1, 1, command(identity, us(0x00000800, 0x101)), 0)


def status_of(command_set: bytes) -> int:
    """Find the Status (0000,0900) in a command set."""
    at = 0
    while at < len(command_set):
        group, number, length = struct.unpack_from("<HHI", command_set, at)
        if (group, number) == (0, 0x0900):
            return int.from_bytes(command_set[at + 8 : at + 10], "little")
        at += 8 + length
    raise ConnectionError("a response without a status")


class Link:
    """One association over one connection, with blocking calls."""

    def __init__(self, args: argparse.Namespace, session: ssl.SSLSession | None = None) -> None:
        raw = socket.create_connection((args.host, args.port), timeout=args.timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if args.tls:
            context: ssl.SSLContext = args.context
            raw = context.wrap_socket(raw, server_hostname=args.server_name, session=session)
        self.sock = raw
        self.window = 1
        self._buffer = bytearray()
        self._statuses: list[int] = []

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            got = self.sock.recv(65536)
            if not got:
                raise ConnectionError("closed by the server")
            self._buffer += got
        out = bytes(self._buffer[:count])
        del self._buffer[:count]
        return out

    def pdu(self) -> tuple[int, bytes]:
        """Wait for the next PDU: its type and its body."""
        kind, length = struct.unpack(">BxI", self._exactly(6))
        return kind, self._exactly(length)

    def associate(
        self, args: argparse.Namespace, contexts: Contexts
    ) -> tuple[dict[int, bytes], int]:
        """Open it; tell the transfer syntax of each accepted context and the maximum length."""
        self.sock.sendall(associate_rq(args.called, args.calling, contexts, args.pdu, args.window))
        kind, body = self.pdu()
        if kind != 2:
            raise ConnectionError(f"association not accepted: PDU type {kind:#x}, {body[:4].hex()}")
        accepted: dict[int, bytes] = {}
        max_length = 16384
        for kind, start, length in items(body, 68, len(body)):
            if kind == 0x21 and body[start + 2] == 0:
                _, syntax, size = next(items(body, start + 4, start + length))
                accepted[body[start]] = body[syntax : syntax + size].rstrip(b"\0")
            elif kind == 0x50:
                for part, value, _ in items(body, start, start + length):
                    if part == 0x51:
                        max_length = struct.unpack_from(">I", body, value)[0]
                    elif part == 0x53:
                        self.window = struct.unpack_from(">H", body, value)[0] or 65535
        return accepted, max_length

    def status(self) -> int:
        """Wait for the status of the next response."""
        command_set = b""
        while not self._statuses:
            kind, body = self.pdu()
            if kind != 4:
                raise ConnectionError(f"PDU type {kind:#x} where a response was due: {body.hex()}")
            at = 0
            while at < len(body):
                length, _, flags = struct.unpack_from(">IBB", body, at)
                if flags & 1:
                    command_set += body[at + 6 : at + 4 + length]
                    if flags & 2:
                        self._statuses.append(status_of(command_set))
                        command_set = b""
                at += 4 + length
        return self._statuses.pop(0)

    def release(self) -> None:
        """Release the association and close the connection."""
        self.sock.sendall(A_RELEASE_RQ)
        while self.pdu()[0] != 6:
            pass
        self.sock.close()


def read_part10(path: Path) -> StoredObject | None:
    """Read a DICOM file (PS3.10 7.1); None where it is none."""
    raw = path.read_bytes()
    if raw[128:132] != b"DICM":
        return None
    at, end = 132, len(raw)
    meta: dict[int, bytes] = {}
    while at < end:
        group, number, vr = struct.unpack_from("<HH2s", raw, at)
        if vr in (b"OB", b"UN", b"SQ", b"OW", b"UT"):
            length, start = struct.unpack_from("<I", raw, at + 8)[0], at + 12
        else:
            length, start = struct.unpack_from("<H", raw, at + 6)[0], at + 8
        value = raw[start : start + length]
        if (group, number) == (2, 0):
            end = start + length + int.from_bytes(value, "little")
        meta[number] = value.rstrip(b"\0 ")
        at = start + length
    return StoredObject(meta[2], meta[3], meta[0x10], raw[at:])


def read_objects(paths: Sequence[str]) -> list[StoredObject]:
    """Read all DICOM files that are named, or lie in a directory that is."""
    found: list[StoredObject] = []
    for path in paths:
        names = [path]
        if Path(path).is_dir():
            names = [str(Path(where, name)) for where, _, files in os.walk(path) for name in files]
        found += [each for each in map(read_part10, map(Path, sorted(names))) if each]
    return found


def store_messages(
    objects: Sequence[StoredObject],
    ids: dict[tuple[bytes, bytes], int],
    accepted: dict[int, bytes],
    limit: int,
) -> tuple[list[bytes], int]:
    """Encode the C-STORE requests of all objects whose context was accepted, and sum their size."""
    messages: list[bytes] = []
    size = 0
    for number, each in enumerate(objects):
        context_id = ids[each.sop_class, each.transfer_syntax]
        if context_id not in accepted:
            continue
        request = command(
            element(0x00000002, each.sop_class),
            us(0x00000100, 1),
            us(0x00000110, number & 0xFFFF),
            us(0x00000700, 0),
            us(0x00000800, 1),
            element(0x00001000, each.sop_instance),
        )
        messages.append(
            pdata(context_id, 1, request, limit) + pdata(context_id, 0, each.data_set, limit)
        )
        size += len(each.data_set)
    return messages, size


def store(args: argparse.Namespace) -> dict[str, Any]:
    """Send all objects over one association, as many at once as the window allows."""
    objects = read_objects(args.files)
    kinds = sorted({(each.sop_class, each.transfer_syntax) for each in objects})
    ids = {kind: 2 * number + 1 for number, kind in enumerate(kinds)}
    link = Link(args)
    accepted, limit = link.associate(args, [(ids[kind], kind[0], [kind[1]]) for kind in kinds])
    limit = min(filter(None, (limit, args.send_pdu)), default=0)
    messages, size = store_messages(objects, ids, accepted, limit)
    failed: dict[str, int] = {}
    count = outstanding = 0
    room = min(link.window, args.window or 1)
    drain: list[bytes | None] = [None] * room
    time.sleep(max(0, args.start - time.monotonic()))
    began = time.monotonic()
    for message in messages * args.repeat + drain:
        if outstanding and (message is None or outstanding >= room):
            status = link.status()
            outstanding -= 1
            count += 1
            if status:
                failed[f"{status:#06x}"] = failed.get(f"{status:#06x}", 0) + 1
        if message is not None:
            link.sock.sendall(message)
            outstanding += 1
    took = time.monotonic() - began
    link.release()
    return {
        "began": began,
        "objects": count,
        "skipped": len(objects) - len(messages),
        "failed": failed,
        "seconds": took,
        "objects_per_s": count / took,
        "MB_per_s": size * args.repeat / 1e6 / took,
        "max_pdu": limit,
        "window": room,
    }


def echo(args: argparse.Namespace) -> dict[str, Any]:
    """Send C-ECHO requests one after the other over one association."""
    link = Link(args)
    link.associate(args, VERIFICATION_CONTEXTS)
    request = echo_rq()
    latencies: list[float] = []
    for _ in range(args.count):
        began = time.perf_counter()
        link.sock.sendall(request)
        if link.status():
            raise SystemExit("echo failed")
        latencies.append(time.perf_counter() - began)
    link.release()
    latencies.sort()
    return {
        "echoes": args.count,
        "per_s": args.count / sum(latencies),
        "p50_us": latencies[len(latencies) // 2] * 1e6,
        "p99_us": latencies[int(len(latencies) * 0.99)] * 1e6,
    }


def assoc(args: argparse.Namespace) -> dict[str, Any]:
    """Open, use for one C-ECHO and release associations, one after the other."""
    session: ssl.SSLSession | None = None
    resumed = 0
    request = echo_rq()
    began = time.perf_counter()
    for _ in range(args.count):
        link = Link(args, session)
        link.associate(args, VERIFICATION_CONTEXTS)
        link.sock.sendall(request)
        link.status()
        if args.resume and isinstance(link.sock, ssl.SSLSocket):
            session = link.sock.session
            resumed += bool(link.sock.session_reused)
        link.release()
    took = time.perf_counter() - began
    return {"associations": args.count, "per_s": args.count / took, "resumed": resumed}


def hold(args: argparse.Namespace) -> dict[str, Any]:
    """Keep many associations open, then see which of them still answer."""
    links: list[Link] = []
    began = time.perf_counter()
    for _ in range(args.count):
        link = Link(args)
        link.associate(args, VERIFICATION_CONTEXTS)
        links.append(link)
    opened = time.perf_counter() - began
    print(json.dumps({"holding": len(links), "opened_in_s": opened}), flush=True)
    time.sleep(args.seconds)
    request = echo_rq()
    answered = 0
    for link in links:
        link.sock.sendall(request)
        answered += link.status() == 0
    for link in links:
        link.release()
    return {"held": len(links), "answered_after": answered, "opened_in_s": opened}


WHAT = {"store": store, "echo": echo, "assoc": assoc, "hold": hold}


def main() -> None:
    """Do what the arguments say and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--tls", nargs=3, metavar=("KEY", "CERT", "CA"))
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--window", type=int)
    defaults = {"server-name": "localhost", "called": "ANY-SCP", "calling": "DICOMLOAD"}
    numbers = {"pdu": 131072, "send-pdu": 131072, "count": 1000, "repeat": 1}
    seconds = {"seconds": 1.0, "timeout": 60.0, "start": 0.0}
    for options in (defaults, numbers, seconds):
        for name, default in options.items():
            parser.add_argument(f"--{name}", type=type(default), default=default)
    args = parser.parse_args()
    if args.host not in {"localhost", "::1"} and not args.host.startswith("127."):
        sys.exit("only a server on this machine")
    if args.tls:
        key, certificate, authority = args.tls
        args.context = ssl.create_default_context(cafile=authority)
        args.context.load_cert_chain(certificate, key)
    print(json.dumps(WHAT[args.what](args)))


if __name__ == "__main__":
    main()
