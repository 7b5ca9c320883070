"""Tests of ``txdicomtls.scu``."""
