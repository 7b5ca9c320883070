"""The commands ``txdicomtls archive``: what a node keeps, looked after without the node."""

from __future__ import annotations

import click

from txdicomtls.cli.main import LazyGroup

#: Where each subcommand is, as "module:attribute".
COMMANDS = {
    "check": "txdicomtls.cli.archive_check:check",
    "export": "txdicomtls.cli.archive_export:export",
    "import": "txdicomtls.cli.archive_import:import_",
    "list": "txdicomtls.cli.archive_list:list_",
    "queue": "txdicomtls.cli.archive_queue:queue",
    "rebuild": "txdicomtls.cli.archive_rebuild:rebuild",
}


@click.command(cls=LazyGroup, commands_at=COMMANDS)
def archive() -> None:
    """Check, rebuild, list, import and export what a node keeps, and see what it has to send.

    The configuration of the node says where its files and its index are.  Checking,
    listing and exporting may be done while the node runs.

    \b
    Examples:
      txdicomtls archive check --config node.toml
      txdicomtls archive list --config node.toml --date 20240101-
    """  # noqa: D301  # \b is click's mark for lines to be left as they are
