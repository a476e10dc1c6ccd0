"""A month that was simulated is the same as its log; and what was planted in it is found from the export alone."""

from pathlib import Path

import pytest

from benchmarks.live_month.live_month import SMALL
from benchmarks.live_month.live_month_log import MonthLog
from benchmarks.live_month.live_month_world import FACTOR, simulate
from matcher.audit.auditor import audit
from matcher.evaluation.live import evaluate
from matcher.evaluation.published import evaluate_log
from matcher.log.stored_publication import StoredPublication
from matcher.store.database import Database
from matcher.tlog.errors import NoteError
from matcher.tlog.export import ExportedLog
from matcher.tlog.note import Signer, Verifier
from tests.empty_folder import empty_folder

pytestmark = pytest.mark.slow


def test_from_the_export_of_a_real_log_come_the_same_figures_and_what_was_planted(tmp_path: Path) -> None:
    month = simulate(SMALL, seed=1, factor=FACTOR)
    with Database.open(empty_folder(tmp_path / "data")) as database:
        verifier = Verifier.parse(MonthLog(month).write(database).verifier_key)
        ExportedLog(tmp_path / "export").extend(StoredPublication(database))
        own = evaluate_log(StoredPublication(database), month.declarations)
    export = ExportedLog(tmp_path / "export")
    assert audit(export, verifier).verified, "the month's log keeps every rule of a log"
    made = evaluate_log(export, month.declarations, verifiers=[verifier])
    assert made.report == own.report == evaluate(month.events, month.groups)
    assert made.signed and not own.signed
    (finding,) = made.report.findings
    assert finding.startswith("gender female: falsely named")
    with pytest.raises(NoteError):
        evaluate_log(export, verifiers=[Signer.generate(verifier.name).verifier])


def test_a_fair_month_gives_no_finding_and_an_unfair_one_its_own() -> None:
    fair, unfair = simulate(SMALL, seed=2), simulate(SMALL, seed=2, factor=FACTOR)
    assert evaluate(fair.events, fair.groups).findings == []
    (one,) = (one for one in evaluate(unfair.events, unfair.groups).comparisons if one.finding)
    assert (one.attribute, one.value) == ("gender", "female")
    assert one.ratio is not None and one.ratio.holds(FACTOR)
