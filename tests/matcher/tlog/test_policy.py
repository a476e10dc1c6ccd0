"""C2SP tlog-policy: the specification's own example, and what it forbids."""

from itertools import combinations

import pytest

from matcher.tlog.cosignature import Cosigner
from matcher.tlog.errors import PolicyError
from matcher.tlog.note import Signer
from matcher.tlog.policy import Policy

NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
KEYS = {name: str(Cosigner.generate(f"example.org/{name}").verifier) for name in NAMES}
LOG = str(Signer.generate("example.org/log").verifier)

EXAMPLE = f"""# of two organisations
log {LOG}

witness X1 {KEYS["X1"]}
\twitness  X2\t{KEYS["X2"]} https://x2.example.org/
witness X3 {KEYS["X3"]}
group X-witnesses 2 X1 X2 X3

witness Y1 {KEYS["Y1"]}
witness Y2 {KEYS["Y2"]}
witness Y3 {KEYS["Y3"]}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def test_the_specifications_example() -> None:
    policy = Policy.parse(EXAMPLE)
    assert set(policy.witnesses) == set(NAMES)
    assert policy.witnesses["X2"].address == "https://x2.example.org/"
    assert policy.witnesses["X1"].address is None
    assert str(policy.witnesses["Y3"].verifier) == KEYS["Y3"]
    for count in range(len(NAMES) + 1):
        for cosigned in combinations(NAMES, count):
            enough = len({"X1", "X2", "X3"} & set(cosigned)) >= 2 and bool({"Y1", "Y2", "Y3"} & set(cosigned))
            assert policy.satisfied(cosigned) is enough, cosigned


def test_one_witness_or_nobody() -> None:
    one = Policy.parse(f"witness X1 {KEYS['X1']}\nquorum X1\n")
    assert one.satisfied({"X1"}) and not one.satisfied({"X2"}) and not one.satisfied(())
    nobody = Policy.parse(f"witness X1 {KEYS['X1']}\nquorum none")
    assert nobody.satisfied(()) and nobody.quorum is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no quorum"),
        ("witness X1 {X1}\n", "no quorum"),
        ("quorum X1\n", "line 1.*not named"),
        ("quorum none\nquorum none\n", "line 2.*second quorum"),
        ("quorum none extra\n", "line 1.*other parts"),
        ("quorums none\n", "line 1.*none of"),
        ("log\nquorum none\n", "line 1.*other parts"),
        ("witness X1 {LOG}\nquorum none\n", "line 1.*another type"),
        ("witness X1 rubbish\nquorum none\n", "line 1"),
        ("witness none {X1}\nquorum none\n", "line 1.*taken"),
        ("witness X1 {X1}\nwitness X1 {X2}\nquorum none\n", "line 2.*taken"),
        ("witness X1 {X1}\nwitness X2 {X1}\nquorum none\n", "line 2.*key once more"),
        ("witness X1 {X1}\ngroup X1 any X1\nquorum none\n", "line 2.*taken"),
        ("witness X1 {X1}\ngroup g 2 X1\nquorum none\n", "line 2.*'2' of 1"),
        ("witness X1 {X1}\ngroup g 0 X1\nquorum none\n", "line 2.*'0' of 1"),
        ("witness X1 {X1}\ngroup g most X1\nquorum none\n", "line 2.*'most' of 1"),
        ("witness X1 {X1}\ngroup g any X1 X1\nquorum none\n", "line 2.*member already"),
        ("witness X1 {X1}\ngroup g any X1\ngroup h any X1\nquorum g\n", "line 3.*member already"),
        ("witness X1 {X1}\ngroup g any none\nquorum g\n", "line 2.*not named"),
        ("group g any h\nwitness h {X1}\nquorum g\n", "line 1.*not named"),
    ],
)
def test_what_a_policy_may_not_say(text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        Policy.parse(text.format(LOG=LOG, **KEYS))
