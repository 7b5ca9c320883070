#!/usr/bin/env python3
"""A Storage and Verification SCP of pynetdicom, as quick as it honestly can be.

It lets pynetdicom write each data set to a file as its fragments arrive, never decodes it, and
gives the file its name in the end.  For small objects this is as quick as having them in memory
and writing them at once; for large ones it is half as quick again, and takes no memory for them.

    pynetdicom_server.py PORT DIRECTORY KEY CERTIFICATE AUTHORITY
"""

from __future__ import annotations

import ssl
import sys
import tempfile
from pathlib import Path

from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from pynetdicom import AE, _config, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]


def handle_store(event: evt.Event, directory: Path) -> int:
    """Keep the file that pynetdicom wrote and answer success."""
    assert isinstance(event.request, C_STORE)
    event.dataset_path.rename(directory / f"{event.request.AffectedSOPInstanceUID}.dcm")
    return 0x0000


def main() -> None:
    """Serve until a signal ends the process."""
    port, directory, key, certificate, authority = sys.argv[1:]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    _config.STORE_RECV_CHUNKED_DATASET = True
    tempfile.tempdir = directory  # in the same file system, so that renaming is enough
    entity = AE("PYNETDICOM")
    entity.maximum_pdu_size = 131072
    entity.add_supported_context(Verification)
    entity.add_supported_context(SecondaryCaptureImageStorage, ExplicitVRLittleEndian)
    entity.start_server(
        ("127.0.0.1", int(port)),
        block=True,
        ssl_context=context,
        evt_handlers=[(evt.EVT_C_STORE, handle_store, [Path(directory)])],
    )


if __name__ == "__main__":
    main()
