"""The node: what its configuration says, put together into something that runs."""

from __future__ import annotations

from txdicomtls.node.configuration import Configuration, load_configuration

__all__ = ["Configuration", "load_configuration"]
