"""The sections of an archive and its services: what they say, and what they contradict."""

from __future__ import annotations

from tests.node.cases import SMALLEST, ConfigurationCase


class SectionTests(ConfigurationCase):
    def test_what_is_offered_follows_from_who_may_call(self) -> None:
        harmless = {"echo", "store"}
        usual = harmless | {"find", "get", "move", "commit"}
        (self.directory / "orders").mkdir()
        known = SMALLEST + "[[peer]]\nae_title = 'A'\n"
        sections = "[worklist]\nfolder = 'orders'\n[procedure_steps]\n"
        chosen = "[services]\noffer = ['find']\n"
        for text, offered in (
            (SMALLEST, harmless),
            (known, usual),
            (known + sections, usual | {"worklist", "procedure-step"}),
            (SMALLEST + sections, harmless | {"worklist", "procedure-step"}),
            (known + sections + chosen, {"find"}),
        ):
            self.assertEqual(offered, self.load(text).offered, text)

    def test_a_size_may_have_a_unit(self) -> None:
        for text, size in (("5", 5), ('"64 KiB"', 65536), ('"2GiB"', 2 << 30)):
            limits = self.load(SMALLEST + f"[limits]\nobject_size = {text}\n").limits
            self.assertEqual(size, limits.object_size)
        for text, problem in (
            ('"5 MB"', "a number of bytes, or a text as"),
            ('"1.5 GiB"', "a number of bytes, or a text as"),
            ("1.5", "must be a whole number"),
            ("0", "must be at least 1"),
            ('"0 KiB"', "must be at least 1"),
        ):
            self.assertWrong(
                SMALLEST + f"[limits]\nobject_size = {text}\n", "limits.object_size", problem
            )

    def test_the_place_of_an_index_is_a_file_or_a_database(self) -> None:
        for url, expected in (
            ("sqlite", "sqlite"),
            ("sqlite:///index/a.db", f"sqlite:///{self.directory / 'index/a.db'}"),
            ("sqlite:////var/a.db", "sqlite:////var/a.db"),
            ("postgresql://me@host:5433/name", "postgresql://me@host:5433/name"),
            ("postgresql+psycopg://host/name", "postgresql+psycopg://host/name"),
        ):
            index = self.load(SMALLEST + f"[index]\nurl = '{url}'\n").index
            self.assertEqual(expected, index.url)
        for url, problem in (
            ("mysql://host/name", 'must be "sqlite", or a URL'),
            ("index.sqlite", 'must be "sqlite", or a URL'),
            ("", 'must be "sqlite", or a URL'),
            ("sqlite://", "must name a file"),
            ("sqlite:///:memory:", "must name a file"),
            ("sqlite:///a.db?mode=ro", "must name a file"),
            ("postgresql://me:hidden@host/name", "has a password in it"),
        ):
            text = SMALLEST + f"[index]\nurl = '{url}'\n"
            self.assertWrong(text, "index.url", problem)
            self.assertNotIn("hidden", str(self.problems(text)))

    def test_a_layout_tells_instances_apart(self) -> None:
        layout = "{study_date:year}/{study_instance_uid}/{sop_instance_uid}.dcm"
        text = SMALLEST + "[archive]\nlayout = '{}'\n"
        self.assertEqual(layout, self.load(text.replace("{}", layout)).archive.layout)
        wrong = text.replace("{}", "{study_instance_uid}.dcm")
        self.assertWrong(wrong, "archive.layout", "does not tell instances apart")

    def test_a_peer_may_say_how_it_is_called(self) -> None:
        (peer,) = self.load(
            SMALLEST
            + """
            [[peer]]
            ae_title = "PACS"
            host = "pacs.example"
            port = 11112
            called = "PACS2"
            calling = "ROUTER"
            window = 3
            associations = 2
            """
        ).peer
        self.assertEqual(("pacs.example", 11112, "default"), (peer.host, peer.port, peer.tls))
        self.assertEqual(("PACS2", "ROUTER"), (peer.called, peer.calling))
        self.assertEqual((3, 2), (peer.window, peer.associations))
        text = SMALLEST + "[[peer]]\nae_title = 'A'\nhost = 'a'\nport = 0\n"
        self.assertWrong(text, "peer[0].port", "must be at least 1")

    def test_a_rule_says_what_is_forwarded(self) -> None:
        peer = "[[peer]]\nae_title = 'A'\nhost = 'a.example'\n"
        rule = "[[forward]]\nto = 'A'\nfrom = ['CT1', 'CT2']\nmodalities = 'CT'\n"
        (found,) = self.load(SMALLEST + peer + rule).forward
        self.assertEqual((("A",), ("CT1", "CT2")), (found.to, found.calling))
        self.assertEqual((("CT",), None), (found.modalities, found.sop_classes))
        self.assertWrong(SMALLEST + peer + rule + "frm = 'B'\n", "forward[0].frm", "mean from?")

    def test_the_folder_of_a_worklist_is_there(self) -> None:
        self.assertWrong(
            SMALLEST + "[worklist]\nfolder = 'absent'\n", "worklist.folder", "there is no file"
        )
        self.assertWrong(
            SMALLEST + "[worklist]\nfolder = 'ca.crt'\n", "worklist.folder", "is no directory"
        )


class ContradictionTests(ConfigurationCase):
    def test_a_peer_that_is_called_has_a_section_that_trusts_someone(self) -> None:
        peer = "[[peer]]\nae_title = 'A'\nhost = 'a.example'\ntls = 'out'\n"
        self.assertEqual(
            {"peer[0].tls": "there is no section [tls.out], only [tls.default]"},
            self.problems(SMALLEST + peer),
        )
        out = "[tls.out]\ncertificate = 'node.crt'\nclient_certificate = 'none'\n"
        found = self.problems(SMALLEST + peer + out)
        self.assertEqual(["peer[0].tls"], list(found))
        self.assertIn("trusts nobody", found["peer[0].tls"])
        self.load(SMALLEST + peer + out + "trust = ['ca.crt']\n")
        self.load(SMALLEST + peer.replace("host = 'a.example'\n", ""))

    def test_what_is_sent_on_goes_to_peers_that_can_be_called(self) -> None:
        peers = (
            "[[peer]]\nae_title = 'A'\nhost = 'a.example'\n[[peer]]\nae_title = 'B'\n"
            "[[peer]]\nae_title = 'TXDICOM'\nhost = 'localhost'\n"
        )
        self.load(SMALLEST + peers + "[[forward]]\nto = 'A'\n")
        for to, problem in (
            ("'B'", "there is no [[peer]] 'B' with a host"),
            ("['A', 'C']", "there is no [[peer]] 'C' with a host"),
            ("'TXDICOM'", "a node does not forward to itself"),
        ):
            self.assertEqual(
                {"forward[0].to": problem},
                self.problems(SMALLEST + peers + f"[[forward]]\nto = {to}\n"),
            )
            self.assertEqual(
                {"procedure_steps.forward_to": problem},
                self.problems(SMALLEST + peers + f"[procedure_steps]\nforward_to = {to}\n"),
            )

    def test_a_service_that_needs_a_section_has_it(self) -> None:
        text = SMALLEST + "[services]\noffer = ['echo', 'worklist', 'procedure-step']\n"
        self.assertEqual(
            {
                "services.offer[1]": "there is no section [worklist]",
                "services.offer[2]": "there is no section [procedure_steps]",
            },
            self.problems(text),
        )

    def test_an_archive_is_shared_with_a_database_only(self) -> None:
        shared = "[archive]\nshared_as = 'one'\n"
        replacing = (
            "duplicates = 'replace'\n[index]\nurl = 'postgresql://node@db.example/archive'\n"
        )
        self.assertEqual(["archive.duplicates"], list(self.problems(SMALLEST + shared + replacing)))
        for index in ("", "[index]\nurl = 'sqlite:///elsewhere'\n"):
            self.assertEqual(["archive.shared_as"], list(self.problems(SMALLEST + shared + index)))
        self.load(SMALLEST + shared + "[index]\nurl = 'postgresql://host/name'\n")
