"""pynetdicom as a peer, in a process of its own: an SCP that keeps what it gets, an SCU that tells.

pynetdicom_peer.py scp [options] DIRECTORY    says "listens on port N", serves until it is ended
pynetdicom_peer.py scu [options] [FILE ...]   says what became of it as one line of JSON
"""

from __future__ import annotations

import argparse
import json
import logging
import ssl
import sys
import threading
import time
from pathlib import Path

from pydicom import dcmread
from pydicom.filereader import read_file_meta_info
from pydicom.uid import AllTransferSyntaxes
from pynetdicom import AE, AllStoragePresentationContexts, _config, build_context, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from pynetdicom.transport import ThreadedAssociationServer

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

TITLE = "PYNETDICOM"


def tls_context(options: argparse.Namespace, purpose: ssl.Purpose) -> ssl.SSLContext:
    """Mutual TLS in exactly one version."""
    context = ssl.create_default_context(purpose, cafile=options.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = VERSIONS[options.tls]
    context.load_cert_chain(options.certificate, options.key)
    return context


def keep(event: evt.Event, directory: Path) -> int:
    """Write a file with the data set exactly as it came."""
    (directory / f"{event.request.AffectedSOPInstanceUID}.dcm").write_bytes(  # type: ignore[union-attr]  # C-STORE
        event.encoded_dataset()
    )
    return 0x0000


def serve(options: argparse.Namespace) -> None:
    """Be an SCP for everything."""
    entity = AE(TITLE)
    entity.require_called_aet = True
    entity.add_supported_context(Verification)
    for context in AllStoragePresentationContexts:
        assert context.abstract_syntax is not None
        entity.add_supported_context(context.abstract_syntax, AllTransferSyntaxes)
    server = entity.start_server(
        ("127.0.0.1", 0),
        block=False,
        ssl_context=tls_context(options, ssl.Purpose.CLIENT_AUTH),
        evt_handlers=[(evt.EVT_C_STORE, keep, [options.paths[0]])],
    )
    assert isinstance(server, ThreadedAssociationServer)
    tell(f"listens on port {server.server_address[1]}")
    threading.Event().wait()


def call(options: argparse.Namespace) -> None:
    """Be an SCU: one echo, then the files."""
    _config.STORE_SEND_CHUNKED_DATASET = not options.decode
    entity = AE(TITLE)
    entity.requested_contexts = [build_context(Verification), *contexts_for(options.paths)]
    association = entity.associate(
        "localhost",
        options.port,
        ae_title=options.called,
        tls_args=(tls_context(options, ssl.Purpose.SERVER_AUTH), "localhost"),
    )
    told: dict[str, object] = {"established": association.is_established}
    answer = association.acceptor.primitive
    if association.is_established:
        connection = association.dul.socket
        assert connection is not None
        assert isinstance(connection.socket, ssl.SSLSocket)
        told["tls"] = connection.socket.version()
        told["window"] = association.acceptor.asynchronous_operations
        told["echo"] = association.send_c_echo().get("Status")
        sources = [dcmread(path) if options.decode else path for path in options.paths]
        statuses = []
        for source in sources:
            settle(association)
            statuses.append(association.send_c_store(source).get("Status"))
        told["store"] = statuses
        settle(association)
        association.release()
        told["released"] = association.is_released
    elif association.is_rejected:
        assert answer is not None
        told["rejected"] = [answer.result, answer.result_source, answer.diagnostic]
    tell(json.dumps(told))


def settle(association: Association) -> None:
    """Wait until the thread of an association has noticed the end of the operation before.

    It pauses during each operation.  Where the next one begins before it has woken up, it goes on
    in the midst of that, takes the answer for a request, and nobody is told of it.
    """
    while association._is_paused and association.is_established:  # it does not say
        time.sleep(0.0005)


def tell(line: str) -> None:
    """Tell the test, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def contexts_for(paths: list[Path]) -> list[PresentationContext]:
    """A presentation context for each kind of object, in the transfer syntax that it is in."""
    metas = [read_file_meta_info(path) for path in paths]
    kinds = {(meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID) for meta in metas}
    return [build_context(*kind) for kind in sorted(kinds)]


def main() -> None:
    """Be what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["scp", "scu"])
    parser.add_argument("--key", required=True)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--authority", required=True)
    parser.add_argument("--tls", choices=VERSIONS, default="1.3")
    parser.add_argument("--port", type=int)
    parser.add_argument("--called", default="TXDICOM")
    parser.add_argument("--decode", action="store_true", help="send data sets, not files")
    parser.add_argument("paths", type=Path, nargs="*")
    options = parser.parse_intermixed_args()
    logging.basicConfig(level=logging.ERROR)
    {"scp": serve, "scu": call}[options.role](options)


if __name__ == "__main__":
    main()
