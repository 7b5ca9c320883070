"""What a node's links are like, found out without its help: versions, suites, certificates."""

from __future__ import annotations

from txdicomtls.probe.facts import Facts
from txdicomtls.probe.hello import ProtocolVersion
from txdicomtls.probe.report import plain, satisfies
from txdicomtls.probe.survey import probe

__all__ = ["Facts", "ProtocolVersion", "plain", "probe", "satisfies"]
