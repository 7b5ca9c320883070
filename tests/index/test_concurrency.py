"""Several nodes with one index: nothing is lost, nothing is there twice, all numbers are right."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.index.adder import everything
from tests.index.databases import IndexCase, InPostgres
from tests.index.identifiers import ask, identifier
from txdicomtls.index import Root

NODES = 3
ROOT = Path(__file__).parents[2]


class ConcurrencyTests(IndexCase):
    """Over SQLite too: there it is processes that share a file."""

    def test_nodes_that_add_the_same_at_once_add_it_once(self) -> None:
        nodes = self.start_all(removing=0)
        asked = 0
        while any(node.poll() is None for node in nodes):
            answers = ask(self.index, identifier("IMAGE"), relational=True, page=50)
            uids = [str(answer.SOPInstanceUID) for answer in answers]
            self.assertEqual(len(set(uids)), len(uids))
            asked += 1
        self.assertGreater(asked, 0)
        self.check_end(nodes)

    def test_nodes_that_add_and_remove_at_once_agree_in_the_end(self) -> None:
        self.check_end(self.start_all(removing=0.3))

    def start_all(self, *, removing: float) -> list[subprocess.Popen[str]]:
        """Start all nodes, and let them begin at the same moment."""
        nodes = [self.start(seed, removing) for seed in range(NODES)]
        for node in nodes:
            assert node.stdout is not None
            self.assertEqual("ready\n", node.stdout.readline())
        for node in nodes:
            assert node.stdin is not None
            node.stdin.write("go\n")
            node.stdin.flush()
        return nodes

    def check_end(self, nodes: list[subprocess.Popen[str]]) -> None:
        """Check what the nodes say in the end, and what is there then."""
        results = []
        for node in nodes:
            said, errors = node.communicate(timeout=120)
            self.assertEqual(0, node.returncode, errors)
            results.append([int(number) for number in said.split()])
        wanted = everything()
        added, already, removed = (sum(column) for column in zip(*results, strict=True))
        self.assertEqual(len(wanted), added - removed)
        self.assertGreater(already, 0)
        self.check_rows({one.sop_instance_uid for one in wanted})

    def start(self, seed: int, removing: float) -> subprocess.Popen[str]:
        """Start a node of its own."""
        where = str(self.where.absolute() if isinstance(self.where, Path) else self.where)
        node = subprocess.Popen(
            [sys.executable, "-m", "tests.index.adder", where, str(seed), str(removing)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(node.wait)
        self.addCleanup(node.kill)
        for pipe in (node.stdin, node.stdout, node.stderr):
            assert pipe is not None
            self.addCleanup(pipe.close)
        return node

    def check_rows(self, uids: set[str]) -> None:
        """Check that these instances are there, and that all numbers are those of the rows."""
        instances = self.rows("instances")
        self.assertEqual(uids, {row["sop_instance_uid"] for row in instances})
        self.assertEqual(len(uids), len(instances))
        of_series = Counter(row["series_key"] for row in instances)
        series = {row["key"]: row for row in self.rows("series")}
        self.assertEqual(
            of_series, {key: row["number_of_instances"] for key, row in series.items()}
        )
        of_study: Counter[object] = Counter()
        for key, row in series.items():
            of_study[row["studies_key"]] += of_series[key]
        studies = {row["key"]: row for row in self.rows("studies")}
        self.assertEqual(
            of_study, {key: row["number_of_instances"] for key, row in studies.items()}
        )
        self.assertEqual(
            Counter(row["studies_key"] for row in series.values()),
            {key: row["number_of_series"] for key, row in studies.items()},
        )
        asked = identifier(
            "PATIENT", NumberOfPatientRelatedStudies="", NumberOfPatientRelatedInstances=""
        )
        answers = ask(self.index, asked, root=Root.PATIENT)
        self.assertEqual(
            [(2, len(uids) // 2)] * 2,
            [
                (one.NumberOfPatientRelatedStudies, one.NumberOfPatientRelatedInstances)
                for one in answers
            ],
        )
        self.assertEqual(
            len(uids), sum(int(str(row["number_of_instances"])) for row in self.rows("contents"))
        )


class ConcurrencyInPostgresTests(InPostgres, ConcurrencyTests):
    pass
