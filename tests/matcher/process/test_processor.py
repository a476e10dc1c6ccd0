"""A processor that the packages cannot run on is named before it ends the process."""

import subprocess
import sys
from pathlib import Path

import pytest

from api.doctor import examine
from matcher.process.processor import ProcessorError, lacking, require_processor

V2 = "fpu sse sse2 pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"


def cpuinfo(flags: str) -> str:
    """As Linux writes it, of a processor with these flags."""
    return f"processor\t: 0\nmodel name\t: A Processor\nflags\t\t: {flags}\nbugs\t\t:\n\nprocessor\t: 1\n"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (cpuinfo(f"{V2} avx"), ()),
        (cpuinfo(f"{V2} avx avx2"), ()),
        (cpuinfo(V2), ("avx",)),
        (cpuinfo(f"{V2} avx2"), ("avx",)),  # a flag is a whole word
        (cpuinfo("fpu sse sse2 pni cx16"), ("ssse3", "sse4_1", "sse4_2", "popcnt", "avx")),  # QEMU's kvm64
        ("processor\t: 0\nFeatures\t: fp asimd\n", ()),  # an ARM: other packages, other flags
        ("", ()),
    ],
)
def test_what_is_lacking(text: str, missing: tuple[str, ...]) -> None:
    assert lacking(text) == missing


def test_this_machine_is_fit_and_one_that_says_nothing_passes(tmp_path: Path) -> None:
    assert require_processor()
    assert require_processor(tmp_path / "none")


def test_the_doctor_says_it_and_goes_no_further(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo(V2))
    with pytest.raises(ProcessorError, match="lacks AVX"):
        require_processor(tmp_path / "cpuinfo")
    found = list(examine(folder=tmp_path, host="127.0.0.1", port=0, cpuinfo=tmp_path / "cpuinfo"))
    assert [(finding.what, finding.well) for finding in found] == [("Python", True), ("processor", False)]
    assert "AVX" in found[1].found and "-cpu host" in found[1].remedy


def test_no_package_is_loaded_before_the_processor_is_looked_at() -> None:
    code = """
import sys
import api.cli.main, api.doctor
from matcher.process import processor
def refuse():
    print(sorted({"numpy", "dlib", "onnxruntime"} & set(sys.modules)))
    raise processor.ProcessorError(("avx",))
processor.require_processor = refuse
sys.argv = ["clearglass", "account", "list"]
api.cli.main.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (1, "[]"), done.stderr
    assert "lacks AVX" in done.stderr
