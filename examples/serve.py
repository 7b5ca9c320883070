"""A secure node on this machine until it is stopped, with ready-made commands to try it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from throwaway import SCRIPTS, ThrowawayNode

HERE = Path(".serve")


def main() -> int:
    """Run it; the exit status."""
    # An RSA key, because DCMTK before 3.6.8 cannot serve TLS 1.2 with any other.
    node = ThrowawayNode(HERE.absolute(), port=2762, key_type="rsa", echo=True)
    with node:
        pki = node.directory / "pki"
        ours = " ".join(node.credentials)
        theirs = f"+tls {pki / 'client.key'} {pki / 'client.crt'} +cf {pki / 'ca.crt'} -aec TXDICOM"
        print(
            f"""
What is received is kept in {node.directory / "data" / "objects"}.  From another terminal:

  {SCRIPTS / "txdicomtls"} echo {node.address} {ours}
  {SCRIPTS / "txdicomtls"} store {node.address} FILE... {ours}
  {SCRIPTS / "txdicomtls"} find {node.address} -k PatientName -k StudyDate {ours}

and with DCMTK:

  TCP_NODELAY=1 echoscu {theirs} localhost {node.port}
  TCP_NODELAY=1 storescu {theirs} localhost {node.port} FILE...
  TCP_NODELAY=1 findscu {theirs} -S -k QueryRetrieveLevel=STUDY -k PatientName \\
    localhost {node.port}

Ctrl-C stops the node.
""",
            flush=True,
        )
        try:
            status = node.wait()
        except KeyboardInterrupt:
            status = node.stop()
    # Ended by the signal that asked for it, it has ended well.
    return 0 if status in (0, -signal.SIGINT, -signal.SIGTERM) else status


if __name__ == "__main__":
    sys.exit(main())
