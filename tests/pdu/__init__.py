"""Tests of the PDU codec and the framer."""
