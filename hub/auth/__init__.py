"""Who may come in: users, passwords, tokens and the login flow, without any HTTP."""

from hub.auth.auth import Auth
from hub.auth.errors import (
    CredentialsExist,
    CredentialsNotFound,
    FlowBusy,
    FlowNotFound,
    GrantError,
    InvalidAuth,
    InvalidCode,
    InvalidCurrentPassword,
    InvalidPolicy,
    InvalidUsername,
    LoginBlocked,
    NoDeleteSelf,
    OnboardingRequired,
    RedirectRefused,
    TooManyAttempts,
    UserNotFound,
    WeakPassword,
)
from hub.auth.refresh import RefreshToken, TokenType
from hub.auth.roles import Role
from hub.auth.tokens import ACCESS_SECONDS, Session
from hub.auth.user import User

__all__ = [
    "ACCESS_SECONDS",
    "Auth",
    "CredentialsExist",
    "CredentialsNotFound",
    "FlowBusy",
    "FlowNotFound",
    "GrantError",
    "InvalidAuth",
    "InvalidCode",
    "InvalidCurrentPassword",
    "InvalidPolicy",
    "InvalidUsername",
    "LoginBlocked",
    "NoDeleteSelf",
    "OnboardingRequired",
    "RedirectRefused",
    "RefreshToken",
    "Role",
    "Session",
    "TokenType",
    "TooManyAttempts",
    "User",
    "UserNotFound",
    "WeakPassword",
]
