"""OpenSSL's own programs as peers: they speak no DICOM, and all of TLS.

``s_client`` and ``s_server`` tell what was negotiated, as the other end sees it.
"""

from __future__ import annotations

import subprocess
from functools import cache

from twisted.trial.unittest import TestCase

from tests.interop.peers import Words, missing
from tests.running import Certificates, Running, start

#: Permits every suite, key and signature that OpenSSL has.
EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"

#: Permits every suite of TLS 1.3, those with CCM too, which OpenSSL leaves out by itself.
EVERY_TLS_1_3_SUITE = (
    "TLS_AES_128_CCM_8_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_GCM_SHA256:"
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
)

#: What makes an s_server refuse an association: A-ASSOCIATE-RJ (PS3.8 9.3.4), transient.
REJECTION = bytes((3, 0, 0, 0, 0, 4, 0, 2, 1, 1))

#: What s_client says when all that it has to say of a link is said.
SAID = r"Verify return code: "

#: On its standard input: leave.
LEAVE = b"Q\n"

#: On its standard input: say what ends any association.  When the answer is there, so is all
#: that the server had to send before, and in TLS 1.3 nobody else knows that a link is accepted.
PROVOKE = b"no DICOM\n"


def openssl() -> str:
    """The program.

    :raises SkipTest: there is none of OpenSSL 3 or later.
    """
    if not _is_there():
        raise missing("the program openssl, of OpenSSL 3 or later, is not on PATH")
    return "openssl"


@cache
def _is_there() -> bool:
    try:
        said = subprocess.run(["openssl", "version"], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    name, version, *_ = said.decode().split()
    return name == "OpenSSL" and int(version.split(".")[0]) >= 3


def openssl_credentials(certificates: Certificates, name: str = "client") -> Words:
    """Give the options by which either program shows a certificate, and whom it trusts."""
    return [
        *("-cert", certificates.certificate(name), "-key", certificates.key(name)),
        *("-CAfile", certificates.certificate("ca"), "-verify_return_error"),
    ]


def start_s_client(case: TestCase, port: int, *options: object) -> Running:
    """Let s_client connect; it stays until it is hung up, or told to go."""
    command: Words = [openssl(), "s_client", "-connect", f"localhost:{port}"]
    return start(case, [*command, *map(str, options)])


async def s_client(case: TestCase, port: int, *options: object, last: bytes = LEAVE) -> str:
    """Let s_client connect, and end when it has said what it is to say.

    :param last: how.
    :return: all that it said.
    """
    process = start_s_client(case, port, *options)
    await process.when_says(SAID)
    process.transport.write(last)  # type: ignore[union-attr]  # it runs
    await process.ended
    return process.output


async def refused_s_client(case: TestCase, port: int, *options: object) -> str:
    """Let s_client connect where it must be hung up; what it said."""
    process = start_s_client(case, port, *options)
    status = await process.ended
    case.assertNotEqual(0, status, process.output)
    return process.output


async def start_s_server(
    case: TestCase, certificates: Certificates, *options: object, name: str = "node"
) -> tuple[Running, int]:
    """Let s_server listen, which demands a certificate.

    :param name: whose certificate it shows.
    :return: the process and its port.
    """
    command: Words = [openssl(), "s_server", "-accept", "127.0.0.1:0", "-Verify", "1"]
    credentials = openssl_credentials(certificates, name)
    process = start(case, [*command, *credentials, *map(str, options)])
    found = await process.when_says(r"ACCEPT \S+:(\d+)")
    return process, int(found[1])
