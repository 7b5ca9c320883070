"""Tests of ``txdicomtls.access``."""
