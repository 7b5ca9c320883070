"""The demonstration: real images from process to process over mutual TLS, bit for bit.

Makes a throw-away PKI, starts the daemon, sends the DICOM files that pydicom ships,
compares every stored data set with the one that was sent, stops the daemon.  Exits 0
only if all of that went well.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pydicom
from throwaway import SCRIPTS, ThrowawayNode

from txdicomtls import uids
from txdicomtls.archive import instance_path
from txdicomtls.errors import NotADicomFile
from txdicomtls.part10 import FileHeader, read_header
from txdicomtls.dataset.identity import IdentityReader


def shipped_files() -> Iterator[FileHeader]:
    """The DICOM files that pydicom ships: the first of each instance, no directories of media.

    Left out are the few whose data set names another instance than their head does: a node
    has to refuse them.
    """
    seen = {""}
    for path in sorted((Path(pydicom.__file__).parent / "data").rglob("*")):
        try:
            header = read_header(path)
        except NotADicomFile:
            continue
        if header.sop_class_uid == uids.MEDIA_STORAGE_DIRECTORY_STORAGE:
            continue
        if header.sop_instance_uid not in seen and not names_another(header):
            seen.add(header.sop_instance_uid)
            yield header


def names_another(header: FileHeader) -> bool:
    """Whether the data set of a file says that it is another instance than its head does."""
    reader = IdentityReader(header.transfer_syntax_uid)
    reader.read(memoryview(data_set(header)))
    return reader.contradicts(header.sop_class_uid, header.sop_instance_uid)


def data_set(header: FileHeader) -> bytes:
    """The data set of a file, as it must go over the wire: of even length (PS3.5 A.5)."""
    data = header.path.read_bytes()[header.data_offset :]
    return data + b"\0" if len(data) % 2 else data


def unlike(files: list[FileHeader], root: Path) -> list[str]:
    """The names of files whose data set is not in the archive byte for byte."""
    found = []
    for sent in files:
        kept = read_header(instance_path(root, sent.sop_instance_uid))
        same = (
            data_set(kept) == data_set(sent)
            and kept.sop_class_uid == sent.sop_class_uid
            and kept.transfer_syntax_uid == sent.transfer_syntax_uid
        )
        if not same:
            found.append(sent.path.name)
    return found


def main() -> int:
    """Run it; the exit status."""
    files = list(shipped_files())
    syntaxes = {header.transfer_syntax_uid for header in files}
    classes = {header.sop_class_uid for header in files}
    with tempfile.TemporaryDirectory(prefix="txdicomtls-demo-") as name:
        node = ThrowawayNode(Path(name))
        with node:
            print(f"the daemon listens on port {node.port}, mutual TLS required", flush=True)
            command = [str(SCRIPTS / "txdicomtls"), "store", node.address, *node.credentials]
            paths = [str(header.path) for header in files]
            sent = subprocess.run([*command, "--verbose", *paths], check=False)
            stopped = node.stop()
        different = unlike(files, node.directory / "data") if sent.returncode == 0 else []
    # A daemon that was asked to stop ends by that signal, once it has closed everything.
    if sent.returncode or stopped not in (0, -signal.SIGTERM) or different:
        print(f"FAILED: store {sent.returncode}, daemon {stopped}, different: {different}")
        return 1
    print(
        f"{len(files)} objects of {len(classes)} SOP classes in {len(syntaxes)} transfer syntaxes: "
        "each stored data set is byte for byte the one sent"
    )
    print("the daemon stopped in order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
