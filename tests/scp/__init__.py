"""Tests of ``txdicomtls.scp``."""
