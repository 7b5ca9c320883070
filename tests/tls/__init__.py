"""Tests of the secure link."""
