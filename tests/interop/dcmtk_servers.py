"""DCMTK's servers besides storescp: an archive, a worklist and a receiver.

All but dcmrecv lack TLS in Debian's build; ``relay.out_of_tls`` leads to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_file_meta_info
from twisted.trial.unittest import TestCase

from tests.interop.objects import PATHS
from tests.interop.peers import Words, dcmtk, dcmtk_credentials, free_port, listening
from tests.running import Certificates, Running, start
from txdicomtls import uids

#: AE titles.
ARCHIVE, WORKLIST, RECEIVER = "DCMQRSCP", "WORKLIST", "DCMRECV"

_ARCHIVE = """\
NetworkTCPPort  = {port}
MaxPDUSize      = 16384
MaxAssociations = 16
HostTable BEGIN
destination = ({destination}, localhost, {destination_port})
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
{title} {directory} RW (200, 1024mb) ANY
AETable END
"""


async def start_dcmqrscp(
    case: TestCase, directory: Path, destination: str, destination_port: int
) -> int:
    """Start its archive.

    :param directory: for its database; made here.
    :param destination: the AE title that it can move to, on this machine.
    :return: its port.
    """
    directory.mkdir()  # noqa: ASYNC240  # a test may wait for the disk
    port = free_port()
    configuration = directory.with_suffix(".cfg")
    configuration.write_text(
        _ARCHIVE.format(
            port=port,
            destination=destination,
            destination_port=destination_port,
            title=ARCHIVE,
            directory=directory,
        )
    )
    # A process for each association, or it serves one after the other: its C-MOVE makes another.
    process = start(case, [dcmtk("dcmqrscp"), "-v", "-c", configuration])
    await listening(process, port)
    return port


async def start_wlmscpfs(case: TestCase, directory: Path, items: Iterable[Dataset]) -> int:
    """Start its worklist.

    :param directory: for its files; made here.
    :return: its port.
    """
    # The called AE title names the directory of the worklist, which must have a lock file.
    worklist = directory / WORKLIST
    worklist.mkdir(parents=True)
    (worklist / "lockfile").touch()
    for number, item in enumerate(items):
        item.file_meta = FileMetaDataset()
        item.file_meta.TransferSyntaxUID = uids.EXPLICIT_VR_LITTLE_ENDIAN  # type: ignore[assignment]  # pydicom converts it
        item.file_meta.MediaStorageSOPClassUID = uids.MODALITY_WORKLIST_FIND  # type: ignore[assignment]  # likewise
        item.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"  # type: ignore[assignment]  # likewise
        item.save_as(worklist / f"{number}.wl", enforce_file_format=True)
    port = free_port()
    # Complete files only (-efr) would want attributes that this test is not about.
    process = start(case, [dcmtk("wlmscpfs"), "-v", "-dfr", "-csk", "-dfp", directory, str(port)])
    await listening(process, port)
    return port


async def start_dcmrecv(
    case: TestCase, certificates: Certificates, directory: Path
) -> tuple[Running, int]:
    """Start its receiver, on TLS, for the kinds of objects that the samples are.

    :param directory: where it keeps what comes, as it comes; made here.
    :return: the process and its port.
    """
    port = free_port()
    directory.mkdir()  # noqa: ASYNC240  # a test may wait for the disk
    profile = directory.with_suffix(".cfg")
    profile.write_text(_kinds())
    options: Words = ["-v", "+B", "-od", directory, "-xf", profile, "Samples"]
    credentials = dcmtk_credentials(certificates, "node")
    process = start(case, [dcmtk("dcmrecv"), *credentials, *options, str(port)])
    await listening(process, port)
    return process, port


def _kinds() -> str:
    """A configuration with each SOP class, and each transfer syntax, of the samples.

    Without one, dcmrecv takes implicit VR little endian only.
    """
    metas = [read_file_meta_info(path) for path in PATHS]
    syntaxes = sorted({str(meta.TransferSyntaxUID) for meta in metas})
    classes = sorted({str(meta.MediaStorageSOPClassUID) for meta in metas})
    lines = [
        "[[TransferSyntaxes]]",
        "[Any]",
        *(f"TransferSyntax{number} = {uid}" for number, uid in enumerate(syntaxes, 1)),
        "[[PresentationContexts]]",
        "[Samples]",
        f"PresentationContext1 = {uids.VERIFICATION}\\Any",
        *(f"PresentationContext{number} = {uid}\\Any" for number, uid in enumerate(classes, 2)),
        "[[Profiles]]",
        "[Samples]",
        "PresentationContexts = Samples",
    ]
    return "\n".join(lines) + "\n"
