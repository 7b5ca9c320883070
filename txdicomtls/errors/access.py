"""Errors of the decision about who may."""

from __future__ import annotations

from txdicomtls.errors.root import DicomTLSError


class IdentityUnavailable(DicomTLSError):
    """Whether a user is who it says could not be found out: a later try may succeed.

    :param why: for the log: what could not be asked; no secret, no text of the peer.
    """

    def __init__(self, why: str) -> None:
        super().__init__(f"the user identity could not be checked: {why}")
        self.why = why
