"""Tests of ``txdicomtls.net``."""
