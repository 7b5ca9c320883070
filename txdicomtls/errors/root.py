"""The root of every error that this package raises on purpose."""

from __future__ import annotations


class DicomTLSError(Exception):
    """Root of every error that this package raises on purpose."""
