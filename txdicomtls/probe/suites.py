"""The cipher suites that a probe offers: all that were ever given a code point."""

from __future__ import annotations

from functools import cache

from txdicomtls.probe.hello import ProtocolVersion
from txdicomtls.tls.suites import suite_of_code


@cache
def offerable(version: ProtocolVersion) -> tuple[int, ...]:
    """The codes of all suites that may be used in a version.

    Code 0 is left out: it stands for no protection at all, and is never negotiated (RFC 5246 A.5).
    """
    newest = version is ProtocolVersion.TLS_1_3
    suites = (suite_of_code(code) for code in range(1, 0x10000))
    return tuple(suite.code for suite in suites if suite and suite.is_tls13 == newest)


def suite_name(code: int) -> str:
    """The IANA name of a suite; its code where it has none."""
    suite = suite_of_code(code)
    return suite.iana_name if suite else f"0x{code:04X}"


def key_exchange_of(code: int) -> str:
    """The key exchange that a suite names, as "ECDHE"; empty where it names none."""
    suite = suite_of_code(code)
    return suite.key_exchange if suite else ""
