"""The verification of the peer's certificate, and why it failed.

Theory of operation.  OpenSSL builds the chain and judges signatures, dates, purposes, depth
and revocation; it then calls back once for every problem and once for every good
certificate, the root first.  Here the rules of ours are added: the key and signature
floors of the profile, on the connecting side the name of the server, and the judge of the
application, which may refuse more.  What was wrong is kept on the connection as a
:class:`~txdicomtls.errors.LinkError`, because the error that comes out of OpenSSL
afterwards says only "certificate verify failed".

Two problems, and only of certificates that are listed in the trust by themselves, are passed
over.  Both are recognized by comparing the whole certificate:

- a pinned peer lacks a trusted issuer, or whatever else is wrong above it.  Then nothing
  above it counts, and its verified chain is that one certificate.  Its dates, purpose, key and
  name are judged as ever.
- there is no good CRL for a listed certificate.

What is pinned is never in OpenSSL's store, and so vouches for nobody.

An exception in a callback fails the handshake: OpenSSL is answered with a refusal, and
``do_handshake`` raises it again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from cryptography import x509
from OpenSSL import SSL, crypto
from twisted.logger import Logger

from txdicomtls.errors import HandshakeFailed, LinkError
from txdicomtls.tls.bindings import judge_verification
from txdicomtls.tls.chain_builder import ChainBuilder
from txdicomtls.tls.chain_memory import ChainMemory
from txdicomtls.tls.direct_trust import DirectTrust
from txdicomtls.tls.names import printable
from txdicomtls.tls.own_rules import broken_rule
from txdicomtls.tls.profiles import Profile
from txdicomtls.tls.refusals import (
    UNREADABLE,
    Suspect,
    alert_number,
    refused,
    refused_by_openssl,
)
from txdicomtls.tls.store import believe
from txdicomtls.tls.trust import ChainStep, Trust
from txdicomtls.tls.verification_errors import VerificationError as Error
from txdicomtls.tls.verification_errors import error_words


class LinkConnection(SSL.Connection):
    """An OpenSSL connection that knows its side, and remembers why its peer was refused.

    :param is_client: whether this is the connecting side.
    :param profile: name of the profile that the context was made for.
    :param server_name: what we connect to, in A-labels; empty on the accepting side.
    :param verify_name: whether the certificate of a server must be for its name.
    :param recheck: verifies the certificates of a session that was taken up.
    :param keep_session: remembers its session for another link.
    :ivar refusal: why the peer is refused, once it is.
    :ivar rechecked_chain: the chain that counts where OpenSSL's own does not: that which
        ``recheck`` verified, or the certificate alone that is trusted directly; else empty.
    :ivar judged: by their depth, the certificates that OpenSSL called back for.
    """

    def __init__(
        self,
        context: SSL.Context,
        *,
        is_client: bool,
        profile: str,
        server_name: str = "",
        verify_name: bool = True,
        recheck: Callable[[LinkConnection], tuple[x509.Certificate, ...]] | None = None,
        keep_session: Callable[[LinkConnection], None] | None = None,
    ) -> None:
        super().__init__(context, None)
        self.is_client = is_client
        self.profile = profile
        self.server_name = server_name
        self.verify_name = verify_name
        self.recheck = recheck
        self.keep_session = keep_session
        self.refusal: LinkError | None = None
        self.rechecked_chain: tuple[x509.Certificate, ...] = ()
        self.judged: dict[int, x509.Certificate] = {}

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The verified chain, the peer's own certificate first; empty if the peer showed none."""
        return self.rechecked_chain or tuple(self.judged[depth] for depth in sorted(self.judged))


class Verification:
    """Verifies peers by a profile and a trust.

    :param profile: whose key and signature floors hold.
    :param trust: whom to believe.
    :param now: gives the time, for what is said of it; OpenSSL has its own.
    """

    log = Logger()

    def __init__(
        self, profile: Profile, trust: Trust, *, now: Callable[[], datetime] | None = None
    ) -> None:
        self._profile = profile
        self._trust = trust
        self._now = now or _now
        self._direct = DirectTrust(trust)
        self._chains = ChainBuilder(trust)
        self._memory = ChainMemory(trust)

    def install(self, context: SSL.Context, mode: int) -> None:
        """Let a context verify its peers; its connections must be :class:`LinkConnection`.

        :param mode: as of :meth:`OpenSSL.SSL.Context.set_verify`.
        """
        believe(context, self._trust)
        judge_verification(context, mode, self._step)

    def recheck(self, connection: LinkConnection) -> tuple[x509.Certificate, ...]:
        """Verify the peer of a session that was taken up, for which OpenSSL does not call back.

        All is as in a full handshake, but for what the session was begun with and cannot have
        changed: the purpose of the certificate, and the stapled response.

        :return: the chain; empty where the server asked for a certificate and got none.
        :raises LinkError: the peer is refused now.
        """
        leaf = connection.get_peer_certificate(as_cryptography=True)
        if leaf is None:
            must = connection.is_client or (
                connection.get_verify_mode() & SSL.VERIFY_FAIL_IF_NO_PEER_CERT
            )
            if must:
                raise HandshakeFailed(
                    "the session that was taken up has no certificate of the peer", by_peer=False
                )
            return ()
        now = self._now()
        try:
            chain = self._memory.find(leaf, now)
            if chain is None:
                chain = self._build(connection, leaf, now)
                self._memory.keep(chain, now)
            for depth in reversed(range(len(chain))):
                refusal, error = self._own_rules(connection, chain[depth], depth)
                refusal = self._judged(connection, chain[depth], depth, error, refusal)
                if refusal is not None:
                    raise refusal
        except UNREADABLE as problem:
            raise _unreadable(problem) from None
        return chain

    def _build(
        self, connection: LinkConnection, leaf: x509.Certificate, now: datetime
    ) -> tuple[x509.Certificate, ...]:
        store = connection.get_context().get_cert_store()
        if store is None:
            raise LinkError("the OpenSSL in use lost its certificate store")
        return self._chains.build(
            store,
            crypto.X509.from_cryptography(leaf),
            connection.get_peer_cert_chain() or (),
            is_client=connection.is_client,
            now=now,
        )

    def _step(
        self,
        connection: SSL.Connection,
        certificate: crypto.X509,
        leaf: crypto.X509,
        error: int,
        depth: int,
    ) -> int:
        """Judge what OpenSSL calls back for; answers with the error that stays."""
        if not isinstance(connection, LinkConnection):
            raise TypeError("this context makes LinkConnections only")
        refusal: LinkError | None
        try:
            peer = connection.judged[depth] = certificate.to_cryptography()
            own = peer if depth == 0 or not self._trust.pinned else leaf.to_cryptography()
            is_pinned = self._direct.is_pinned(own)
            if is_pinned:
                connection.rechecked_chain = (own,)
            if error and not self._direct.passes_over(error, peer, depth, own):
                suspect = Suspect(certificate=peer, depth=depth, is_client=connection.is_client)
                refusal = refused_by_openssl(suspect, error, self._trust, self._now())
            elif error or (depth and is_pinned):
                refusal = None
            else:
                refusal, error = self._own_rules(connection, peer, depth)
            judged = self._judged(connection, peer, depth, error, refusal)
        except UNREADABLE as problem:
            connection.refusal = _unreadable(problem)
            return Error.CERT_REJECTED
        if judged is None:
            return 0
        connection.refusal = judged
        return alert_number(error) if judged is refusal else Error.CERT_REJECTED

    def _own_rules(
        self, connection: LinkConnection, certificate: x509.Certificate, depth: int
    ) -> tuple[LinkError | None, int]:
        """Apply our own rules to a certificate that OpenSSL takes."""
        asks_name = connection.is_client and connection.verify_name
        broken = broken_rule(
            Suspect(certificate=certificate, depth=depth, is_client=connection.is_client),
            self._profile,
            is_listed=self._direct.is_listed(certificate, depth),
            server_name=connection.server_name if asks_name else None,
        )
        return broken or (None, 0)

    def _judged(
        self,
        connection: LinkConnection,
        certificate: x509.Certificate,
        depth: int,
        error: int,
        refusal: LinkError | None,
    ) -> LinkError | None:
        """Ask the judge, who cannot take a refusal back."""
        if self._trust.judge is None:
            return refusal
        step = ChainStep(
            certificate=certificate,
            depth=depth,
            error=error,
            error_name=error_words(error),
            is_client=connection.is_client,
        )
        try:
            reason = self._trust.judge(step)
        except Exception:  # noqa: BLE001  # it is the application's; whatever it is, nobody passes
            self.log.failure("the judge of certificates failed, and the link is refused")
            reason = "the judge of certificates failed: see the log"
        if refusal is not None or reason is None:
            return refusal
        suspect = Suspect(certificate=certificate, depth=depth, is_client=connection.is_client)
        problem = f"is not wanted: {printable(str(reason))}"
        return refused(suspect, problem, Error.CERT_REJECTED)


def _now() -> datetime:
    return datetime.now(UTC)


def _unreadable(problem: Exception) -> HandshakeFailed:
    return HandshakeFailed(
        f"a certificate of the peer cannot be read: {printable(str(problem))}",
        by_peer=False,
        alert=Error.CERT_REJECTED.alert,
    )
