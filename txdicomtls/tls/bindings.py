"""The three things that OpenSSL can do, that we need, and that pyOpenSSL has no method for.

Everything that reaches below pyOpenSSL is in this module; it fails loudly where
a later version moves what it uses.
"""

from __future__ import annotations

from collections.abc import Sequence

from OpenSSL import SSL
from OpenSSL._util import ffi, lib


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


_WANTS_MORE = SSL.WantReadError()


class Intake:
    """Reads all that OpenSSL has for us at once, for all connections of one reactor in turn.

    ``Connection.recv`` gives one record of 16 KiB at a time, each in memory of its own, and says
    with an exception that there are no more.  Here they come together in one buffer, and are
    copied out of it once, so that the layers above are called once.

    :param size: bytes that one call gives at most.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._buffer = ffi.new("char[]", size)

    def read(self, connection: SSL.Connection) -> tuple[bytes, SSL.Error | None]:
        """Read the decrypted bytes that there are.

        :return: the bytes, and what ended them: the error that ``Connection.recv`` would have
            raised after them, WantReadError where all is well and more may come, or None where
            there may be more already.
        """
        ssl, buffer, size = connection._ssl, self._buffer, self._size  # noqa: SLF001  # no method
        total = 0
        end: SSL.Error | None = None
        while total < size:
            result = lib.SSL_read(ssl, buffer + total, size - total)
            if result <= 0:
                end = _WANTS_MORE
                if lib.SSL_get_error(ssl, result) != lib.SSL_ERROR_WANT_READ:
                    # At once, because OpenSSL keeps errors for the thread, not the connection.
                    try:
                        connection._raise_ssl_error(ssl, result)  # noqa: SLF001  # no method
                    except SSL.Error as error:
                        end = error
                break
            total += result
        return bytes(ffi.buffer(buffer, total)), end
