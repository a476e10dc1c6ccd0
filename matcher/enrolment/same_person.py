"""Finds the pictures of one enrolment that show one person, by comparing them with each other; the gallery is not
searched. Two pictures match at or below the threshold in use. Not every pair has to match: a chain of matches is
enough, because a strict threshold misses many mated pairs.
"""

from collections.abc import Iterable, Sequence

from matcher.recognition.fusion import Fusion
from matcher.recognition.template import Template


def one_person(
    templates: Sequence[Template], *, known: Sequence[int] | None, fusion: Fusion, threshold: float
) -> set[int]:
    """Which of the templates, by their place, show the one person to be enrolled.

    known: the places of those that are like one of the person's references; None if there are no references. With
    references, whatever leads to one of these templates, over others or at once. Without, the largest group; of groups
    of one size, that with the first template.
    """

    def like(template: Template) -> list[int]:
        return [at for at, score in enumerate(fusion.compare_all(template, templates)) if score.fused <= threshold]

    alike = [like(template) for template in templates]
    if known is not None:
        return _linked(known, alike)
    groups = (_linked([at], alike) for at in range(len(templates)))
    return max(groups, key=len, default=set())


def _linked(start: Iterable[int], alike: Sequence[Sequence[int]]) -> set[int]:
    """All positions that a chain of matches links to the start."""
    reached: set[int] = set()
    waiting = list(start)
    while waiting:
        at = waiting.pop()
        if at not in reached:
            reached.add(at)
            waiting.extend(alike[at])
    return reached
