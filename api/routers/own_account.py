"""The caller's own account: its password and its second factor. For a session, never for a token."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access.account import Duty
from api.http.admission import LOGIN_TURN
from api.http.device_cookie import attempt_of, remember_device
from api.http.guard import Caller, GuardedRoute, ServiceDep, asks
from api.permission import Permission
from api.routers.accounts import Code, Password

router = APIRouter(prefix="/account", tags=["account"], route_class=GuardedRoute)

_PASSWORD = asks(Permission.SIGNED_IN, session=True, duties=frozenset(Duty))
_SECOND_FACTOR = asks(Permission.SIGNED_IN, session=True, duties={Duty.SECOND_FACTOR})


class ProofIn(BaseModel):
    """The proof of the account's owner. code: where the account has a second factor."""

    model_config = ConfigDict(hide_input_in_errors=True)
    password: Password
    code: Code | None = None


class PasswordChangeIn(ProofIn):
    """The present password, and the one that replaces it."""

    new: Password


class CodeIn(BaseModel):
    """A code of the secret that was shown."""

    code: Code


class SecondFactorOut(BaseModel):
    """True if there is a second factor, and the number of unused recovery codes. required: by the account's role."""

    enrolled: bool
    required: bool
    recovery_codes: int


class OfferOut(BaseModel):
    """A secret for the device. squares: of the QR code of `uri`, a row each; 1 is dark."""

    secret: str = Field(examples=["JBSWY3DPEHPK3PXP"])
    uri: str = Field(examples=["otpauth://totp/Clearglass:ada?secret=JBSWY3DPEHPK3PXP&issuer=Clearglass"])
    squares: list[str]


class RecoveryCodesOut(BaseModel):
    """Each is good for one login without the device. They are never shown again."""

    recovery_codes: list[str] = Field(examples=[["abcd-efgh-ijkl-mnop"]])


@router.put(
    "/password",
    operation_id="change_own_password",
    summary="Change the own password",
    status_code=204,
    openapi_extra=_PASSWORD,
    dependencies=[LOGIN_TURN],
)
def change_own_password(
    change: PasswordChangeIn, request: Request, response: Response, caller: Caller, service: ServiceDep
) -> None:
    """Ends every other session of the account. Its tokens stay."""
    attempt = attempt_of(request, change.password, change.code)
    device = service.logins.change_password(caller, attempt, change.new)
    remember_device(request, response, service.settings, account_id=caller.account.id, device=device)


@router.get(
    "/second-factor",
    operation_id="get_second_factor",
    summary="The state of the own second factor",
    openapi_extra=_SECOND_FACTOR,
)
def get_second_factor(caller: Caller, service: ServiceDep) -> SecondFactorOut:
    """Of the account that is logged in."""
    return SecondFactorOut(
        enrolled=caller.account.second_factor,
        required=caller.role in service.settings.second_factor_roles,
        recovery_codes=service.second_factors.recovery_codes_left(caller.account.id),
    )


@router.post(
    "/second-factor",
    operation_id="offer_second_factor",
    summary="Get a secret for a device",
    openapi_extra=_SECOND_FACTOR,
    dependencies=[LOGIN_TURN],
)
def offer_second_factor(proof: ProofIn, request: Request, caller: Caller, service: ServiceDep) -> OfferOut:
    """A new secret. It is in force when a code of it was sent; an earlier second factor is valid until then."""
    service.logins.prove(caller, attempt_of(request, proof.password, proof.code))
    offer = service.second_factors.offer(caller.account)
    return OfferOut(secret=offer.secret, uri=offer.uri, squares=offer.squares)


@router.put(
    "/second-factor",
    operation_id="confirm_second_factor",
    summary="Confirm the secret with a code",
    openapi_extra=_SECOND_FACTOR,
)
def confirm_second_factor(shown: CodeIn, caller: Caller, service: ServiceDep) -> RecoveryCodesOut:
    """From now on each login needs a code. The recovery codes are in this answer only."""
    codes = service.second_factors.confirm(caller.account, shown.code, actor=caller.actor, session_id=caller.session_id)
    return RecoveryCodesOut(recovery_codes=codes)
