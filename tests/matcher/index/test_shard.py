"""What every shard keeps to: one in this process, several merged, and one behind a border that values are copied at."""

import gc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matcher.columns.selection import Selection
from matcher.columns.vectors import Numbers
from matcher.index.local_shard import LocalShard
from matcher.index.merged_shards import MergedShards
from matcher.index.shard import ScoredReferences, Shard, ShardBehindError
from matcher.index.share import Share
from matcher.matcher import Matcher
from matcher.people.change import Change
from matcher.people.template_source import TemplateSource
from matcher.people.unsealing import BLOCK
from matcher.recognition.registry import DEFAULT_FUSION
from matcher.recognition.template import Template
from matcher.search.shortlist import Match, Shortlister
from matcher.store.sealing import SealError, SealingKey
from tests.matcher.index.shards import (
    DIGEST,
    FUSION,
    KINDS,
    Distant,
    added,
    drawn,
    everything,
    local,
    merged,
    number_of,
    subject,
    template,
)

PEOPLE = 5
PICTURES = 4


@pytest.fixture(params=list(KINDS))
def shard(request: pytest.FixtureRequest) -> Iterator[Shard]:
    with closing(KINDS[request.param]()) as made:
        yield made


def crowd() -> dict[int, dict[int, Template]]:
    """By person, the templates by number; one person's lie in different blocks."""
    places = np.random.default_rng(1).permutation(PEOPLE * PICTURES).reshape(PEOPLE, PICTURES)
    return {person: {number_of(place): drawn(place) for place in own.tolist()} for person, own in enumerate(places)}


def filled(shard: Shard) -> dict[int, Template]:
    """Applies a change for each person; the templates that it then has."""
    for person, references in crowd().items():
        shard.apply(added(person + 1, subject(person), references))
    return {number: one for references in crowd().values() for number, one in references.items()}


def dissimilarity(probe: Template, other: Template) -> float:
    return FUSION.compare(probe, other).fused


def seen(found: ScoredReferences) -> dict[int, float]:
    assert len(set(found.numbers.tolist())) == len(found) == len(found.subjects)
    return dict(zip(found.numbers.tolist(), found.dissimilarities.fused.tolist(), strict=True))


def arrays_of(thing: Any) -> Iterator[NDArray[Any]]:
    """All that are reached from it."""
    waiting, met = [thing], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in met or isinstance(one, ModuleType | FunctionType | type):
            continue
        met.add(id(one))
        if isinstance(one, np.ndarray):
            yield one
        waiting += gc.get_referents(one)


# --- search -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 3, 20, 50])
def test_the_nearest_in_scope_come_with_their_scores(shard: Shard, k: int) -> None:
    held = filled(shard)
    scope = Selection.of([number for number in held if number % 3] + [3 * BLOCK + 77])
    probes = [drawn(100), drawn(101)]
    found = shard.search(probes, scope, k, revision=PEOPLE)
    assert len(found) == 2
    for probe, each in zip(probes, found, strict=True):
        scores = {number: FUSION.compare(probe, held[number]) for number in held if number in scope}
        expected = sorted(scores, key=lambda number: scores[number].scores["one"])[:k]
        assert each.numbers.tolist() == expected, "the nearest first by the embedder that is searched"
        assert [each.dissimilarities.at(place) for place in range(len(each))] == [scores[one] for one in expected]


def test_who_has_several_pictures_is_one_subject(shard: Shard) -> None:
    filled(shard)
    (found,) = shard.search([drawn(100)], everything(), 50, revision=0)
    person = {number: one for one, references in crowd().items() for number in references}
    codes = {
        (person[number], code) for number, code in zip(found.numbers.tolist(), found.subjects.tolist(), strict=True)
    }
    assert len(codes) == len({code for _, code in codes}) == PEOPLE


def test_an_empty_shard_and_an_empty_scope_find_nobody(shard: Shard) -> None:
    assert [len(one) for one in shard.search([drawn(1)] * 2, everything(), 5, revision=0)] == [0, 0]
    filled(shard)
    (found,) = shard.search([drawn(1)], Selection.of([]), 5, revision=0)
    assert not len(found)


# --- compare ----------------------------------------------------------------------------------------------------------


def test_named_references_are_compared_in_their_order(shard: Shard) -> None:
    held, probe = filled(shard), drawn(100)
    numbers = np.random.default_rng(2).permutation(list(held))
    asked = np.concatenate([[4 * BLOCK + 9, 1 << 40], numbers[:7]])
    found = shard.compare(probe, asked, revision=PEOPLE)
    assert found.numbers.tolist() == numbers[:7].tolist(), "those that it has"
    assert seen(found) == {number: dissimilarity(probe, held[number]) for number in numbers[:7].tolist()}
    assert not len(shard.compare(probe, np.array([], dtype=np.int64), revision=0))


# --- following --------------------------------------------------------------------------------------------------------


def test_it_has_the_revision_of_its_last_change(shard: Shard) -> None:
    assert shard.revision == 0
    filled(shard)
    shard.apply(Change(revision=9, subject_id=subject(0)))
    assert shard.revision == 9


@pytest.mark.parametrize("ask", ["search", "compare"])
def test_it_refuses_what_builds_on_a_change_it_has_not(shard: Shard, ask: str) -> None:
    filled(shard)

    def asked(revision: int) -> Any:
        if ask == "search":
            return shard.search([drawn(1)], everything(), 5, revision=revision)
        return shard.compare(drawn(1), np.array([1]), revision=revision)

    asked(PEOPLE)
    with pytest.raises(ShardBehindError, match=f"are at revision {PEOPLE} of the gallery.* needs revision 8") as caught:
        asked(8)
    assert (caught.value.code, "Try again" in caught.value.remedy) == ("shard_behind", True)


def test_of_who_withdraws_nothing_is_left(shard: Shard) -> None:
    held, probe = filled(shard), drawn(100)
    shard.apply(Change(revision=PEOPLE + 1, subject_id=subject(2), withdrawn=True))
    left = set(held) - set(crowd()[2])
    (found,) = shard.search([probe], everything(), 50, revision=PEOPLE + 1)
    assert set(seen(found)) == set(seen(shard.compare(probe, np.array(list(held)), revision=0))) == left
    memory = b"".join(array.tobytes() for array in arrays_of(shard))
    for references, there in ((crowd()[2], False), (crowd()[1], True)):
        for one in references.values():
            assert [vector.tobytes() in memory for vector in one.vectors.values()] == [there] * 2
    shard.apply(Change(revision=PEOPLE + 2, subject_id=subject(77), withdrawn=True))
    assert shard.revision == PEOPLE + 2


def test_a_change_may_come_twice_and_hold_what_is_there(shard: Shard) -> None:
    held, probe = filled(shard), drawn(100)
    before = seen(shard.compare(probe, np.array(list(held)), revision=0))
    more = {**crowd()[0], number_of(30): drawn(30)}
    for _ in range(2):
        shard.apply(added(PEOPLE + 1, subject(0), more))
    (found,) = shard.search([probe], everything(), 50, revision=PEOPLE + 1)
    assert seen(found) == before | {number_of(30): dissimilarity(probe, drawn(30))}


def test_references_of_another_model_are_passed_over(shard: Shard) -> None:
    shard.apply(added(1, subject(1), {5: drawn(5)}, model_digest="cd" * 32))
    assert shard.revision == 1
    assert not len(shard.compare(drawn(5), np.array([5]), revision=1))


def test_what_does_not_open_leaves_it_behind(shard: Shard) -> None:
    held = filled(shard)
    with pytest.raises(SealError, match="template"):
        shard.apply(added(PEOPLE + 1, subject(9), {9: drawn(9)}, key=SealingKey.generate().exported()))
    assert shard.revision == PEOPLE
    (found,) = shard.search([drawn(1)], everything(), 50, revision=PEOPLE)
    assert set(seen(found)) == set(held)


def test_nothing_is_shared_across_its_border(shard: Shard) -> None:
    """What a caller then does to what it gave, or was given, changes nothing."""
    held, probe = filled(shard), drawn(100)
    change = added(PEOPLE + 1, subject(9), {number_of(40): drawn(40)})
    shard.apply(change)
    assert change.added is not None
    change.added.numbers[:] = 0
    (found,) = shard.search([probe], everything(), 50, revision=0)
    compared = shard.compare(probe, found.numbers, revision=0)
    expected = seen(found)
    for given_out in (found, compared):
        arrays = (given_out.numbers, given_out.subjects, given_out.dissimilarities.fused)
        for array in (*arrays, *given_out.dissimilarities.scores.values()):
            array[:] = 0
    (again,) = shard.search([probe], everything(), 50, revision=0)
    assert seen(again) == expected
    assert set(expected) == {*held, number_of(40)}


# --- start ------------------------------------------------------------------------------------------------------------


def stored(made: str, digest: str) -> Shard:
    """A shard of this kind for the references of a data folder."""
    if made == "local":
        return LocalShard(DEFAULT_FUSION, model_digest=digest)
    shares = [Share(place=place, count=2) for place in range(2)]
    return MergedShards(
        [Distant(LocalShard(DEFAULT_FUSION, model_digest=digest, share=share)) for share in shares], DEFAULT_FUSION
    )


@pytest.mark.parametrize("made", ["local", "two distant merged"])
def test_a_folder_is_loaded_and_what_is_to_be_known_of_it_told(
    matcher: Matcher, world: Any, stub: Any, made: str
) -> None:
    subjects = []
    for person in range(3):
        subjects += [world.enrol(matcher, person, person).subject.id] * 2
        with matcher.database.writing() as connection:
            connection.exec_driver_sql(f"UPDATE sqlite_sequence SET seq = seq + {BLOCK} WHERE name = 'reference'")
    with matcher.database.writing() as connection:
        connection.exec_driver_sql("UPDATE reference SET model_digest = 'another' WHERE number = 2")
    numbers = [one.number for id_ in dict.fromkeys(subjects) for one in matcher.gallery.references(id_)]
    key = matcher.master_key.exported()
    source = TemplateSource(folder=world.folder, master_key=key, revision=3, end=numbers[-1] + 1)
    assert repr(key) not in repr(source)
    with closing(stored(made, stub.DIGEST)) as shard:
        loaded = list(shard.load(source))
        assert shard.revision == 3
        found = shard.compare(stub.template(1), np.array(numbers), revision=3)
        (searched,) = shard.search([stub.template(1)], Selection.of(numbers), 2, revision=3)
    told = {n: id_ for one in loaded for n, id_ in zip(one.numbers.tolist(), one.subjects, strict=True)}
    assert told == {n: id_ for n, id_ in zip(numbers, subjects, strict=True) if n != 2}
    assert sum(one.stale for one in loaded) == 1 and sum(len(one.digests) for one in loaded) == len(told)
    assert found.numbers.tolist() == [number for number in numbers if number != 2]
    near = found.numbers[found.dissimilarities.fused < 1e-6].tolist()
    assert [told[number] for number in near] == subjects[2:4]
    assert sorted(searched.numbers.tolist()) == near


# --- several as one ---------------------------------------------------------------------------------------------------

few = [template([*(-0.5, 0.5, 0.5, 0.5)[at:], *(0.5,) * at, *(0,) * 4], (at % 2, 0)) for at in range(4)]
"""Many are equally near by the first embedder, and not by both; all their products are exact in float32."""

templates = st.one_of(st.sampled_from(few), st.integers(0, 2).map(drawn))


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    """Up to 20 references come, some of one subject together, and some subjects withdraw."""
    made: list[Change] = []
    numbers = draw(st.permutations([number_of(place) for place in range(20)]))
    while numbers:
        count, person = draw(st.integers(1, 4)), draw(st.integers(0, 5))
        own, numbers = {number: draw(templates) for number in numbers[:count]}, numbers[count:]
        made.append(added(len(made) + 1, subject(person), own))
    for person in draw(st.sets(st.integers(0, 5), max_size=2)):
        made.append(Change(revision=len(made) + 1, subject_id=subject(person), withdrawn=True))
    return made


@settings(deadline=None)
@given(
    history=histories(),
    count=st.integers(1, 4),
    probes=st.lists(templates, min_size=1, max_size=3),
    kept_out=st.sets(st.integers(0, 19).map(number_of)),
    length=st.integers(5, 8),
    subjects=st.integers(1, 4),
    threshold=st.floats(0, 3),
)
def test_a_gallery_over_several_shards_answers_as_over_one(
    history: list[Change],
    count: int,
    probes: list[Template],
    kept_out: set[int],
    length: int,
    subjects: int,
    threshold: float,
) -> None:
    scope = everything().changed(kept_out, included=False)
    revision = history[-1].revision

    def answers(shard: Shard) -> tuple[list[list[Match]], list[Any]]:
        with closing(shard):
            for change in history:
                shard.apply(change)
            # There are few references, so the index of one shard sorts all of them, equal ones by number.
            shortlister = Shortlister(shard, subjects=subjects, length=length)
            matches = shortlister.matches(probes, scope, threshold, revision=revision)
            named = shard.compare(probes[0], numbers(), revision=revision)
            return matches, [named.numbers.tolist(), named.subjects.tolist(), named.dissimilarities.each()]

    def numbers() -> Numbers:
        return np.array([number_of(place) for place in range(20)])

    assert answers(merged(count)) == answers(local())


def test_one_of_several_that_fails_leaves_all_behind_until_it_gets_the_change_again() -> None:
    parts = [local(2, 0), local(2, 1)]
    both = MergedShards(parts, FUSION)
    change = added(1, subject(1), {0: drawn(0), BLOCK: drawn(1)})
    assert change.added is not None
    broken = replace(change, added=replace(change.added, sealed=[change.added.sealed[0], b"broken"]))
    with pytest.raises(SealError):
        both.apply(broken)
    assert [part.revision for part in parts] == [1, 0] and both.revision == 0
    both.apply(change)
    assert both.revision == 1
    assert both.compare(drawn(0), np.array([BLOCK, 0]), revision=1).numbers.tolist() == [BLOCK, 0]


def test_shares_are_all_and_do_not_overlap() -> None:
    numbers = np.arange(10 * BLOCK)
    for count in (1, 2, 3):
        shares = [Share(place=place, count=count) for place in range(count)]
        assert (np.sum([share.holds(numbers) for share in shares], axis=0) == 1).all()
        for share in shares:
            assert set(share.of(range(10))) == set((numbers[share.holds(numbers)] // BLOCK).tolist())
    for place, count in ((1, 1), (-1, 2), (0, 0)):
        with pytest.raises(ValueError, match=f"share {place} of {count}"):
            Share(place=place, count=count)


def test_a_large_one_searches_in_cells() -> None:
    with closing(LocalShard(FUSION, model_digest=DIGEST, exact_most=100)) as shard:
        references = {number: drawn(number) for number in range(1, 400)}
        shard.apply(added(1, subject(1), references))
        shard.settle(60)
        shard.apply(added(2, subject(2), {400: drawn(400)}))
        (found,) = shard.search([drawn(400)], Selection.of(range(401)), 5, revision=2)
        assert found.numbers[0] == 400 and found.dissimilarities.fused[0] == pytest.approx(0, abs=1e-6)
        assert len(found) == 5
        shard.apply(Change(revision=3, subject_id=subject(2), withdrawn=True))
        (found,) = shard.search([drawn(400)], Selection.of(range(401)), 5, revision=3)
        assert 400 not in found.numbers and len(found) == 5, "its place is another's"
