"""Tests of ``txdicomtls.association``."""
