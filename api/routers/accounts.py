"""Accounts and tokens, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.access.account import Account, Principal, Token
from api.http.admission import HASHING_TURN
from api.http.device_cookie import attempt_of
from api.http.guard import Caller, GuardedRoute, ServiceDep, asks
from api.permission import Permission, Role

router = APIRouter(tags=["accounts"], route_class=GuardedRoute)

_ASKS = asks(Permission.ACCOUNTS)


Password = Annotated[str, Field(min_length=1, max_length=256, examples=["correct horse battery staple"])]
Code = Annotated[str, Field(max_length=64, examples=["492039"])]


class PasswordIn(BaseModel):
    """A new password, set for its owner; or by its owner, with the present one. code: with the present password, where
    the account has a second factor.
    """

    model_config = ConfigDict(hide_input_in_errors=True)
    password: Password
    present: Password | None = None
    code: Code | None = None


class AccountIn(BaseModel):
    """A new account."""

    model_config = ConfigDict(hide_input_in_errors=True)
    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$", examples=["grace"])]
    password: Password
    role: Role


class AccountOut(BaseModel):
    """An account."""

    id: str = Field(examples=["7c9e6679-7425-40de-944b-e07fc1f90ae7"])
    name: str = Field(examples=["grace"])
    role: Role
    created_at: AwareDatetime
    disabled_at: AwareDatetime | None
    must_change: bool = Field(description="True if the password must be changed, because another person set it.")
    second_factor: bool = Field(description="True if a login needs a code as well.")

    @classmethod
    def of(cls, account: Account) -> "AccountOut":
        """From an `Account`."""
        return cls(
            id=account.id,
            name=account.name,
            role=account.role,
            created_at=account.created_at,
            disabled_at=account.disabled_at,
            must_change=account.must_change,
            second_factor=account.second_factor,
        )


class TokenIn(BaseModel):
    """A new token. days: how long it is valid; the installation's default if left out."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["nightly report"])]
    days: Annotated[int | None, Field(ge=1, le=366)] = None


class TokenOut(BaseModel):
    """A token, without its secret."""

    id: str
    account_id: str
    name: str
    created_at: AwareDatetime
    expires_at: AwareDatetime
    revoked_at: AwareDatetime | None

    @classmethod
    def of(cls, token: Token) -> "TokenOut":
        """From a `Token`."""
        return cls(
            id=token.id,
            account_id=token.account_id,
            name=token.name,
            created_at=token.created_at,
            expires_at=token.expires_at,
            revoked_at=token.revoked_at,
        )


class IssuedTokenOut(BaseModel):
    """A new token with its secret, which is never shown again."""

    token: TokenOut
    secret: str = Field(description="Send it as 'Authorization: Bearer …'.", examples=["cgt_…"])


@router.get("/accounts", operation_id="list_accounts", summary="List accounts", openapi_extra=_ASKS)
def list_accounts(service: ServiceDep) -> list[AccountOut]:
    """Every account by name, disabled ones too."""
    return [AccountOut.of(account) for account in service.accounts.list()]


@router.post(
    "/accounts",
    operation_id="create_account",
    summary="Add an account",
    status_code=201,
    openapi_extra=_ASKS,
    dependencies=[HASHING_TURN],
)
def create_account(new: AccountIn, caller: Caller, service: ServiceDep) -> AccountOut:
    """Adds an account. One person, one account: confirming an alert takes two of them.

    At the first login its owner must change the password. An installation's first account is its owner's choice.
    """
    account = service.accounts.create(
        name=new.name,
        password=new.password,
        role=new.role,
        actor=caller.actor,
        must_change=bool(service.accounts.list()),
    )
    return AccountOut.of(account)


@router.delete(
    "/accounts/{account_id}",
    operation_id="disable_account",
    summary="Close an account",
    status_code=204,
    openapi_extra=_ASKS,
)
def disable_account(account_id: str, caller: Caller, service: ServiceDep) -> None:
    """Closes an account permanently, with its sessions and tokens. Its id stays, because entries of the log contain
    it."""
    service.accounts.disable(account_id, actor=caller.actor)


@router.put(
    "/accounts/{account_id}/password",
    operation_id="set_password",
    summary="Set an account's password",
    status_code=204,
    openapi_extra=_ASKS,
    dependencies=[HASHING_TURN],
)
def set_password(account_id: str, new: PasswordIn, request: Request, caller: Caller, service: ServiceDep) -> None:
    """For an owner who has forgotten it. Ends the account's sessions; at the next login the owner must change it,
    unless the request contains the present password."""
    if new.present is None:
        service.accounts.set_password(account_id, new.password, actor=caller.actor)
    else:
        owner = Principal(account=service.accounts.get(account_id), via=caller.via)
        service.logins.change_password(owner, attempt_of(request, new.present, new.code), new.password)


@router.delete(
    "/accounts/{account_id}/second-factor",
    operation_id="reset_second_factor",
    summary="Remove an account's second factor",
    status_code=204,
    openapi_extra=_ASKS,
)
def reset_second_factor(account_id: str, caller: Caller, service: ServiceDep) -> None:
    """For an owner who has lost the device and the recovery codes. Ends the account's sessions."""
    service.second_factors.reset(account_id, actor=caller.actor)


@router.get("/accounts/{account_id}/tokens", operation_id="list_tokens", summary="List tokens", openapi_extra=_ASKS)
def list_tokens(account_id: str, service: ServiceDep) -> list[TokenOut]:
    """An account's tokens, newest first, ended ones too."""
    return [TokenOut.of(token) for token in service.accounts.tokens(account_id)]


@router.post(
    "/accounts/{account_id}/tokens",
    operation_id="issue_token",
    summary="Make a token",
    status_code=201,
    openapi_extra=_ASKS,
)
def issue_token(account_id: str, new: TokenIn, caller: Caller, service: ServiceDep) -> IssuedTokenOut:
    """Makes a token for an account. Its secret is in this answer only."""
    issued = service.accounts.issue_token(account_id, name=new.name, days=new.days, actor=caller.actor)
    return IssuedTokenOut(token=TokenOut.of(issued.token), secret=issued.secret)


@router.delete(
    "/tokens/{token_id}", operation_id="revoke_token", summary="End a token", status_code=204, openapi_extra=_ASKS
)
def revoke_token(token_id: str, caller: Caller, service: ServiceDep) -> None:
    """Ends a token at once."""
    service.accounts.revoke_token(token_id, actor=caller.actor)
