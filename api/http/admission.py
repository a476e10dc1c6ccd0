"""Limits how many requests use much of the machine simultaneously. Further requests wait, without a worker thread.

There are few worker threads, and they serve all requests. If waiting requests held them, no others would be answered.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from fastapi import Depends, Request

from api.http.guard import Caller, service_of
from api.slots import BusyError, Slots
from matcher.picture.decoding import AT_ONCE

ENROLMENT_SECONDS = 60.0
"""The longest wait of an enrolment for each of its pictures. A refusal at its last picture would lose the others."""

LOOKING = Slots("pictures to analyse", at_once=AT_ONCE, seconds=30.0)
"""A request holds a slot while it decodes and analyses a picture, which may take half a gigabyte of memory. Each
decoder has one slot (`matcher.picture.decoders`)."""

CROWDS = Slots("photographs of several people to search", at_once=1, seconds=30.0)
"""One such photograph may take a minute. With more than one at once, they could hold all slots of LOOKING."""

ENROLLING = Slots("enrolments", at_once=4, seconds=60.0)
"""An enrolment holds a thread while its pictures wait, one after the other, for slots of LOOKING."""

LOGINS = Slots("logins", at_once=2, seconds=5.0)
"""There is one slot for each password that may be hashed simultaneously (`api.access.passwords`)."""


async def _looking(caller: Caller) -> AsyncIterator[None]:
    async with LOOKING.entered(caller.account.id):
        yield


async def _crowd(caller: Caller) -> AsyncIterator[None]:
    async with CROWDS.entered(caller.account.id), LOOKING.entered(caller.account.id):
        yield


async def _enrolling(caller: Caller) -> AsyncIterator[None]:
    async with ENROLLING.entered(caller.account.id):
        yield


async def _login(request: Request) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(LOGINS.entered(client_of(request)))
        except BusyError:  # only of this slot: the endpoint counts its own errors
            service_of(request).logins.turned_away()
            raise
        yield


async def _hashing(request: Request) -> AsyncIterator[None]:
    async with LOGINS.entered(client_of(request)):
        yield


def client_of(request: Request) -> str:
    """The client's network address, or "unknown"."""
    return request.client.host if request.client is not None else "unknown"


# The scope frees a slot when the endpoint has returned, not when the client has received the answer.
LOOKING_TURN = Depends(_looking, scope="function")
CROWD_TURN = Depends(_crowd, scope="function")
ENROLLING_TURN = Depends(_enrolling, scope="function")
LOGIN_TURN = Depends(_login, scope="function")
"""For endpoints that check a password. A request that gets no slot counts as a refused login."""
HASHING_TURN = Depends(_hashing, scope="function")
"""For endpoints that only set a password. They wait in the same queue and do not count as logins."""
