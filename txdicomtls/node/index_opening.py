"""The index that the configuration names, opened: its place, and the password of its database."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import make_url

from txdicomtls.archive.directories import DIRECTORY_MODE
from txdicomtls.archive.disk import reason_of
from txdicomtls.errors import StorageError
from txdicomtls.index import Index, open_index
from txdicomtls.interfaces import IReactor
from txdicomtls.node.archive_sections import INDEX_FILE, IndexSection
from txdicomtls.node.passwords import password_source
from txdicomtls.threads import InThread


async def open_configured_index(
    section: IndexSection,
    data: Path,
    *,
    reactor: IReactor,
    in_thread: InThread,
    sync: bool = True,
    environ: Mapping[str, str] = os.environ,
) -> Index:
    """Open the index, and bring its schema up to date.

    :param data: directory of what the node keeps; made if it is missing.
    :param reactor: runs a command that knows the password.
    :param in_thread: runs what blocks.
    :param sync: whether SQLite is to sync what it commits.
    :param environ: the environment.
    :raises txdicomtls.errors.PasswordUnavailable: nobody knows the password.
    :raises txdicomtls.errors.IndexUnavailable: it cannot be opened.
    :raises txdicomtls.errors.IndexTooNew: its schema comes from a newer release.
    :raises txdicomtls.errors.StorageError: the directory cannot be made.
    """
    await in_thread(make_data_directory, data)
    if section.url == "sqlite":
        return await in_thread(open_index, data / INDEX_FILE, sync=sync)
    url = make_url(section.url)
    source = password_source(section.password, reactor, in_thread, environ)
    if source is not None:
        password = await source.password("the index", 1)
        url = url.set(password=password.decode("utf-8", "surrogateescape"))
    return await in_thread(open_index, url.render_as_string(hide_password=False), sync=sync)


def make_data_directory(path: Path) -> None:
    """Make the directory of what the node keeps, durable; nothing if it is there.  Blocks.

    :raises StorageError: it cannot be made.
    """
    try:
        path.mkdir(DIRECTORY_MODE)
        path.chmod(DIRECTORY_MODE)  # whatever the umask took away
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except FileExistsError:
        return
    except OSError as error:
        raise StorageError(f"{path}: the archive cannot be used: {reason_of(error)}") from error
