"""Which pictures show one person: pictures of one enrolment held against each other. No search of the gallery.

Two are alike at or below the threshold in use. A person's pictures need not all be alike: from one to the next is
enough, for a strict threshold tells apart many a pair that is of one person.
"""

from collections.abc import Iterable, Sequence

from matcher.recognition.fusion import Fusion
from matcher.recognition.template import Template


def one_person(
    templates: Sequence[Template], *, known: Sequence[Template], fusion: Fusion, threshold: float
) -> set[int]:
    """Which of the templates, by their place, show the one person to be enrolled.

    known: the person's references of the same model. If there are any, whatever leads to one of them, over other
    templates or at once. If there are none, the largest group; of groups of one size, that with the first template.
    """

    def like(template: Template, others: Sequence[Template]) -> list[int]:
        return [at for at, score in enumerate(fusion.compare_all(template, others)) if score.fused <= threshold]

    alike = [like(template, templates) for template in templates]
    if known:
        return _linked((at for at, template in enumerate(templates) if like(template, known)), alike)
    groups = (_linked([at], alike) for at in range(len(templates)))
    return max(groups, key=len, default=set())


def _linked(start: Iterable[int], alike: Sequence[Sequence[int]]) -> set[int]:
    """All that is reached from the start, from one to the next."""
    reached: set[int] = set()
    waiting = list(start)
    while waiting:
        at = waiting.pop()
        if at not in reached:
            reached.add(at)
            waiting.extend(alike[at])
    return reached
