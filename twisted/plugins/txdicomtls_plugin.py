"""What Twisted finds of txdicomtls: the ``dicomtls`` command of twistd and its endpoint strings.

Every Twisted program in the environment imports this file: instances only, nothing heavy.
"""

from twisted.application.service import ServiceMaker

from txdicomtls.parsers import ClientParser, ServerParser

service_maker = ServiceMaker(
    "txdicomtls secure SCP",
    "txdicomtls.tap",
    "A DICOM node that receives over TLS",
    "dicomtls",
)
server_parser = ServerParser()
client_parser = ClientParser()
