import json

import numpy as np

from benchmarks.accuracy.comparator import comparators
from benchmarks.accuracy.pair_matrix import PairMatrix
from benchmarks.harness.benchmark import Context
from tests.benchmarks.accuracy.made_up import templates


def test_every_pair_stands_in_its_place(context: Context) -> None:
    made = templates(120, 5, lost=(7,))
    people = [name.partition("/")[0] for name in made.names]
    columns = comparators()
    matrix = PairMatrix.write(context.out / "pairs", made, people, columns, context.progress, {"group": ["x"] * 600})
    one, other = np.triu_indices(600, 1)
    person = np.array(people)
    for column in columns:
        read = matrix.read(column.name)
        assert np.allclose(read, column.pairs(made, one, other), atol=2e-3)
        apart = person[one] != person[other]
        assert np.array_equal(matrix.non_mated(column.name), read[apart])
        threshold = float(np.partition(read[apart], 300)[300])
        closest = set(zip(*(each.tolist() for each in matrix.closest(column.name, threshold)), strict=True))
        near = apart & (read <= threshold)
        assert closest == set(zip(one[near].tolist(), other[near].tolist(), strict=True))
    places = np.arange(0, len(one), 977)
    assert [each.tolist() for each in matrix.pairs(places)] == [one[places].tolist(), other[places].tolist()]
    told = json.loads((matrix.folder / "samples.json").read_text())
    assert told == {"samples": list(made.names), "people": people, "group": ["x"] * 600}
