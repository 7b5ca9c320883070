"""A node that adds instances to an index which others use too: run by ``test_concurrency``.

    python -m tests.index.adder URL SEED REMOVING

After each batch it removes an instance with the probability REMOVING, to add it again later.  It
prints how many it added, how many were there already, and how many it removed.
"""

from __future__ import annotations

import sys
from collections import Counter
from random import Random

from tests.index.records import record
from txdicomtls.index import InstanceRecord, open_index

#: All nodes add these; two nodes never agree about the order.
STUDIES, SERIES, INSTANCES = 4, 3, 40


def everything() -> list[InstanceRecord]:
    """All instances, the same in each process."""
    return [
        record(study, series, instance, PatientID=f"P{study % 2}")
        for study in range(STUDIES)
        for series in range(SERIES)
        for instance in range(INSTANCES)
    ]


def main(url: str, seed: int, removing: float) -> None:
    """Add all instances in an order and in batches of its own."""
    chance = Random(seed)
    records = everything()
    chance.shuffle(records)
    index = open_index(url)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    outcomes: Counter[str] = Counter()
    while records:
        size = chance.choice((1, 3, 20))
        batch, records = records[:size], records[size:]
        outcomes.update(added.outcome.value for added in index.add(batch))
        if chance.random() < removing:
            # Whatever is removed is added again, so that all of it is there in the end.
            gone = chance.choice(batch)
            if index.remove(gone.sop_instance_uid) is not None:
                outcomes["removed"] += 1
                records.append(gone)
    index.close()
    sys.stdout.write(f"{outcomes['added']} {outcomes['already']} {outcomes['removed']}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
