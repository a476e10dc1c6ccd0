"""The gallery as a whole."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.http.guard import GuardedRoute, ServiceDep, asks
from api.permission import Permission

router = APIRouter(prefix="/gallery", tags=["subjects"], route_class=GuardedRoute)


class GalleryOut(BaseModel):
    """The number of people in the gallery."""

    enrolled: int = Field(description="Subjects who have not withdrawn.")


@router.get("", operation_id="get_gallery", summary="The gallery", openapi_extra=asks(Permission.SUBJECTS_READ))
def get_gallery(service: ServiceDep) -> GalleryOut:
    """The total number of enrolled people, over all pages of the list."""
    return GalleryOut(enrolled=service.people.count())
