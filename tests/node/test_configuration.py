"""A configuration is read whole, or refused with everything that is wrong with it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import PydanticUndefined
from twisted.trial.unittest import SynchronousTestCase

import txdicomtls
from tests.node.cases import LISTEN, NODE, SMALLEST, TLS, ConfigurationCase
from txdicomtls.errors import ConfigurationError
from txdicomtls.node.access_sections import (
    CertificateBindingSection,
    IdentitySection,
    JWTSection,
    PeerSection,
)
from txdicomtls.node.archive_sections import ArchiveSection, IndexSection
from txdicomtls.node.configuration import (
    Configuration,
    ListenSection,
    NodeSection,
    ReloadSection,
    load_configuration,
)
from txdicomtls.node.fields import Section
from txdicomtls.node.limit_sections import LimitsSection
from txdicomtls.node.service_sections import (
    DeliverySection,
    ForwardSection,
    ProcedureStepsSection,
    ServicesSection,
    WorklistSection,
)
from txdicomtls.node.tls_sections import CertificateSection, PasswordSection, TLSSection

#: Each section of the documentation, and the class that it describes.
SECTIONS: dict[str, type[Section]] = {
    "`[node]`": NodeSection,
    "`[archive]`": ArchiveSection,
    "`[tls.NAME]`": TLSSection,
    "`password`": PasswordSection,
    "`[[tls.NAME.further]]`": CertificateSection,
    "`[reload]`": ReloadSection,
    "`[[listen]]`": ListenSection,
    "`[[peer]]`": PeerSection,
    "`certificate`": CertificateBindingSection,
    "`[identity]`": IdentitySection,
    "`[identity.jwt]`": JWTSection,
    "`[index]`": IndexSection,
    "`[services]`": ServicesSection,
    "`[worklist]`": WorklistSection,
    "`[procedure_steps]`": ProcedureStepsSection,
    "`[[forward]]`": ForwardSection,
    "`[delivery]`": DeliverySection,
    "`[limits]`": LimitsSection,
}


class Reading(ConfigurationCase):
    def test_the_smallest_one_has_the_defaults(self) -> None:
        configuration = self.load(SMALLEST)
        self.assertEqual("TXDICOM", configuration.node.ae_title)
        self.assertFalse(configuration.node.accept_any_called_ae_title)
        self.assertEqual((), configuration.node.private_sop_classes)
        self.assertTrue(configuration.archive.sync)
        tls = configuration.tls["default"]
        self.assertEqual("bcp195-rfc9325", tls.profile)
        self.assertEqual("required", tls.client_certificate)
        self.assertIsNone(tls.password)
        self.assertEqual((ListenSection(port=2762),), configuration.listen)
        self.assertEqual(("", "default"), _where(configuration.listen[0]))
        self.assertEqual((), configuration.peer)
        self.assertEqual(LimitsSection(), configuration.limits)

    def test_a_full_one_is_read_as_written(self) -> None:
        configuration = self.load(
            """
            [node]
            ae_title = " CT ROOM 1 "
            data = "/var/lib/node"
            accept_any_called_ae_title = true
            private_sop_classes = ["1.2.3.4", "2.25.1"]
            [archive]
            sync = false
            [tls.default]
            profile = "bcp195-rfc9325"
            certificate = "node.crt"
            private_key = "node.key"
            password = { file = "password" }
            trust = ["ca.crt", "node.crt"]
            client_certificate = "optional"
            [tls."open house"]
            certificate = "node.crt"
            private_key = "node.key"
            password = { prompt = true }
            client_certificate = "none"
            [[listen]]
            port = 0
            interface = "127.0.0.1"
            [[listen]]
            port = 0
            interface = "::1"
            tls = "open house"
            [[peer]]
            ae_title = "CT1"
            [[peer]]
            ae_title = "CT2"
            allow = ["echo"]
            [limits]
            associations = 7
            unauthenticated = 8
            maximum_length = 16384
            object_size = 1_000_000
            handshake = 1
            artim = 2.5
            idle = 3
            closing = 0.5
            """
        )
        self.assertEqual("CT ROOM 1", configuration.node.ae_title)
        self.assertEqual(Path("/var/lib/node"), configuration.node.data)
        self.assertTrue(configuration.node.accept_any_called_ae_title)
        self.assertEqual(("1.2.3.4", "2.25.1"), configuration.node.private_sop_classes)
        self.assertFalse(configuration.archive.sync)
        tls, house = configuration.tls["default"], configuration.tls["open house"]
        self.assertEqual((self.directory / "ca.crt", self.directory / "node.crt"), tls.trust)
        assert tls.password is not None
        assert house.password is not None
        self.assertEqual(self.directory / "password", tls.password.file)
        self.assertTrue(house.password.prompt)
        self.assertEqual(("optional", "none"), (tls.client_certificate, house.client_certificate))
        self.assertEqual(
            [("127.0.0.1", "default"), ("::1", "open house")],
            [_where(listen) for listen in configuration.listen],
        )
        self.assertEqual(
            [("CT1", ("echo", "store")), ("CT2", ("echo",))],
            [(peer.ae_title, peer.allow) for peer in configuration.peer],
        )
        limits = configuration.limits
        self.assertEqual((7, 8), (limits.associations, limits.unauthenticated))
        self.assertEqual((16384, 1_000_000), (limits.maximum_length, limits.object_size))
        times = (limits.handshake, limits.artim, limits.idle, limits.closing)
        self.assertEqual((1.0, 2.5, 3.0, 0.5), times)

    def test_paths_are_relative_to_the_file_wherever_the_process_is(self) -> None:
        self.file.write_text(SMALLEST)
        before = Path.cwd()
        os.chdir(self.directory.parent)
        self.addCleanup(os.chdir, before)
        configuration = load_configuration(Path(self.directory.name, "node.toml"))
        relative = Path(self.directory.name)
        self.assertEqual(relative / "node.crt", configuration.tls["default"].certificate)
        self.assertEqual(relative / "data", configuration.node.data)

    def test_it_cannot_be_changed(self) -> None:
        with self.assertRaises(ValidationError):
            self.load(SMALLEST).node.ae_title = "OTHER"

    def test_reading_changes_nothing(self) -> None:
        self.load(SMALLEST)
        self.assertFalse((self.directory / "data").exists())

    def test_a_byte_order_mark_is_no_problem(self) -> None:
        self.load(b"\xef\xbb\xbf" + SMALLEST.encode().replace(b"\n", b"\r\n"))

    def test_a_password_may_come_from_the_environment(self) -> None:
        password = 'password = { env = "NODE_PASSWORD" }\n'
        found = self.load(NODE + TLS + password + LISTEN).tls["default"].password
        self.assertEqual(PasswordSection(env="NODE_PASSWORD"), found)


class Files(ConfigurationCase):
    """Files that are no configuration at all."""

    def test_a_file_that_is_not_there_or_no_file(self) -> None:
        for path, text in ((self.file, "No such file"), (self.directory, "Is a directory")):
            with self.assertRaises(ConfigurationError) as caught:
                load_configuration(path)
            self.assertEqual([""], [problem.key for problem in caught.exception.problems])
            self.assertIn(text, str(caught.exception))

    def test_a_syntax_error_has_its_line_and_column(self) -> None:
        problems = self.problems("[node]\nae_title = \n")
        self.assertEqual([""], list(problems))
        self.assertIn("not TOML", problems[""])
        self.assertIn("at line 2, column 12", problems[""])

    def test_other_bytes_than_utf_8_have_their_line(self) -> None:
        self.assertIn("not UTF-8 (at line 2)", self.problems(b"[node]\n# M\xfcnchen\n")[""])

    def test_a_device_is_not_read_to_its_end(self) -> None:
        with self.assertRaises(ConfigurationError) as caught:
            load_configuration(Path("/dev/zero"))
        self.assertIn("longer than", str(caught.exception))

    def test_nesting_and_numbers_without_end(self) -> None:
        self.assertIn("nested", self.problems("a = " + "[" * 100_000)[""])
        self.assertIn("not TOML", self.problems("a = " + "9" * 10_000)[""])

    def test_an_empty_one_lacks_what_is_required(self) -> None:
        self.assertEqual({"node": "is missing", "listen": "is missing"}, self.problems(""))


class Keys(ConfigurationCase):
    """Single values, each wrong in its own way."""

    def test_every_problem_is_found_at_once(self) -> None:
        problems = self.problems(
            """
            [node]
            ae_title = "MUCH TOO LONG A TITLE"
            colour = "red"
            [tls.default]
            certificate = "absent.crt"
            private_key = 7
            [[listen]]
            port = "2762"
            tls = "other"
            [[listen]]
            port = 70000
            [limits]
            idel = 5
            """
        )
        expected = {
            "node.ae_title",
            "node.colour",
            "node.data",
            "tls.default.certificate",
            "tls.default.private_key",
            "tls.default.trust",
            "listen[0].port",
            "listen[0].tls",
            "listen[1].port",
            "limits.idel",
        }
        self.assertEqual(expected, set(problems))

    def test_an_unknown_key_names_the_one_that_was_meant(self) -> None:
        for text, key, meant in (
            ("[limit]\n", "limit", "limits"),
            ("[limits]\nassocations = 1\n", "limits.assocations", "associations"),
            ("[[peer]]\nae_title = 'A'\nalows = []\n", "peer[0].alows", "allow"),
            ("[[listen]]\nport = 1\ntsl = 'a'\n", "listen[1].tsl", "tls"),
        ):
            self.assertWrong(SMALLEST + text, key, "unknown key", f"did you mean {meant}?")
        tls = TLS.replace("private_key", "privat_key = ''\nprivate_key")
        self.assertWrong(NODE + tls + LISTEN, "tls.default.privat_key", "mean private_key?")
        tls = TLS + "password = { prompt = true, promt = 1 }\n"
        self.assertWrong(NODE + tls + LISTEN, "tls.default.password.promt", "mean prompt?")

    def test_an_unknown_key_like_no_other_names_those_that_there_are(self) -> None:
        self.assertWrong(SMALLEST + "[archive]\nxyz = 1\n", "archive.xyz", "known here are sync")

    def test_what_does_not_exist_yet_is_not_ignored(self) -> None:
        text = "[[peer]]\nae_title = 'A'\ntransfer_syntaxes = ['1.2']\n"
        self.assertWrong(SMALLEST + text, "peer[0].transfer_syntaxes", "unknown key")

    def test_an_ae_title_keeps_the_rules_of_its_value_representation(self) -> None:
        for title, message in (
            ("''", "at least one character"),
            ("'    '", "at least one character"),
            ("'SEVENTEEN LETTERS'", "at most 16 characters, this one has 17"),
            ("'A\\B'", "backslash"),
            ("'M\u00dcNCHEN'", "printable ASCII"),
            ('"A\\u0000"', "printable ASCII"),
            ('"A\\t"', "printable ASCII"),
        ):
            text = SMALLEST.replace('"TXDICOM"', title)
            self.assertWrong(text, "node.ae_title", message)
            self.assertWrong(
                f"{SMALLEST}[[peer]]\nae_title = {title}\n", "peer[0].ae_title", message
            )
        self.assertEqual("S" * 16, self.load(SMALLEST.replace("TXDICOM", "S" * 16)).node.ae_title)

    def test_types_are_not_guessed(self) -> None:
        for text, key, message in (
            ("[archive]\nsync = 'yes'\n", "archive.sync", "true or false"),
            ("[archive]\nsync = 1\n", "archive.sync", "true or false"),
            ("[limits]\nidle = '60'\n", "limits.idle", "a number"),
            ("[limits]\nidle = true\n", "limits.idle", "a number"),
            ("[limits]\nassociations = 2.0\n", "limits.associations", "a whole number"),
            ("[limits]\nassociations = true\n", "limits.associations", "a whole number"),
            ("[[peer]]\nae_title = 1\n", "peer[0].ae_title", "a text in quotes"),
            ("[[peer]]\nae_title = 2026-01-01\n", "peer[0].ae_title", "a text in quotes"),
            ("[[peer]]\nae_title = 'A'\nallow = 'echo'\n", "peer[0].allow", "a list"),
        ):
            self.assertWrong(SMALLEST + text, key, message)
        self.assertWrong(SMALLEST.replace('"data"', "1"), "node.data", "a path, in quotes")

    def test_a_section_is_a_table_and_a_repeated_one_a_list(self) -> None:
        self.assertWrong("limits = 5\n" + SMALLEST, "limits", "must be a table")
        self.assertWrong("peer = [5]\n" + SMALLEST, "peer[0]", "must be a table")
        text = SMALLEST.replace("[node]", "[[node]]")
        self.assertWrong(text, "node", "write [node], with one bracket")
        text = SMALLEST.replace("[[listen]]", "[listen]")
        self.assertWrong(text, "listen", "write [[listen]], with two brackets")
        self.assertWrong("tls = 5\n" + NODE + LISTEN, "tls", "must be a table")
        self.assertWrong("listen = []\n" + NODE + TLS, "listen", "must not be empty")

    def test_numbers_have_bounds(self) -> None:
        for text, key, message in (
            ("associations = 0", "limits.associations", "at least 1"),
            ("associations = 65536", "limits.associations", "at most 65535"),
            ("maximum_length = 4095", "limits.maximum_length", "at least 4096"),
            ("maximum_length = 0x1000001", "limits.maximum_length", "at most 16777216"),
            ("object_size = 0", "limits.object_size", "at least 1"),
            ("object_size = " + "-1" + "0" * 4000, "limits.object_size", "at least 1"),
            ("artim = 0", "limits.artim", "more than 0"),
            ("artim = 86401", "limits.artim", "at most 86400"),
            ("artim = inf", "limits.artim", "finite"),
            ("artim = nan", "limits.artim", "finite"),
        ):
            self.assertWrong(f"{SMALLEST}[limits]\n{text}\n", key, message)
        text = NODE + TLS + "depth = 10\n" + LISTEN
        self.assertWrong(text, "tls.default.depth", "at most 9")
        self.assertWrong(SMALLEST.replace("2762", "-1"), "listen[0].port", "at least 0")
        self.assertWrong(SMALLEST.replace("2762", "65536"), "listen[0].port", "at most 65535")

    def test_files_exist(self) -> None:
        for name, key in (
            ("node.crt", "tls.default.certificate"),
            ("node.key", "tls.default.private_key"),
        ):
            text = SMALLEST.replace(name, "absent")
            self.assertWrong(text, key, f"there is no file '{self.directory}/absent'")
            self.assertWrong(SMALLEST.replace(name, "."), key, "there is no file")
        text = SMALLEST.replace("node.crt", "a" * 300)
        self.assertWrong(text, "tls.default.certificate", "File name too long")
        text = SMALLEST.replace("node.crt", "\\u0000\\n")
        self.assertWrong(text, "tls.default.certificate", "\\x00\\n")
        password = "password = { file = 'absent' }\n"
        self.assertWrong(NODE + TLS + password + LISTEN, "tls.default.password.file", "no file")

    def test_trust_is_in_files_or_directories_that_exist(self) -> None:
        text = SMALLEST.replace("ca.crt", "absent")
        message = f"there is no file or directory '{self.directory}/absent'"
        self.assertWrong(text, "tls.default.trust[0]", message)
        self.assertWrong(SMALLEST.replace("ca.crt", "a" * 300), "tls.default.trust[0]", "too long")
        tls = self.load(SMALLEST.replace("ca.crt", ".")).tls["default"]
        self.assertEqual((self.directory,), tls.trust)

    def test_the_data_directory_may_be_missing_but_not_a_file(self) -> None:
        self.assertWrong(SMALLEST.replace('"data"', '"ca.crt"'), "node.data", "is no directory")
        (self.directory / "data").mkdir()
        self.load(SMALLEST)
        self.assertWrong(SMALLEST.replace('"data"', f'"{"a" * 300}"'), "node.data", "too long")

    def test_a_password_has_exactly_one_source_and_is_never_shown(self) -> None:
        for sources in ("{}", "{ prompt = false }", "{ prompt = true, env = 'A' }"):
            text = NODE + TLS + f"password = {sources}\n" + LISTEN
            self.assertWrong(text, "tls.default.password", "exactly one of")
        text = NODE + TLS + "password = 'open sesame'\n" + LISTEN
        self.assertWrong(text, "tls.default.password", "must be a table")
        self.assertNotIn("sesame", str(self.problems(text)))
        text = NODE + TLS + "password = { env = '' }\n" + LISTEN
        self.assertWrong(text, "tls.default.password.env", "must not be empty")

    def test_a_password_may_come_from_a_program_or_from_systemd(self) -> None:
        for source, expected in (
            ("command = ['pass', 'show', 'a b']", PasswordSection(command=("pass", "show", "a b"))),
            ("credential = 'node'", PasswordSection(credential="node")),
        ):
            text = NODE + TLS + f"password = {{ {source} }}\n" + LISTEN
            self.assertEqual(expected, self.load(text).tls["default"].password)
        text = NODE + TLS + "password = { command = 'pass show' }\n" + LISTEN
        self.assertWrong(text, "tls.default.password.command", "a list")
        text = NODE + TLS + "password = { command = [] }\n" + LISTEN
        self.assertWrong(text, "tls.default.password.command", "must not be empty")

    def test_revocation_lists_are_looked_at_and_are_there_to_be(self) -> None:
        listed = "crls = ['crls']\n"
        (self.directory / "crls").mkdir()
        text = NODE + TLS + listed + LISTEN
        self.assertWrong(text, "tls.default.revocation", "there are crls", "leaf", "chain")
        text = NODE + TLS + "revocation = 'chain'\n" + LISTEN
        self.assertWrong(text, "tls.default.revocation", "without crls nobody would be let in")
        tls = self.load(NODE + TLS + listed + "revocation = 'leaf'\n" + LISTEN).tls["default"]
        self.assertEqual(("leaf", (self.directory / "crls",)), (tls.revocation, tls.crls))

    def test_cipher_suites_are_known_and_such_as_the_profile_takes(self) -> None:
        for suite, message in (
            ("TLS_NO_SUCH_SUITE", "TLS_NO_SUCH_SUITE"),
            ("TLS_RSA_WITH_NULL_SHA", "TLS_RSA_WITH_NULL_SHA"),
        ):
            text = NODE + TLS + f"cipher_suites = ['{suite}']\n" + LISTEN
            self.assertWrong(text, "tls.default.cipher_suites", message)
        text = NODE + TLS + "cipher_suites = []\n" + LISTEN
        self.assertWrong(text, "tls.default.cipher_suites", "must not be empty")
        suites = ("TLS_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384")
        text = NODE + TLS + f"cipher_suites = {list(suites)}\npreference = 'client'\n" + LISTEN
        tls = self.load(text).tls["default"]
        self.assertEqual((suites, "client"), (tls.cipher_suites, tls.preference))

    def test_a_further_certificate_is_checked_as_the_first(self) -> None:
        further = "[[tls.default.further]]\ncertificate = 'node.crt'\n"
        [found] = self.load(NODE + TLS + further + LISTEN).tls["default"].further
        self.assertEqual(self.directory / "node.crt", found.certificate)
        self.assertIsNone(found.private_key)
        text = NODE + TLS + further.replace("node.crt", "absent") + LISTEN
        self.assertWrong(text, "tls.default.further[0].certificate", "there is no file")
        text = NODE + TLS + further + "profile = 'bcp195-rfc9325'\n" + LISTEN
        self.assertWrong(text, "tls.default.further[0].profile", "unknown key")

    def test_when_files_are_read_again_can_be_chosen(self) -> None:
        reload = self.load(SMALLEST + "[reload]\non_change = false\nevery = 2\n").reload
        self.assertEqual(ReloadSection(on_change=False, every=2.0), reload)
        self.assertWrong(SMALLEST + "[reload]\nevery = 0\n", "reload.every", "more than 0")

    def test_a_pinned_certificate_is_enough_to_trust(self) -> None:
        tls = TLS.replace("trust =", "pinned =")
        found = self.load(NODE + tls + LISTEN).tls["default"]
        self.assertEqual(((), (self.directory / "ca.crt",)), (found.trust, found.pinned))

    def test_someone_is_trusted_where_certificates_are_asked_for(self) -> None:
        tls = TLS.replace('trust = ["ca.crt"]\n', "")
        self.assertWrong(NODE + tls + LISTEN, "tls.default.trust", "required", "authorities")
        self.assertWrong(NODE + tls + "trust = []\n" + LISTEN, "tls.default.trust", "required")
        self.load(NODE + tls + "client_certificate = 'none'\n" + LISTEN)

    def test_words_are_among_those_known(self) -> None:
        text = NODE + TLS + "client_certificate = 'maybe'\n" + LISTEN
        self.assertWrong(text, "tls.default.client_certificate", "'required', 'optional' or 'none'")
        text = SMALLEST + "[[peer]]\nae_title = 'A'\nallow = ['fetch']\n"
        self.assertWrong(text, "peer[0].allow[0]", "'echo', 'store', 'find'")
        text = SMALLEST + "[[peer]]\nae_title = 'A'\nallow = []\n"
        self.assertWrong(text, "peer[0].allow", "must not be empty")
        for key in ("preference", "revocation"):
            text = NODE + TLS + f"{key} = 'maybe'\n" + LISTEN
            self.assertWrong(text, f"tls.default.{key}", "must be")
        text = NODE + TLS + "profile = 'ssl3'\n" + LISTEN
        self.assertWrong(text, "tls.default.profile", "bcp195-rfc9325")

    def test_an_interface_is_an_address(self) -> None:
        text = SMALLEST + "interface = 'localhost'\n"
        self.assertWrong(text, "listen[0].interface", "must be an IP address")

    def test_a_private_sop_class_is_a_uid(self) -> None:
        for uid in ("", "1.02", "1.2.x", "1." * 32 + "1", "1.2\n"):
            text = SMALLEST.replace("data =", f"private_sop_classes = ['1.2', {uid!r}]\ndata =")
            text = text.replace(repr(uid), '"' + uid.replace("\n", "\\n") + '"')
            self.assertWrong(text, "node.private_sop_classes[1]", "a UID is")

    def test_an_odd_name_of_a_section_is_quoted_in_its_path(self) -> None:
        text = SMALLEST + '[tls."a.b"]\ncertificate = "node.crt"\nprivate_key = "node.key"\n'
        self.assertWrong(text, "tls.'a.b'.trust", "required")
        text = SMALLEST + 'tls = "\\u001b["\n'
        self.assertWrong(text, "listen[0].tls", "no section [tls.'\\x1b[']")


class Contradictions(ConfigurationCase):
    def test_a_tls_section_that_is_referred_to_exists(self) -> None:
        text = SMALLEST + "tls = 'other'\n"
        expected = {"listen[0].tls": "there is no section [tls.other], only [tls.default]"}
        self.assertEqual(expected, self.problems(text))
        expected = {"listen[0].tls": "there is no section [tls.default]"}
        self.assertEqual(expected, self.problems(NODE + LISTEN))

    def test_a_port_is_taken_once(self) -> None:
        for one, other in (
            ("", ""),
            ("", "0.0.0.0"),  # noqa: S104  # written, not listened on
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1", ""),
            ("", "127.0.0.1"),
            ("::", "127.0.0.1"),
            ("::1", "::"),
        ):
            expected = {"listen[1].port": "port 2762 is taken by listen[0] already"}
            self.assertEqual(expected, self.problems(_listening(2762, one, other)), (one, other))

    def test_a_port_may_be_shared_by_addresses_that_do_not_overlap(self) -> None:
        self.load(_listening(2762, "127.0.0.1", "127.0.0.2"))
        self.load(_listening(2762, "", "::1"))
        self.load(_listening(2762, "127.0.0.1", "::1"))
        self.load(_listening(0, "", ""))

    def test_a_peer_is_named_once(self) -> None:
        text = SMALLEST + "[[peer]]\nae_title = 'A'\n[[peer]]\nae_title = ' A '\n"
        self.assertEqual(
            {"peer[1].ae_title": "peer[0] has this title already"}, self.problems(text)
        )


class AnyText(ConfigurationCase):
    @settings(deadline=None, max_examples=200)
    @given(st.binary(max_size=200))
    def test_any_bytes_are_a_configuration_or_a_list_of_problems(self, content: bytes) -> None:
        self.problems(content)

    values = st.recursive(
        st.sampled_from(["''", "'a'", "0", "-1", "2.5", "nan", "true", "2026-01-01", "10:00:00"]),
        lambda inner: (
            st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
            | st.dictionaries(
                st.sampled_from(["tls", "port", "ae_title", "file", "default", "x", '"a b"']),
                inner,
                max_size=3,
            ).map(lambda table: "{" + ", ".join(f"{k} = {v}" for k, v in table.items()) + "}")
        ),
        max_leaves=6,
    )

    @settings(deadline=None, max_examples=300)
    @given(
        st.dictionaries(st.sampled_from([*Configuration.model_fields, "other"]), values, min_size=1)
    )
    def test_any_values_are_a_list_of_problems(self, document: dict[str, str]) -> None:
        self.problems("\n".join(f"{key} = {value}" for key, value in document.items()))


class Documentation(SynchronousTestCase):
    def setUp(self) -> None:
        page = Path(txdicomtls.__file__).parent.parent / "docs" / "configuration.md"
        self.text = page.read_text()
        self.sections = {
            part.splitlines()[0].strip(): part
            for part in re.split(r"^#{2,3} ", self.text, flags=re.MULTILINE)[1:]
        }

    def test_every_section_is_described(self) -> None:
        self.assertEqual(set(SECTIONS), set(self.sections))
        fields = {re.sub(r"\W|NAME", "", heading) for heading in SECTIONS}
        fields -= {"password", "tlsfurther", "certificate", "identityjwt"}  # within another
        self.assertEqual(set(Configuration.model_fields), fields)

    def test_every_key_is_described_with_its_default_and_no_other_is(self) -> None:
        for heading, section in SECTIONS.items():
            rows = re.findall(
                r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|", self.sections[heading], re.MULTILINE
            )
            expected = [
                (field.alias or name, _default(section, name))
                for name, field in section.model_fields.items()
            ]
            self.assertEqual(sorted(expected), sorted(rows), heading)

    def test_its_first_example_is_the_smallest_configuration(self) -> None:
        directory = Path(self.mktemp())
        (directory / "pki").mkdir(parents=True)
        for name in ("node.crt", "node.key", "ca.crt"):
            (directory / "pki" / name).touch()
        example = self.text.partition("```toml\n")[2].partition("```")[0]
        (directory / "node.toml").write_text(example)
        load_configuration(directory / "node.toml")


def _where(listen: ListenSection) -> tuple[str, str]:
    return listen.interface, listen.tls


def _listening(port: int, *interfaces: str) -> str:
    listens = (f"[[listen]]\nport = {port}\ninterface = '{each}'\n" for each in interfaces)
    return NODE + TLS + "".join(listens)


def _default(section: type[Section], name: str) -> str:
    default = section.model_fields[name].default
    if default is PydanticUndefined:
        return "required"
    if default is None:
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return f"`{list(default)}`".replace("'", '"')
    return f"`{default!r}`".replace("'", '"')
