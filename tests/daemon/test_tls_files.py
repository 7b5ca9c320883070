"""Files of keys and certificates as people leave them: the node starts, or says why not."""

from __future__ import annotations

from pathlib import Path

from tests.daemon.cases import DaemonTestCase
from tests.daemon.test_tls_certificates import below_a_root, pem
from tests.daemon.tls_certificates import (
    SERVER_AUTH,
    extended_key_usage,
    key_pem,
    private_key,
    public_octets,
)
from tests.running import CONFIGURATION, SCRIPTS, Certificates, make_certificates


class FileTests(DaemonTestCase):
    async def test_a_key_that_everybody_may_read_is_refused(self) -> None:
        certificates = make_certificates(Path(self.mktemp()).absolute())  # noqa: ASYNC240  # a test may wait
        certificates.key("node").chmod(0o644)
        await self.cannot_start(certificates, "everybody on this machine may read this private key")

    async def test_a_chain_with_a_gap_is_refused(self) -> None:
        certificates, ca = below_a_root(Path(self.mktemp()))
        key = private_key("p256", 5)
        lower = ca.below(b"upper").below(b"lower")
        # Without that of "lower" that of "upper" is of no use.
        octets, _, upper = lower.issue(
            public_octets(key), extensions=(extended_key_usage(SERVER_AUTH),)
        )
        certificates.certificate("node").write_text(pem(octets) + pem(upper))
        certificates.key("node").write_bytes(key_pem(key))
        await self.cannot_start(certificates, "the certificate of CN=lower is missing")

    async def test_what_editors_have_touched_is_read_as_it_was_meant(self) -> None:
        certificates = make_certificates(Path(self.mktemp()).absolute())  # noqa: ASYNC240  # a test may wait
        for file in (certificates.certificate("node"), certificates.key("node")):
            file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
        await self.assert_serves(await self.start(certificates=certificates))

    async def test_what_expires_soon_is_said_and_does_no_harm(self) -> None:
        certificates = make_certificates(Path(self.mktemp()).absolute())  # noqa: ASYNC240  # a test may wait
        daemon = await self.start(certificates=certificates)
        await self.soon(
            daemon.process.when_says(
                r"the certificate CN=node expires in \d+\.\d days, on .* UTC: have it renewed"
            )
        )
        await self.assert_serves(daemon)

    async def cannot_start(self, certificates: Certificates, words: str) -> None:
        """A daemon ends with status 1 and one line that has these words."""
        directory = Path(self.mktemp()).absolute()  # noqa: ASYNC240  # a test may wait
        directory.mkdir(parents=True)
        text = CONFIGURATION.format(certificates=certificates.directory, node="", tls="", more="")
        (directory / "node.toml").write_text(text)
        command: list[str | Path] = [SCRIPTS / "twistd", "-n", "--pidfile=", "dicomtls"]
        status, said = await self.run_to_end([*command, "--config=node.toml"], directory)
        self.assertEqual(1, status, said)
        (line,) = (line for line in said.splitlines() if "cannot start" in line)
        self.assertIn(words, line)
        self.assertNotIn("Traceback", said)
