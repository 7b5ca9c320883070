"""Where an instance lies: the only place that makes a path from something that a peer said.

Everything that names a file passes through :func:`instance_path`; a test walks
through the code and holds this.  A path that a peer could choose freely would
let it write anywhere.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from txdicomtls.errors import InvalidInstance
from txdicomtls.uids import is_valid_uid

#: The directories that instances are spread over, so that none grows too large to be searched.
FAN_OUT = tuple(f"{number:02x}" for number in range(256))


def objects_directory(root: Path) -> Path:
    """Where the instances of an archive lie."""
    return root / "objects"


def instance_path(root: Path, sop_instance_uid: str) -> Path:
    """The file of an instance.

    The name is the UID; the directory comes from a hash of it, because the first
    digits of the UIDs of one manufacturer are all the same.

    :param root: of the archive.
    :param sop_instance_uid: as the peer sent it, without padding.
    :raises InvalidInstance: it is not a valid UID.
    """
    if not is_valid_uid(sop_instance_uid):
        raise InvalidInstance(f"the SOP Instance UID {sop_instance_uid[:64]!a} is not a valid UID")
    fan_out = FAN_OUT[sha256(sop_instance_uid.encode("ascii")).digest()[0]]
    return objects_directory(root) / fan_out / f"{sop_instance_uid}.dcm"
