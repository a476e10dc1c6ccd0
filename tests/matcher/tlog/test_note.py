import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.tlog.checkpoint import Checkpoint
from matcher.tlog.errors import NoteError
from matcher.tlog.note import Signer, Verifier, open_note, sign_note

# The example of Go's golang.org/x/mod/sumdb/note, which C2SP signed-note grew from.
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    GO_TEXT
    + "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNI"
    + "uGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

SIGNER = Signer(name="clearglass/test", seed=bytes(range(32)))
OTHER = Signer(name="clearglass/other", seed=bytes(32))
NOTE = sign_note("a\n\nb\n", SIGNER)


def test_gos_own_note_opens_and_is_signed_alike() -> None:
    verifier = Verifier.parse(GO_VERIFIER)
    assert open_note(GO_NOTE, [verifier]) == GO_TEXT
    assert sign_note(GO_TEXT, Signer.parse(GO_SIGNER)) == GO_NOTE
    assert Signer.parse(GO_SIGNER).encode() == GO_SIGNER
    assert str(verifier) == GO_VERIFIER


def test_split_at_the_last_blank_line() -> None:
    assert open_note(NOTE, [SIGNER.verifier]) == "a\n\nb\n"


def test_several_signers_and_unknown_keys() -> None:
    note = sign_note("text\n", OTHER, SIGNER)
    assert open_note(note, [SIGNER.verifier]) == "text\n"
    assert open_note(note, [OTHER.verifier, SIGNER.verifier]) == "text\n"
    many = [Signer(name=f"key{at}", seed=bytes([at]) * 32) for at in range(20)]
    assert open_note(sign_note("text\n", *many, SIGNER), [SIGNER.verifier]) == "text\n"


def test_a_known_keys_wrong_signature_spoils_the_note_even_beside_a_right_one() -> None:
    wrong = sign_note("other\n", OTHER).splitlines(keepends=True)[-1]
    with pytest.raises(NoteError, match="does not verify"):
        open_note(sign_note("text\n", SIGNER) + wrong, [SIGNER.verifier, OTHER.verifier])
    assert open_note(sign_note("text\n", SIGNER) + wrong, [SIGNER.verifier]) == "text\n"


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        NOTE[:-1],
        NOTE.replace("\u2014", "-"),
        NOTE.replace("a\n", "a\x07\n"),
        NOTE.replace("a\n", "a\r\n"),
        NOTE.replace("a\n", "c\n"),
        NOTE + "\n",
        NOTE + "rubbish\n",
        "text\n\n\u2014 clearglass/test AAAA\n",
        "text\n\n\u2014 clearglass/test !!!!\n",
    ],
)
def test_malformed_notes_are_refused(note: str) -> None:
    with pytest.raises(NoteError):
        open_note(note, [SIGNER.verifier])


@given(st.text(max_size=200))
def test_rubbish_never_opens_and_never_crashes(text: str) -> None:
    for candidate in (text, text + "\n\n" + text, NOTE[:20] + text + NOTE[20:] if text else text):
        with pytest.raises(NoteError):
            open_note(candidate, [SIGNER.verifier])
    for parse in (Verifier.parse, Signer.parse, Checkpoint.parse):
        with pytest.raises(NoteError):
            parse(text)


@pytest.mark.parametrize("code", range(0x22))
def test_control_characters_but_newlines_are_no_text_of_a_note(code: int) -> None:
    text = f"a{chr(code)}b\n"
    if code >= 0x20 or text == "a\nb\n":
        assert sign_note(text, SIGNER).startswith(text)
        return
    with pytest.raises(NoteError, match="control characters"):
        sign_note(text, SIGNER)


@pytest.mark.parametrize("text", ["", "no newline", "bell\x07\n", "\ud800\n"])
def test_texts_that_cannot_be_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign_note(text, SIGNER)


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "with\u2003space"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(NoteError):
        Signer.generate(name)


def test_a_key_whose_id_does_not_fit_is_refused() -> None:
    with pytest.raises(NoteError):
        Verifier.parse(GO_VERIFIER.replace("c74f20a3", "c74f20a4"))
    with pytest.raises(NoteError):
        Verifier.parse(GO_VERIFIER.replace("PeterNeumann", "PaulNeumann"))


def test_the_seed_is_not_shown() -> None:
    assert "seed" not in repr(SIGNER)
    assert base64.b64encode(SIGNER.seed).decode() not in repr(SIGNER)


def test_a_checkpoint_is_three_lines_and_comes_back() -> None:
    checkpoint = Checkpoint(origin="clearglass/test", size=42, root=bytes(range(32)))
    assert checkpoint.text == "clearglass/test\n42\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    assert Checkpoint.parse(checkpoint.text) == checkpoint
    assert Checkpoint.parse(checkpoint.text + "an extension\n") == checkpoint


ROOT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.mark.parametrize(
    "text",
    [
        f"\n1\n{ROOT}\n",
        f"o\n01\n{ROOT}\n",
        f"o\n-1\n{ROOT}\n",
        f"o\n+1\n{ROOT}\n",
        f"o\n1\n{ROOT}",
        f"o\n1\n{ROOT[:-4]}\n",
        f"o\n1\n{ROOT[:-2]}9=\n",
        f"o\n\u0661\n{ROOT}\n",
        f"o\n1\n{ROOT}\n\n",
        f"o\n{'9' * 30}\n{ROOT}\n",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)
