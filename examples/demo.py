"""The demonstration: real images from process to process over mutual TLS, bit for bit.

Makes a throw-away PKI, starts the daemon, sends the DICOM files that pydicom ships, asks which
patients and studies the node has, and fetches them.  Every stored and every fetched data set is
compared with the one that was sent.  Exits 0 only if all of that went well.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pydicom
from throwaway import SCRIPTS, ThrowawayNode

from txdicomtls import uids
from txdicomtls.archive import instance_path
from txdicomtls.archive.inspection import Inspection
from txdicomtls.codes import Level
from txdicomtls.errors import NotADicomFile, StorageError
from txdicomtls.instance import IncomingInstance
from txdicomtls.part10 import FileHeader, read_header


def shipped_files() -> Iterator[FileHeader]:
    """The DICOM files that pydicom ships: the first of each instance, no directories of media.

    Left out are the few that no archive can take: they are damaged, name another instance than
    their head does, or do not say to which study and series they belong.
    """
    seen = {""}
    for path in sorted((Path(pydicom.__file__).parent / "data").rglob("*")):
        try:
            header = read_header(path)
        except NotADicomFile:
            continue
        if header.sop_class_uid == uids.MEDIA_STORAGE_DIRECTORY_STORAGE:
            continue
        if header.sop_instance_uid not in seen and can_be_kept(header):
            seen.add(header.sop_instance_uid)
            yield header


def can_be_kept(header: FileHeader) -> bool:
    """Whether the data set of a file is whole, what its head says, and of a study and a series."""
    instance = IncomingInstance(
        sop_class_uid=header.sop_class_uid,
        sop_instance_uid=header.sop_instance_uid,
        transfer_syntax_uid=header.transfer_syntax_uid,
    )
    belongs = (Level.STUDY.unique_key, Level.SERIES.unique_key)
    inspection = Inspection(instance, frozenset(belongs))
    try:
        inspection.feed(memoryview(data_set(header)))
        values = inspection.end().values
    except StorageError:
        return False
    return all(values.get(key, b"").strip(b"\0 ") for key in belongs)


def data_set(header: FileHeader) -> bytes:
    """The data set of a file, as it must go over the wire: of even length (PS3.5 A.5)."""
    data = header.path.read_bytes()[header.data_offset :]
    return data + b"\0" if len(data) % 2 else data


def unlike(files: Iterable[FileHeader], root: Path) -> list[str]:
    """The names of files whose data set is not in the archive byte for byte.

    :param root: of the archive.
    """
    return [
        sent.path.name
        for sent in files
        if not is_same(sent, read_header(instance_path(root, sent.sop_instance_uid)))
    ]


def not_fetched(files: Iterable[FileHeader], folder: Path) -> list[str]:
    """The names of files whose data set is not in a folder byte for byte.

    :param folder: has files that are named by their SOP Instance UIDs.
    """
    fetched = {path.stem: read_header(path) for path in folder.rglob("*.dcm")}
    return [
        sent.path.name
        for sent in files
        if sent.sop_instance_uid not in fetched or not is_same(sent, fetched[sent.sop_instance_uid])
    ]


def is_same(sent: FileHeader, kept: FileHeader) -> bool:
    """Whether two files hold the same instance, byte for byte."""
    return (
        data_set(kept) == data_set(sent)
        and kept.sop_class_uid == sent.sop_class_uid
        and kept.transfer_syntax_uid == sent.transfer_syntax_uid
    )


class Client:
    """Runs ``txdicomtls`` against the node.

    :param node: whom to call.
    """

    def __init__(self, node: ThrowawayNode) -> None:
        self._node = node

    def run(self, command: str, *words: str) -> None:
        """Run a command, and show what it prints.

        :raises CalledProcessError: it failed.
        """
        subprocess.run(self._words(command, *words), check=True)

    def find(self, *words: str) -> list[dict[str, dict[str, list[str]]]]:
        """Ask, and show what a person would see.

        :return: the matches in the DICOM JSON model.
        :raises CalledProcessError: it failed.
        """
        self.run("find", *words, "--limit", "3")
        asked = self._words("find", *words, "--json")
        found = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True)
        return [json.loads(line) for line in found.stdout.splitlines()]

    def _words(self, command: str, *words: str) -> list[str]:
        node = self._node
        return [str(SCRIPTS / "txdicomtls"), command, node.address, *node.credentials, *words]


def exchange(client: Client, files: list[FileHeader], fetched: Path) -> None:
    """Send all files, ask what the node has, and fetch all of it.

    :raises CalledProcessError: something failed.
    """
    client.run("store", "--verbose", *(str(header.path) for header in files))
    patients = client.find("--level", "PATIENT")
    studies = client.find()
    print(f"the node has {len(studies)} studies of {len(patients)} patients", flush=True)
    uids_of_studies = [match["0020000D"]["Value"][0] for match in studies]
    asked_for = [word for uid in uids_of_studies for word in ("--study", uid)]
    client.run("get", "--to", str(fetched), *asked_for)


def main() -> int:
    """Run it; the exit status."""
    files = list(shipped_files())
    syntaxes = {header.transfer_syntax_uid for header in files}
    classes = {header.sop_class_uid for header in files}
    failure = ""
    with tempfile.TemporaryDirectory(prefix="txdicomtls-demo-") as name:
        node = ThrowawayNode(Path(name))
        fetched = Path(name, "fetched")
        with node:
            print(f"the daemon listens on port {node.port}, mutual TLS required", flush=True)
            try:
                exchange(Client(node), files, fetched)
            except subprocess.CalledProcessError as error:
                failure = f"{error.cmd[1]} ended with {error.returncode}"
            stopped = node.stop()
        different = []
        if not failure:
            different = unlike(files, node.directory / "data") + not_fetched(files, fetched)
    # A daemon that was asked to stop ends by that signal, once it has closed everything.
    if failure or stopped not in (0, -signal.SIGTERM) or different:
        print(f"FAILED: {failure or 'no command'}, daemon {stopped}, different: {different}")
        return 1
    print(
        f"{len(files)} objects of {len(classes)} SOP classes in {len(syntaxes)} transfer syntaxes: "
        "each stored and each fetched data set is byte for byte the one sent"
    )
    print("the daemon stopped in order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
