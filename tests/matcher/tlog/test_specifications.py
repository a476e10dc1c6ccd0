"""The examples in the C2SP specifications themselves, read as they stand there, and spoilt ones refused.

Their keys are not published, so that what is signed over, and not the signature, is what can be held against them.
"""

import base64

import pytest

from matcher.audit.receipt import Receipt
from matcher.log.errors import ReceiptError
from matcher.tlog import cosignature
from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.cosignature import CosignatureVerifier, Cosigner
from matcher.tlog.errors import NoteError
from matcher.tlog.note import Signer, Verifier, note_text, open_note
from matcher.tlog.witness import Refusal, Witness

# c2sp.org/tlog-checkpoint and c2sp.org/tlog-cosignature
CHECKPOINT = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""
COSIGNATURE = (
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5"
    "nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
COSIGNED = """\
cosignature/v1
time 1679315147
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
"""
# c2sp.org/tlog-witness
ADD_CHECKPOINT = f"""\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

{CHECKPOINT}"""


def test_a_checkpoint() -> None:
    checkpoint = Checkpoint.parse(note_text(CHECKPOINT))
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text == note_text(CHECKPOINT)
    for spoilt in (
        CHECKPOINT.replace("20852163", "020852163"),
        CHECKPOINT.replace("20852163", "-1"),
        CHECKPOINT.replace("q2I=\n\n", "q2J=\n\n"),
        CHECKPOINT.replace("q2I=\n\n", "q2I=\n\n\n"),
        CHECKPOINT.replace("example.com/behind-the-sofa\n", "\n", 1),
    ):
        with pytest.raises(NoteError):
            Checkpoint.parse(note_text(spoilt))


def test_a_note_needs_a_key_that_is_known() -> None:
    name = "example.com/behind-the-sofa"
    with pytest.raises(NoteError, match="none of the keys"):
        open_note(CHECKPOINT, [Signer.generate(name).verifier])
    known = Verifier(name=name, public=bytes(32))
    known.__dict__["key_id"] = base64.b64decode(CHECKPOINT.rsplit(" ", maxsplit=1)[-1])[
        :4
    ]  # then its signature must verify
    with pytest.raises(NoteError, match="does not verify"):
        open_note(CHECKPOINT, [known])
    for spoilt in (
        CHECKPOINT.replace("—", "-"),
        CHECKPOINT[:-1],
        CHECKPOINT.replace("\n— ", "\n—  "),
        CHECKPOINT.replace("sofa Az", "so+fa Az"),
        CHECKPOINT.replace("\n\n", "\n"),
    ):
        with pytest.raises(NoteError, match="note is not valid"):
            open_note(spoilt, [known])


def test_what_a_cosignature_is_made_over() -> None:
    assert cosignature._message(note_text(CHECKPOINT), 1679315147).decode() == COSIGNED
    raw = base64.b64decode(COSIGNATURE.rsplit(" ", maxsplit=1)[-1])
    assert len(raw) == 4 + 8 + 64 and int.from_bytes(raw[4:12], "big") == 1679315147
    signer = Cosigner.generate("witness.example.com/w1")
    line = signer.cosign(note_text(CHECKPOINT), 1679315147)
    assert open_note(CHECKPOINT + line, [signer.verifier]) == note_text(CHECKPOINT)
    made = base64.b64decode(line.split(" ")[-1])
    assert made[4:12] == raw[4:12]
    for spoilt in (made[:11] + bytes([made[11] ^ 1]) + made[12:], made[:-1], made[:4] + made[12:]):
        said = f"— witness.example.com/w1 {base64.b64encode(spoilt).decode()}\n"
        with pytest.raises(NoteError):
            open_note(CHECKPOINT + said, [signer.verifier])
    key = str(signer.verifier)
    with pytest.raises(NoteError, match="another type"):
        Verifier.parse(key)
    assert CosignatureVerifier.parse(key) == signer.verifier


@pytest.mark.parametrize(
    ("log", "change", "status"),
    [
        ("example.com/behind-the-sofa", lambda text: text, 403),
        ("example.com/another", lambda text: text, 404),
        ("example.com/behind-the-sofa", lambda text: text.replace("old 20852014", "old 020852014"), 400),
        ("example.com/behind-the-sofa", lambda text: text.replace("old 20852014", "old"), 400),
        ("example.com/behind-the-sofa", lambda text: text.replace("kaw=\n", "kax=\n"), 400),
        ("example.com/behind-the-sofa", lambda text: text.replace("/0=\n\n", "/0=\n"), 400),
        ("example.com/behind-the-sofa", lambda text: text.replace("kaw=\n", "kaw=\n" * 61), 400),
    ],
)
def test_a_request_to_a_witness(log: str, change: object, status: int) -> None:
    witness = Witness.__new__(Witness)  # nothing gets as far as its folder
    witness._logs = [Signer.generate(log).verifier]
    assert callable(change)
    with pytest.raises(Refusal) as refused:
        witness.add_checkpoint(change(ADD_CHECKPOINT))
    assert refused.value.status == status


# c2sp.org/tlog-proof, with the checkpoint in full
PROOF = f"""\
c2sp.org/tlog-proof@v1
extra eyJib2R5Ijp7fX0=
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

{CHECKPOINT}"""


def test_a_proof() -> None:
    receipt = Receipt.parse(PROOF)
    assert (receipt.index, len(receipt.proof), receipt.checkpoint) == (73894, 5, CHECKPOINT)
    assert receipt.text == PROOF
    for spoilt in (
        PROOF.replace("@v1", "@v2"),
        PROOF.replace("index 73894", "index 073894"),
        PROOF.replace("5vk=\n\n", "5vk=\n"),
        PROOF.replace("PlQ=", "PlR="),
        PROOF.replace("extra eyJib2R5Ijp7fX0=", "extra eyJib2R5Ijp7fX0"),
    ):
        with pytest.raises(ReceiptError):
            Receipt.parse(spoilt)
