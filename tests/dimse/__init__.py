"""Tests of the message service."""
