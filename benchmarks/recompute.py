"""Recomputes accuracy, FMR, FNMR, GARBE and FNIR from the score files of the evaluation on LFW, without this project's
code.

    python benchmarks/recompute.py DIR

DIR is where `python -m benchmarks accuracy` was run. Prints each figure beside the record's, and ends with 1 if any
differs by more than 1e-12. Thresholds for a rate are recomputed too; those of operating points are taken as given.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np


def accuracy(scores, mated, fold):
    """The accuracy of each fold at the threshold at which most pairs of the other folds are right; of several, the
    middle one."""
    shares = []
    for number in np.unique(fold):
        own = fold == number
        edges = np.unique(scores[~own][np.isfinite(scores[~own])])
        right = [np.sum((scores[~own] <= edge) == mated[~own]) for edge in edges]
        best = edges[right == np.max(right)]
        shares.append(np.mean((scores[own] <= best[len(best) // 2]) == mated[own]))
    return np.mean(shares)


def threshold(scores, rate):
    """The largest score with no more than this number of scores at or below it, found by trying all distinct ones."""
    edges, counts = np.unique(scores[np.isfinite(scores)], return_counts=True)
    return edges[np.cumsum(counts) <= rate * len(scores) * (1 + 1e-12)][-1]


def gini(rates):
    """With the correction for few groups."""
    n, rates = len(rates), np.array(rates)
    return n / (n - 1) * np.abs(rates[:, None] - rates).sum() / (2 * n**2 * rates.mean())


def read(path):
    """Fold, whether mated, both samples, and the dissimilarities by recogniser."""
    with open(path, newline="") as file:
        header, *rows = csv.reader(file)
    columns = list(zip(*rows))
    fold, mated = np.array(columns[0], int), np.array(columns[3]) == "1"
    return fold, mated, columns[1:3], {name: np.array(columns[4 + i], float) for i, name in enumerate(header[4:])}


def figures(folder):
    """Pairs of the record's value and the recomputed one, with a name."""
    record = json.loads((folder / "lfw.json").read_text())["figures"]
    fold, mated, _, scores = read(folder / "lfw" / "scores.csv")
    for one in record["recognisers"]:
        own = scores[one["recogniser"]]
        yield f"{one['recogniser']} accuracy", one["accuracy"], accuracy(own, mated, fold)
        for rate, told in one["fnmr"].items():
            yield f"{one['recogniser']} threshold for {rate}", told["threshold"], threshold(own[~mated], float(rate))
            yield f"{one['recogniser']} FMR {rate}", told["fmr"], np.mean(own[~mated] <= told["threshold"])
            yield f"{one['recogniser']} FNMR {rate}", told["fnmr"], np.mean(own[mated] > told["threshold"])

    record = json.loads((folder / "lfw-all-pairs.json").read_text())["figures"]
    sample = json.loads((folder / "lfw-all-pairs" / "samples.json").read_text())
    _, mated, pairs, scores = read(folder / "lfw-all-pairs" / "scores.csv")
    people, gender = np.array(sample["people"]), np.array(sample["gender"])
    _, person = np.unique(people, return_inverse=True)
    one, other = np.triu_indices(len(person), 1)
    names = sorted(set(gender) - {""})
    code = np.array([names.index(one) if one else -1 for one in gender])
    apart, group = person[one] != person[other], np.where(code[one] == code[other], code[one], -1)
    at = dict(zip(sample["samples"], code))
    mates = np.array([at[probe] if at[probe] == at[reference] else -1 for probe, reference in zip(*pairs)])
    for name, own in scores.items():
        every = np.load(folder / "lfw-all-pairs" / f"{name}.npy")
        for told in [point for point in record["points"] if point["recogniser"] == name]:
            if told["what"].endswith("not in view 1"):
                continue  # which people those are is not in the score files
            if told["what"].endswith("here"):
                rate = float(told["what"].split()[1])
                yield f"{name} threshold, {told['what']}", told["threshold"], threshold(every[apart], rate)
            close = every <= np.float32(told["threshold"])
            yield f"{name} FMR, {told['what']}", told["fmr"], np.sum(close & apart) / np.sum(apart)
            yield f"{name} FNMR, {told['what']}", told["fnmr"], np.mean(own[mated] > told["threshold"])
        for told in [grouping for grouping in record["groups"] if grouping["recogniser"] == name]:
            close, groups = every <= np.float32(told["threshold"]), [names.index(g["group"]) for g in told["groups"]]
            fmr = [np.sum(close & apart & (group == g)) / np.sum(apart & (group == g)) for g in groups]
            fnmr = [np.mean(own[mated & (mates == g)] > told["threshold"]) for g in groups]
            garbe = next((m["value"] for m in told["measures"] if m["name"] == "garbe"), None)
            if garbe is not None:
                yield f"{name} GARBE at {told['fmr']:.0e}", garbe, 0.5 * gini(fmr) + 0.5 * gini(fnmr)

    record = json.loads((folder / "identification.json").read_text())["figures"]
    with open(folder / "identification" / "searches.csv", newline="") as file:
        header, *rows = csv.reader(file)
    for told in record["searches"]:
        place = header.index(f"{told['recogniser']} mate")
        own = np.array([row[2:3] + row[place : place + 3] for row in rows if row[0] == told["search"]], float)
        mated, mate, nearest, rank = own.T
        for at in told["rates"]:
            edge = threshold(nearest[mated == 0], at["fpir"])
            missed = (mate[mated == 1] > edge) | (rank[mated == 1] != 1)
            yield f"{told['recogniser']} FNIR at {at['fpir']:g}, {told['search']}", at["fnir"], np.mean(missed)


if __name__ == "__main__":
    apart = []
    for what, told, found in figures(Path(sys.argv[1])):
        apart.append(abs(told - found))
        print(f"{what:60} {told:.12f} {found:.12f}")
    print(f"{len(apart)} figures, greatest difference: {max(apart):.1e}")
    sys.exit(not np.all(np.array(apart) <= 1e-12))
