"""Errors of the secure link: before it is ready nothing of DICOM is exchanged."""

from __future__ import annotations

from collections.abc import Sequence

from txdicomtls.errors.root import DicomTLSError


class LinkError(DicomTLSError):
    """No secure link came to be, or it broke; before it is ready nothing of DICOM is exchanged."""


class PeerUnreachable(LinkError):
    """No transport connection could be made: nothing of TLS was tried.

    :param host: whom we tried to reach.
    :param port: TCP port.
    :param problem: what the network said.
    """

    def __init__(self, host: str, port: int, problem: str) -> None:
        super().__init__(f"cannot connect to {host} port {port}: {problem}")
        self.host = host
        self.port = port
        self.problem = problem


class LinkTimeout(LinkError):
    """A deadline of the link passed.

    :param state: what the link was doing, as "handshaking".
    :param seconds: the deadline.
    """

    def __init__(self, state: str, seconds: float) -> None:
        super().__init__(f"the link was still {state} after {seconds:g} s")
        self.state = state
        self.seconds = seconds


class HandshakeFailed(LinkError):
    """The TLS handshake failed.

    :param message: one line: what happened, and what to do.
    :param by_peer: True where the peer refused (it sent the alert), False where we did.
    :param alert: name of the TLS alert, as "unknown_ca"; empty if none is known.
    """

    def __init__(self, message: str, *, by_peer: bool, alert: str = "") -> None:
        super().__init__(message)
        self.by_peer = by_peer
        self.alert = alert


class PeerNotTLS(LinkError):
    """The first bytes of the peer are not TLS.

    :param protocol: what they look like: "plain DICOM", "HTTP", "SSH" or "unknown".
    """

    def __init__(self, message: str, protocol: str) -> None:
        super().__init__(message)
        self.protocol = protocol


class PeerNameMismatch(LinkError):
    """The peer's certificate is valid, but not for the name that we connected to.

    :param expected: DNS name or IP address that was asked for.
    :param presented: the names that the certificate is for.
    """

    def __init__(self, expected: str, presented: Sequence[str]) -> None:
        names = ", ".join(presented) or "no name at all"
        super().__init__(
            f"the certificate of the peer is for {names}, not for {expected}: "
            "connect by a name that it has, or have it issued for this name"
        )
        self.expected = expected
        self.presented = tuple(presented)


class LinkRefused(LinkError):
    """The access decision refused this peer after the handshake, before any DICOM byte."""
