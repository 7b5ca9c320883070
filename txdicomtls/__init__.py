"""DICOM over TLS for Twisted: a library, a daemon and a command line.

This module imports nothing: every Twisted program in the environment runs it,
because the plugin file names this package.
"""

__version__ = "0.1.0"
