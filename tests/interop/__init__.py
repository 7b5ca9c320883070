"""Interoperation: real peers, real processes, real TLS."""
