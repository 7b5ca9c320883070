#!/usr/bin/env python3
"""Measures the index by itself: how quickly instances are added and found.

python bench/index.py                              # 100,000 instances in SQLite
python bench/index.py --url postgresql://user@host/empty_database
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random
from statistics import median

# A script finds its own directory first on the path, not the one that this package is in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pydicom.dataset import Dataset

from txdicomtls.index import FindOptions, Index, InstanceRecord, Level, Root, open_index

CT = "1.2.840.10008.5.1.4.1.1.2"
SYNTAX = "1.2.840.10008.1.2.1"
ROOT_UID = "1.2.826.0.1.3680043.9.1"

SERIES_OF_STUDY = 2
INSTANCES_OF_SERIES = 25
STUDIES_OF_PATIENT = 2

FAMILIES = ("Müller", "Smith", "Yamada", "García", "Ångström", "Okafor", "Dubois", "Kowalski")
FIRST_DAY = date(2016, 1, 1)
DAYS = 3650

#: Transactions of each size, before the bulk.
BATCHES = ((1, 1000), (8, 250), (64, 100))
BULK = 500


def record(number: int) -> InstanceRecord:
    """Make the record of an instance; the same number gives the same one."""
    series = number // INSTANCES_OF_SERIES
    study = series // SERIES_OF_STUDY
    patient = study // STUDIES_OF_PATIENT
    chance = Random(study)
    day = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
    family = FAMILIES[patient % len(FAMILIES)]
    uid = f"{ROOT_UID}.{study}.{series}.{number}"
    return InstanceRecord(
        attributes={
            "PatientID": f"P{patient:06}",
            "PatientName": f"{family}{patient}^Given{patient % 97}",
            "PatientBirthDate": f"19{patient % 100:02}0101",
            "PatientSex": "FMO"[patient % 3],
            "StudyInstanceUID": f"{ROOT_UID}.{study}",
            "StudyDate": f"{day:%Y%m%d}",
            "StudyTime": f"{chance.randrange(24):02}3000",
            "AccessionNumber": f"A{study:08}",
            "StudyDescription": "Thorax with contrast",
            "ReferringPhysicianName": f"{FAMILIES[study % 5]}^Doctor",
            "SeriesInstanceUID": f"{ROOT_UID}.{study}.{series}",
            "Modality": ("CT", "MR", "CR")[series % 3],
            "SeriesNumber": str(series % SERIES_OF_STUDY + 1),
            "SeriesDescription": "Axial 5 mm",
            "InstanceNumber": str(number % INSTANCES_OF_SERIES + 1),
            "Rows": "512",
            "Columns": "512",
            "BitsAllocated": "16",
        },
        sop_class_uid=CT,
        sop_instance_uid=uid,
        transfer_syntax_uid=SYNTAX,
        path=f"objects/{number % 256:02x}/{uid}.dcm",
        size=524_288,
        sha256=sha256(uid.encode()).hexdigest(),
        received_at=datetime.now(UTC),
        source_ae="CT_ROOM_1",
    )


def identifier(level: Level, **keys: str) -> Dataset:
    """Make the identifier of a query that asks for what workstations ask for."""
    dataset = Dataset()
    dataset.QueryRetrieveLevel = level.name
    asked = {
        Level.STUDY: (
            "PatientName PatientID PatientBirthDate StudyInstanceUID StudyDate StudyTime"
            " AccessionNumber StudyDescription ModalitiesInStudy NumberOfStudyRelatedInstances"
        ),
        Level.IMAGE: "StudyInstanceUID SeriesInstanceUID SOPInstanceUID InstanceNumber",
    }[level]
    for keyword in asked.split():
        setattr(dataset, keyword, "")
    for keyword, value in keys.items():
        setattr(dataset, keyword, value)
    return dataset


def fill(index: Index, count: int) -> None:
    """Add instances, and print how quickly."""
    done = 0
    for size, transactions in BATCHES:
        records = [record(done + number) for number in range(size * transactions)]
        began = time.perf_counter()
        for start in range(0, len(records), size):
            index.add(records[start : start + size])
        seconds = time.perf_counter() - began
        done += len(records)
        print(
            f"  add, {size:3} in a transaction {len(records) / seconds:10.0f} instances/s"
            f" {1000 * seconds / transactions:8.2f} ms each",
            flush=True,
        )
    for start in range(done, count, BULK):
        index.add([record(number) for number in range(start, min(start + BULK, count))])


def questions(studies: int, rounds: int) -> Iterator[tuple[str, list[Dataset]]]:
    """Give each kind of query, with one identifier for each round."""
    chance = Random(0)
    patients = studies // STUDIES_OF_PATIENT
    yield (
        "patient ID",
        [
            identifier(Level.STUDY, PatientID=f"P{chance.randrange(patients):06}")
            for _ in range(rounds)
        ],
    )
    days = [FIRST_DAY + timedelta(days=chance.randrange(DAYS - 30)) for _ in range(rounds)]
    yield (
        "30 days",
        [
            identifier(Level.STUDY, StudyDate=f"{day:%Y%m%d}-{day + timedelta(days=30):%Y%m%d}")
            for day in days
        ],
    )
    yield (
        "name, SMITH1*",
        [
            identifier(Level.STUDY, PatientName=f"{chance.choice(FAMILIES).upper()}1*")
            for _ in range(rounds)
        ],
    )
    yield (
        "name, *VEN42*",
        [
            identifier(Level.STUDY, PatientName=f"*VEN{chance.randrange(97)}*")
            for _ in range(rounds)
        ],
    )


def measured(work: Callable[[], int]) -> tuple[float, int]:
    """Do something.

    :return: the milliseconds that it took, and what it returned.
    """
    began = time.perf_counter()
    result = work()
    return 1000 * (time.perf_counter() - began), result


def find(index: Index, asked: Dataset) -> int:
    """Count the results of a query."""
    return sum(len(page) for page in index.find(asked, root=Root.STUDY))


def stream(index: Index) -> int:
    """Ask for everything at instance level, and let go of each page."""
    everything = index.find(
        identifier(Level.IMAGE), root=Root.STUDY, options=FindOptions(relational=True, seconds=600)
    )
    return sum(len(page) for page in everything)


def peak() -> float:
    """Give the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(where: str | Path, count: int, rounds: int) -> None:
    """Fill an index, ask it, and print how long that took."""
    index = open_index(where)
    fill(index, count)
    studies = count // INSTANCES_OF_SERIES // SERIES_OF_STUDY
    print(f"  {index.count()} instances, {studies} studies", flush=True)
    for name, identifiers in questions(studies, rounds):
        times, results = zip(
            *(measured(partial(find, index, asked)) for asked in identifiers), strict=True
        )
        print(
            f"  find by {name:14} {median(times):8.1f} ms at the median,"
            f" {max(times):8.1f} ms at most, {median(results):g} studies",
            flush=True,
        )
    before = peak()
    milliseconds, number = measured(partial(stream, index))
    print(
        f"  {number} results at instance level: {milliseconds / 1000:.1f} s,"
        f" peak of memory {before:.1f} MB before, {peak():.1f} MB after"
    )
    index.close()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="an empty database of PostgreSQL (default: SQLite)")
    parser.add_argument("--instances", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=51, help="how often each query is asked")
    parser.add_argument("--directory", type=Path, help="where the file of SQLite goes")
    arguments = parser.parse_args()
    if arguments.url:
        print("PostgreSQL")
        measure(arguments.url, arguments.instances, arguments.rounds)
        return 0
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        print("SQLite")
        measure(Path(directory, "index.db"), arguments.instances, arguments.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
