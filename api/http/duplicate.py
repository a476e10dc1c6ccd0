"""Subjects who seem to be the person to be enrolled, as the API lists them."""

from pydantic import BaseModel, Field

from api.access.account import Principal
from api.service import Service
from matcher.people.duplicate import DuplicateCheck


class DuplicateOut(BaseModel):
    """A subject whose picture is as close to the new person's as two pictures of one person.

    name is null for roles that may not see names.
    """

    subject_id: str = Field(description="The id to acknowledge if this subject is a different person.")
    name: str | None = Field(examples=["Ada Lovelace"])
    reference_id: str = Field(description="The subject's nearest picture.")
    dissimilarity: float = Field(description="Lower is closer; no probability.")
    stands_for: str | None = Field(
        description="The share of strangers at this dissimilarity or closer, in words; null without a scale.",
        examples=["of strangers, 1 in 120,000 is as close"],
    )

    @classmethod
    def all_of(cls, check: DuplicateCheck, service: Service, caller: Principal) -> "list[DuplicateOut]":
        """Those of a check, the nearest first, as this caller may see them."""
        return [
            cls(
                subject_id=one.subject_id,
                name=service.people.name(caller, one.subject_id),
                reference_id=one.reference_id,
                dissimilarity=one.dissimilarity,
                stands_for=None if words is None else words.words(),
            )
            for one in check.duplicates
            for words in [service.matcher.stands_for(one.dissimilarity, request_index=check.searches[0])]
        ]
