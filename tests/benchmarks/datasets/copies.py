"""Small copies of every data set in its real format, with noise for pictures."""

import json
import pickle
from collections.abc import Callable, Mapping
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np

from matcher.recognition.image import encode_jpeg


@cache
def jpeg(seed: int = 0) -> bytes:
    """112×112 pixels of noise."""
    return encode_jpeg(np.random.default_rng(seed).integers(0, 256, (112, 112, 3), np.uint8))


def put(path: Path, content: str | bytes | None = None) -> None:
    """Writes the file, by default a picture, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = jpeg(len(path.name)) if content is None else content
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def lfw(root: Path) -> None:
    for person, count in (("Ada_A", 3), ("Bo_B", 2), ("Cy_C", 1)):
        for number in range(1, count + 1):
            put(root / "lfw-deepfunneled" / person / f"{person}_{number:04d}.jpg")
    put(root / "pairs.txt", "2\t1\nAda_A\t1\t2\nAda_A\t1\tBo_B\t1\nBo_B\t1\t2\nBo_B\t2\tCy_C\t1\n")
    put(root / "female_names.txt", "Ada_A_0001.jpg\nAda_A_0002\n\nBo_B_0002.jpg\n")
    put(root / "male_names.txt", "Bo_B_0001.jpg\nBo_B_0002.jpg\n")


def bin_of(file: str) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        pictures = [jpeg(seed) for seed in range(40)]
        put(root / file, pickle.dumps((pictures, [index % 2 == 0 for index in range(20)]), protocol=2))

    return make


def ijb(stem: str, galleries: tuple[str, str]) -> Callable[[Path], None]:
    """Templates 10 and 11 are of person 1, 20 and 21 of person 2, and 30 of nobody in a gallery."""

    def make(root: Path) -> None:
        members = [(10, 1), (10, 2), (10, 2), (20, 3), (30, 4), (11, 5), (21, 6)]
        for number in range(len(members)):
            put(root / "loose_crop" / f"{number}.jpg")
        meta = root / "meta"
        put(
            meta / f"{stem}_face_tid_mid.txt",
            "".join(f"{number}.jpg {template} {medium}\n" for number, (template, medium) in enumerate(members)),
        )
        points = "38.5 51.5 73.5 51.5 56.0 71.7 41.5 92.3 70.7 92.2"
        put(
            meta / f"{stem}_name_5pts_score.txt",
            "".join(f"{number}.jpg {number}{points} 0.99\n" for number in range(len(members))),
        )
        put(meta / f"{stem}_template_pair_label.txt", "10 11 1\n10 20 0\n21 20 1\n30 11 0\n")
        head = "TEMPLATE_ID,SUBJECT_ID,FILENAME\n"
        put(meta / f"{stem}_1N_gallery_{galleries[0]}.csv", head + "10,1,img/0.jpg\n10,1,frames/1.jpg\n")
        put(meta / f"{stem}_1N_gallery_{galleries[1]}.csv", head + "20,2,img/3.jpg\n")
        put(meta / f"{stem}_1N_probe_mixed.csv", head + "30,3,img/4.jpg\n11,1,img/5.jpg\n21,2,img/6.jpg\n")

    return make


def megaface(root: Path) -> None:
    for name in ("1/10@N00/a.jpg", "1/10@N00/b.jpg", "2/c.png", "2/._c.png", "2/c.json"):
        put(root / name)
    put(root / "list.json", json.dumps({"id": ["x", "y"], "path": ["2/c.png", "1/10@N00/a.jpg"]}))


def rfw(root: Path) -> None:
    for race in ("African", "Asian", "Caucasian", "Indian"):
        people = (f"m.0{race[:2]}1", f"m.0{race[:2]}2")
        for person in people:
            for number in range(1, 6):
                put(root / "data" / race / person / f"{person}_{number:04d}.jpg")
        pairs = [
            f"{people[0]}\t{first}\t{second}\n{people[0]}\t{first}\t{people[1]}\t{second}\n"
            for first, second in combinations(range(1, 6), 2)
        ]
        put(root / "txts" / race / f"{race}_pairs.txt", "".join(pairs))


def bfw(root: Path) -> None:
    pictures = ["asian_females/n000009/0010_01.jpg", "asian_females/n000009/0043_01.jpg", "white_males/n7/1.jpg"]
    for name in pictures:
        put(root / "face-samples" / name)
    rows = [(1, 0, 1, 1), (1, 0, 2, 0), (5, 1, 2, 0)]
    lines = [
        f"{index},{fold},{pictures[first]},{pictures[second]},{label},0,{1 - label},a,b,0.8\n"
        for index, (fold, first, second, label) in enumerate(rows)
    ]
    put(root / "meta" / "bfw-v0.1.5-datatable.csv", ",fold,p1,p2,label,id1,id2,att1,att2,vgg16\n" + "".join(lines))


GROUPS = ("Asian_Females", "Asian_Males", "Black_Females", "Black_Males", "White_Females", "White_Males")


def demogpairs(root: Path) -> None:
    for group in GROUPS:
        for name in ("1.jpg", "2.jpg"):
            put(root / group / f"somebody_of_{group}" / name)


def fairface(root: Path) -> None:
    for name in ("train/1.jpg", "train/2.jpg", "val/1.jpg"):
        put(root / name)
    head = "file,age,gender,race,service_test\n"
    put(
        root / "fairface_label_train.csv",
        head + "train/1.jpg,50-59,Male,East Asian,True\ntrain/2.jpg,0-2,Female,Black,False\n",
    )
    put(root / "fairface_label_val.csv", head + "val/1.jpg,more than 70,Female,Latino_Hispanic,True\n")


def utkface(root: Path) -> None:
    for name in (
        "part1/26_1_0_20170116184024662.jpg",
        "100_0_4_20170110183726390.jpg.chip.jpg",
        "61_1_20170109150557335.jpg.chip.jpg",
        "24_0_1_20170116220224657 .jpg",
        "39_1_7_20170116174525125.jpg",
        "161_1_0_20170116174525125.jpg",
    ):
        put(root / name)


def folder(root: Path) -> None:
    for person, count in (("ada", 4), ("bo", 2), ("cy", 1)):
        for number in range(count):
            put(root / person / f"{number}.{'png' if number == 3 else 'jpg'}")
    put(root / "ada" / "notes.txt", "no picture")
    put(root / "labels.csv", "who,gender,age\nada,female,\nada/1.jpg,,40\nbo,male,30\n")


COPIES: Mapping[str, Callable[[Path], None]] = {
    "lfw": lfw,
    "cfp-fp": bin_of("cfp_fp.bin"),
    "agedb-30": bin_of("agedb_30.bin"),
    "calfw": bin_of("calfw.bin"),
    "cplfw": bin_of("cplfw.bin"),
    "ijb-b": ijb("ijbb", ("S1", "S2")),
    "ijb-c": ijb("ijbc", ("G1", "G2")),
    "megaface": megaface,
    "rfw": rfw,
    "bfw": bfw,
    "demogpairs": demogpairs,
    "fairface": fairface,
    "utkface": utkface,
    "folder": folder,
}
"""By the registry's name, how to write a copy into a folder."""
