"""Requests for what the machine does only a few of at once wait here, before a worker thread is taken.

The threads are few and serve every request: were they full of requests that wait, nothing else would be answered.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from fastapi import Depends, Request

from api.http.guard import Caller, service_of
from api.slots import BusyError, Slots
from matcher.picture.decoding import AT_ONCE

ENROLMENT_SECONDS = 60.0
"""How long an enrolment waits for each of its pictures: to be sent away at the last would lose all before it."""

LOOKING = Slots("pictures to look at", at_once=AT_ONCE, seconds=30.0)
"""A request holds one while it decodes and looks at a picture, which may take half a gigabyte for a while. There are
as many as decoders (`matcher.picture.decoders`)."""

CROWDS = Slots("photographs of several people to search", at_once=1, seconds=30.0)
"""One of them may take a minute: it must not hold all the slots that single pictures need."""

ENROLLING = Slots("enrolments", at_once=4, seconds=60.0)
"""Each holds a thread while its pictures wait for LOOKING one after the other."""

LOGINS = Slots("logins", at_once=2, seconds=5.0)
"""As many as passwords are hashed at once (`api.access.passwords`)."""


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
        except BusyError:  # only of this turn: what the endpoint itself raises is counted where it is raised
            service_of(request).logins.turned_away()
            raise
        yield


async def _hashing(request: Request) -> AsyncIterator[None]:
    async with LOGINS.entered(client_of(request)):
        yield


def client_of(request: Request) -> str:
    """The address that a request comes from."""
    return request.client.host if request.client is not None else "unknown"


# By `scope` a slot is given back when the endpoint is done, not when the client has taken its answer.
LOOKING_TURN = Depends(_looking, scope="function")
CROWD_TURN = Depends(_crowd, scope="function")
ENROLLING_TURN = Depends(_enrolling, scope="function")
LOGIN_TURN = Depends(_login, scope="function")
"""For what checks a password: one that finds no turn counts as a login that was refused."""
HASHING_TURN = Depends(_hashing, scope="function")
"""For what only sets one. It waits in the same queue, and is no login."""
