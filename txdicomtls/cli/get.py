"""The command ``txdicomtls get``: instances of a node into a folder.

With C-GET it is the requestor that says beforehand which kinds of instances it takes, and in
which transfer syntaxes (PS3.4 C.4.3).  An association has room for 127 kinds, and there are more.
So the node is asked first which SOP classes there are; if it does not say, the ones that are met
most often are proposed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from pydicom.dataset import Dataset

from txdicomtls import uids
from txdicomtls.archive.folder import Folder
from txdicomtls.cli.interruption import Interruption
from txdicomtls.cli.link import LinkOptions
from txdicomtls.cli.link_options import link_options
from txdicomtls.cli.retrieving import Wanted, follow, report, wanted_options
from txdicomtls.cli.running import run_interruptible
from txdicomtls.cli.usual_sop_classes import USUAL_SOP_CLASSES
from txdicomtls.codes import Level
from txdicomtls.errors import NoPresentationContext, OperationFailed
from txdicomtls.interfaces import IReactor
from txdicomtls.scu import Association, Contexts, get_contexts, query_contexts
from txdicomtls.scu.contexts import MOST_CONTEXTS
from txdicomtls.threads import in_thread_of

#: What instances are taken in, best first: those that nothing is lost by, then what they may be in.
TRANSFER_SYNTAXES = (
    uids.EXPLICIT_VR_LITTLE_ENDIAN,
    uids.IMPLICIT_VR_LITTLE_ENDIAN,
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless, SV1
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.90",  # JPEG 2000, lossless only
    "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.4.80",  # JPEG-LS, lossless
    "1.2.840.10008.1.2.5",  # RLE
    "1.2.840.10008.1.2.4.51",  # JPEG Extended
    "1.2.840.10008.1.2.4.57",  # JPEG Lossless
    "1.2.840.10008.1.2.4.81",  # JPEG-LS, near-lossless
    "1.2.840.10008.1.2.4.100",  # MPEG-2, main level
    "1.2.840.10008.1.2.4.102",  # MPEG-4 AVC
    "1.2.840.10008.1.2.4.201",  # HTJ2K, lossless only
    uids.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    uids.EXPLICIT_VR_BIG_ENDIAN,
)


@click.command()
@link_options
@wanted_options
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the files go; made if it is missing.",
)
@click.option(
    "--sop-class",
    "sop_classes",
    metavar="UID",
    multiple=True,
    help="Kinds of instances to take; usually the node is asked which there are.",
)
def get(link: LinkOptions, *, wanted: Wanted, folder: Path, sop_classes: tuple[str, ...]) -> None:
    """Fetch instances from the node at HOST:PORT into a folder, with C-GET.

    A file is named STUDY/SERIES/INSTANCE.dcm by its UIDs, and is there only when it is
    whole; no file is ever overwritten.  Only what was asked for is taken.

    Ctrl-C has the node stop.  Exits 0 only if every instance is in the folder.

    \b
    Examples:
      txdicomtls get pacs.example --to images --study 1.2.3 \\
          --called PACS --cert ws.crt --key ws.key --ca ca.crt
      txdicomtls get pacs.example --to images --patient 4711 \\
          --called PACS --cert ws.crt --key ws.key --ca ca.crt
    """  # noqa: D301  # \b is click's mark for lines to be left as they are
    for uid in sop_classes:
        if not uids.is_valid_uid(uid):
            raise click.BadParameter(f"{uid!r} is not a UID", param_hint="--sop-class")

    async def work(reactor: IReactor, interruption: Interruption) -> bool:
        in_thread = in_thread_of(reactor)
        receiver = Folder(folder, in_thread=in_thread)
        await in_thread(receiver.prepare)
        kinds = sop_classes or await _sop_classes(reactor, link, wanted) or USUAL_SOP_CLASSES
        contexts = contexts_to_get(kinds, wanted.model.get)
        async with await link.associate(reactor, contexts) as association:
            retrieval = association.get(wanted.identifier, receiver, model=wanted.model.get)
            result = await follow(retrieval, "fetching", interruption)
        report(result, "fetched")
        return result.is_complete

    run_interruptible(work)


def contexts_to_get(sop_classes: Sequence[str], model: str) -> Contexts:
    """What to propose.

    A node chooses one transfer syntax of each context.  So each pair of SOP class and transfer
    syntax gets its own, where there is room, and no instance has to be left out or
    converted because another one is compressed differently.

    :param sop_classes: to be taken; those that do not fit are left out.
    :param model: SOP class of the information model.
    """
    classes = tuple(sop_classes[: MOST_CONTEXTS - 1])
    own = max(1, (MOST_CONTEXTS - 1) // max(1, len(classes)))
    if own == 1:
        return get_contexts(classes, model, stored_in=TRANSFER_SYNTAXES)
    contexts = get_contexts((), model)
    for syntax in TRANSFER_SYNTAXES[: own - 1]:
        contexts += get_contexts(classes, model, stored_in=(syntax,))
    if rest := TRANSFER_SYNTAXES[own - 1 :]:
        contexts += get_contexts(classes, model, stored_in=rest)
    return contexts


async def _sop_classes(reactor: IReactor, link: LinkOptions, wanted: Wanted) -> list[str]:
    """The kinds of instances in what is wanted, if the node says which they are."""
    model = wanted.model.find
    try:
        async with await link.associate(reactor, query_contexts(model)) as association:
            return await _asked(association, wanted, model)
    except (NoPresentationContext, OperationFailed):
        return []


async def _asked(association: Association, wanted: Wanted, model: str) -> list[str]:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = Level.STUDY.name
    for level, name in ((Level.PATIENT, "PatientID"), (Level.STUDY, "StudyInstanceUID")):
        values = wanted.values.get(level, ("",))
        setattr(identifier, name, list(values) if len(values) > 1 else values[0])
    identifier.SOPClassesInStudy = None
    found: dict[str, None] = {}
    async with association.find(identifier, model=model) as matches:
        async for match in matches:
            value = match.get("SOPClassesInStudy") or ()
            classes = [value] if isinstance(value, str) else list(value)
            if not classes:
                return []
            found |= dict.fromkeys(uid for uid in map(str, classes) if uids.is_valid_uid(uid))
    return list(found)
