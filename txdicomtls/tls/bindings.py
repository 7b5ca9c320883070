"""What OpenSSL can do, we need, and pyOpenSSL has no method for.

Everything that reaches below pyOpenSSL is in this module; it fails loudly where
a later version moves what it uses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from OpenSSL import SSL, crypto
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


#: Told of the connection, the certificate in question, the peer's own one, OpenSSL's error number
#: (0 for none) and the depth; answers with the error that stays (0 for none).
StepJudge = Callable[[SSL.Connection, crypto.X509, crypto.X509, int, int], int]


# X509_V_ERR_UNSPECIFIED, which pyOpenSSL does not name.
_UNSPECIFIED = 1


class _Verification(SSL._VerifyHelper):  # noqa: SLF001  # what makes connections raise
    def __init__(self, judge: StepJudge) -> None:
        super().__init__(lambda *_: False)
        connections = SSL.Connection._reverse_mapping  # noqa: SLF001  # no method

        own_problems = self._problems

        def held(certificate: Any) -> crypto.X509:  # noqa: ANN401  # cffi
            if certificate == ffi.NULL or lib.X509_up_ref(certificate) != 1:
                raise ValueError("OpenSSL verifies without a certificate")
            return crypto.X509._from_raw_x509_ptr(certificate)  # noqa: SLF001  # no method

        def step(ok: int, store_context: Any) -> int:  # noqa: ANN401  # cffi
            problems = own_problems
            try:
                index = lib.SSL_get_ex_data_X509_STORE_CTX_idx()
                connection = connections[lib.X509_STORE_CTX_get_ex_data(store_context, index)]
                # The context that it has now, which do_handshake asks: the server name may have
                # led it to another than this one, and then the next link would be told.
                helper = connection.get_context()._verify_helper  # noqa: SLF001  # no method
                if helper is not None:
                    problems = helper._problems  # noqa: SLF001  # no method
                error = judge(
                    connection,
                    held(lib.X509_STORE_CTX_get_current_cert(store_context)),
                    held(lib.X509_STORE_CTX_get0_cert(store_context)),
                    0 if ok else lib.X509_STORE_CTX_get_error(store_context),
                    lib.X509_STORE_CTX_get_error_depth(store_context),
                )
            except Exception as problem:  # noqa: BLE001  # raised again by do_handshake
                problems.append(problem)
                error = _UNSPECIFIED
            # OpenSSL makes the alert of it.
            lib.X509_STORE_CTX_set_error(store_context, error)
            return int(error == 0)

        self.callback = ffi.callback("int (*)(int, X509_STORE_CTX *)", step)


def judge_verification(context: SSL.Context, mode: int, judge: StepJudge) -> None:
    """Like ``Context.set_verify``, for a judge that knows whose chain it is and says what is wrong.

    :param mode: as of ``Context.set_verify``.
    :param judge: called for each problem and for each good certificate; what it raises comes out
        of ``Connection.do_handshake``.
    """
    helper = _Verification(judge)
    context._verify_helper = helper  # noqa: SLF001  # no method
    context._verify_callback = helper.callback  # noqa: SLF001  # no method
    lib.SSL_CTX_set_verify(context._context, mode, helper.callback)  # noqa: SLF001  # no method


def restrict_signatures(context: SSL.Context, names: Sequence[str]) -> None:
    """Allow only these signature algorithms, the preferred first.

    :param names: OpenSSL names.
    :raises ValueError: the OpenSSL in use does not know one of them.
    """
    joined = ":".join(names).encode("ascii")
    if lib.SSL_CTX_set1_sigalgs_list(context._context, joined) != 1:  # noqa: SLF001  # no method
        lib.ERR_clear_error()
        raise ValueError(
            f"the OpenSSL in use lacks one of the signature algorithms {', '.join(names)}"
        )


def set_diffie_hellman(context: SSL.Context, parameters: bytes) -> None:
    """Have a server use these parameters for finite-field Diffie-Hellman up to TLS 1.2.

    Without any, only clients that name a group (RFC 7919) can have it.

    :param parameters: PEM; ``Context.load_tmp_dh`` takes nothing but a file.
    :raises ValueError: they cannot be read.
    """
    memory = ffi.new("char[]", parameters)
    bio = ffi.gc(lib.BIO_new_mem_buf(memory, len(parameters)), lib.BIO_free)
    read = lib.PEM_read_bio_DHparams(bio, ffi.NULL, ffi.NULL, ffi.NULL)
    if read == ffi.NULL:
        lib.ERR_clear_error()
        raise ValueError("the parameters for Diffie-Hellman cannot be read")
    if lib.SSL_CTX_set_tmp_dh(context._context, ffi.gc(read, lib.DH_free)) != 1:  # noqa: SLF001  # no method
        lib.ERR_clear_error()
        raise ValueError("the OpenSSL in use does not take the parameters for Diffie-Hellman")
