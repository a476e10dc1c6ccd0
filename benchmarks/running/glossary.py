"""The terms of the field, for readers who are new to it."""

import re
from dataclasses import dataclass

_STANDARD = "ISO/IEC 2382-37"
_TESTING = "ISO/IEC 19795-1"
_GROTHER = "Grother, NIST IR 8429, 2022"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """term: as tables use it. name: in full, if the term is an abbreviation. source: of the definition."""

    term: str
    name: str = ""
    meaning: str
    source: str = ""

    @property
    def anchor(self) -> str:
        """Where its entry is in a page."""
        return "term-" + re.sub(r"[^a-z0-9]+", "-", self.term.lower())


GLOSSARY = (
    Entry(
        term="probe",
        meaning="The picture one asks about: a face seen by a camera, or handed in.",
        source=_STANDARD,
    ),
    Entry(
        term="reference",
        meaning="The picture kept of a person who agreed to be found. All references together are the gallery.",
        source=_STANDARD,
    ),
    Entry(
        term="mated",
        meaning="Two pictures of one and the same person; a search for somebody who is in the gallery.",
        source=_STANDARD,
    ),
    Entry(
        term="non-mated",
        meaning="Two pictures of different people; a search for somebody who is not in the gallery.",
        source=_STANDARD,
    ),
    Entry(
        term="dissimilarity",
        meaning="How different two faces are. Lower is closer. It is no probability.",
    ),
    Entry(
        term="threshold",
        meaning="The dissimilarity up to which two pictures count as the same person. A strict threshold mistakes "
        "fewer strangers and misses more of the right people. An operating point is a threshold together with the "
        "measurement that it was chosen by.",
    ),
    Entry(
        term="FMR",
        name="false match rate",
        meaning="Of pairs of different people, the share wrongly taken for one person. 1e-4 is 1 in 10,000: one "
        "picture compared with 10,000 strangers is then wrongly matched about once.",
        source=_STANDARD,
    ),
    Entry(
        term="FNMR",
        name="false non-match rate",
        meaning="Of pairs of one person, the share not recognised. 0.02 is 2 in 100. A picture in which no face is "
        "found counts as not recognised.",
        source=_STANDARD,
    ),
    Entry(
        term="FPIR",
        name="false positive identification rate",
        meaning="Of searches for people who are not in the gallery, the share that name somebody all the same. It "
        "grows with the gallery: about one minus (1 − FMR) to the power of the number of people in it.",
        source=_TESTING,
    ),
    Entry(
        term="FNIR",
        name="false negative identification rate",
        meaning="Of searches for people who are in the gallery, the share that do not name them.",
        source=_TESTING,
    ),
    Entry(
        term="failure to acquire",
        meaning="No face was found in the picture, so that nothing could be compared. It is counted as an error, "
        "never left out.",
        source=_STANDARD,
    ),
    Entry(
        term="EER",
        name="equal error rate",
        meaning="The error where FMR and FNMR are the same. It sums up a curve in a number, at a threshold that "
        "nobody would use; other rates tell more.",
    ),
    Entry(
        term="DET",
        name="detection error trade-off",
        meaning="The curve of FNMR over FMR: what strictness costs. Lower left is better.",
        source=_TESTING,
    ),
    Entry(
        term="ROC",
        name="receiver operating characteristic",
        meaning="The same curve the other way up: the share of mated pairs that match, over FMR. Upper left is better.",
        source=_TESTING,
    ),
    Entry(
        term="CMC",
        name="cumulative match characteristic",
        meaning="How often the right person is among the first 1, 2, 3 … candidates of a search.",
        source=_TESTING,
    ),
    Entry(
        term="interval",
        meaning="A measured rate comes of the people who happened to be measured. The two numbers in brackets behind "
        "it are its 95 % interval: were it measured again and again with other people of the same kind, about 95 in "
        "100 such intervals would hold the true rate. A wide one says: too few to know. It tells nothing of people "
        "of another kind.",
    ),
    Entry(
        term="max to min",
        meaning="How many times as often strangers of the worst-off group are taken for each other as those of the "
        "best-off one. 1 is equal.",
        source=_GROTHER,
    ),
    Entry(
        term="max to geometric mean",
        meaning="The FMR of the worst-off group over the geometric mean of all groups' FMR. 1 is equal.",
        source=_GROTHER,
    ),
    Entry(
        term="FDR",
        name="fairness discrepancy rate",
        meaning="One minus the mean of the largest differences of FMR and of FNMR between groups. 1 is equal, but it "
        "stays near 1 even when one group has ten times the errors of another.",
        source="Pereira and Marcel, IEEE TBIOM, 2022",
    ),
    Entry(
        term="inequity",
        name="inequity rate",
        meaning="The largest ratios of FMR and of FNMR between groups, multiplied, each by its square root. 1 is "
        "equal.",
        source=_GROTHER,
    ),
    Entry(
        term="GARBE",
        name="Gini aggregation rate for biometric equitability",
        meaning="How unevenly errors are spread over groups, from 0 (evenly) to 1 (all on one group).",
        source="Howard and others, ICPR workshops, 2022",
    ),
    Entry(
        term="nothing is claimed",
        meaning="There were too few people or pairs of a group to tell its rate from. That is no sign that it is low.",
    ),
    Entry(
        term="p50, p95",
        meaning="Half of all cases took at most this long; 95 of 100 did.",
    ),
    Entry(
        term="recall",
        meaning="Of what should have been found, the share that was.",
    ),
    Entry(
        term="quick run",
        meaning="A small part of the data only, to see that everything works. Its numbers are no result.",
    ),
    Entry(
        term="digest",
        meaning="A long number computed from a file or model, which changes with any change of it: who has the same "
        "digest has the very same model.",
    ),
)
