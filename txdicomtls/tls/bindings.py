"""The two things that OpenSSL can do, that we need, and that pyOpenSSL has no method for.

Everything that reaches below pyOpenSSL is in this module; it fails loudly where
a later version moves what it uses.
"""

from __future__ import annotations

from collections.abc import Sequence

from OpenSSL import SSL
from OpenSSL._util import lib


def restrict_groups(context: SSL.Context, groups: Sequence[str]) -> None:
    """Allow only these groups for the key exchange, the preferred first.

    :param groups: OpenSSL names.
    :raises ValueError: the OpenSSL in use does not know one of them.
    """
    # Without this OpenSSL also offers the finite-field groups of TLS 1.3.
    names = ":".join(groups).encode("ascii")
    if lib.SSL_CTX_set1_curves_list(context._context, names) != 1:  # noqa: SLF001  # no method
        lib.ERR_clear_error()
        raise ValueError(f"the OpenSSL in use lacks one of the groups {', '.join(groups)}")


def was_resumed(connection: SSL.Connection) -> bool:
    """Whether the handshake took up an earlier session."""
    return bool(lib.SSL_session_reused(connection._ssl))  # noqa: SLF001  # no method
