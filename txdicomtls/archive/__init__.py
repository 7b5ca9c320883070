"""Where received instances are kept: files, one for each, durable before they are acknowledged."""

from txdicomtls.archive.draft import Draft
from txdicomtls.archive.files import FileArchive
from txdicomtls.archive.names import instance_path
from txdicomtls.archive.sink import FileSink

__all__ = ["Draft", "FileArchive", "FileSink", "instance_path"]
