"""Finds the pictures of one enrolment that show one person, by comparing them with each other; the gallery is not
searched. Two pictures match at or below the threshold in use. Not every pair has to match: a chain of matches is
enough, because a strict threshold misses many mated pairs.
"""

from collections.abc import Iterable, Sequence

from matcher.recognition.fusion import Fusion
from matcher.recognition.template import Template


def one_person(
    templates: Sequence[Template], *, known: Sequence[Template], fusion: Fusion, threshold: float
) -> set[int]:
    """The positions of the templates that show the person to be enrolled. known: the person's references of the same
    model. With known references: the templates that a chain of matches links to one of them. Without: the largest
    linked group; of groups of equal size, the one with the first template.
    """

    def like(template: Template, others: Sequence[Template]) -> list[int]:
        return [at for at, score in enumerate(fusion.compare_all(template, others)) if score.fused <= threshold]

    alike = [like(template, templates) for template in templates]
    if known:
        return _linked((at for at, template in enumerate(templates) if like(template, known)), alike)
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
