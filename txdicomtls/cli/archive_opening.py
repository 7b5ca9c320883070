"""The archive that a configuration names, opened for a command."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import click

from txdicomtls.errors import StorageError
from txdicomtls.index import Index
from txdicomtls.interfaces import IReactor
from txdicomtls.node.configuration import Configuration, load_configuration
from txdicomtls.node.index_opening import open_configured_index
from txdicomtls.threads import in_thread_of


def config_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option ``--config``, as ``config``."""
    option = click.option(
        "--config",
        metavar="FILE",
        required=True,
        type=click.Path(path_type=Path),
        help="The configuration of the node.",
    )
    return option(command)


async def existing_archive(reactor: IReactor, config: Path) -> Configuration:
    """Read the configuration, and make sure that its archive is there.

    :raises txdicomtls.errors.ConfigurationError: the configuration cannot be used.
    :raises StorageError: there is no archive.
    """
    in_thread = in_thread_of(reactor)
    configuration = await in_thread(load_configuration, config)
    if not await in_thread((configuration.node.data / "archive").is_file):
        raise StorageError(
            f"{configuration.node.data}: there is no archive here: a node that has run makes "
            "one, with a file 'archive' in it.  Is its file system mounted?"
        )
    return configuration


@asynccontextmanager
async def opened_index(
    reactor: IReactor, configuration: Configuration
) -> AsyncGenerator[Index, None]:
    """The index, closed at the end of the block.

    :raises txdicomtls.errors.DicomTLSError: it cannot be opened.
    """
    in_thread = in_thread_of(reactor)
    index = await open_configured_index(
        configuration.index, configuration.node.data, reactor=reactor, in_thread=in_thread
    )
    try:
        yield index
    finally:
        await in_thread(index.close)
