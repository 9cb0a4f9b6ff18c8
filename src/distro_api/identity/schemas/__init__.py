"""What identity takes and gives."""

from distro_api.identity.schemas.audit import AuditOut
from distro_api.identity.schemas.auth import LogIn, LogOut, Refresh, TokenForm, TokensOut
from distro_api.identity.schemas.fields import (
    MAX_PASSWORD_LENGTH,
    MIN_PASSWORD_LENGTH,
    Account,
    CaptchaPart,
    Email,
    NewPassword,
    Password,
    RefreshTokenText,
    Scope,
    Username,
)
from distro_api.identity.schemas.me import ChangePassword, LoginOut, MeOut, OrganizationBrief, SessionOut, UpdateMe
from distro_api.identity.schemas.menus import QuickLink, QuickLinksOut, RecentMenusOut, SetQuickLinks, TouchMenu
from distro_api.identity.schemas.organizations import (
    CreateOrganization,
    CreateOwner,
    OrganizationDetailOut,
    OrganizationOut,
    OwnerOut,
    PartneringOut,
    ResumeOrganization,
    SetPartnerPolicy,
    SuspendOrganization,
)
from distro_api.identity.schemas.parameters import ParameterChangeOut, ParameterOut, SetParameter

__all__ = [
    "MAX_PASSWORD_LENGTH",
    "MIN_PASSWORD_LENGTH",
    "Account",
    "AuditOut",
    "CaptchaPart",
    "ChangePassword",
    "CreateOrganization",
    "CreateOwner",
    "Email",
    "LogIn",
    "LogOut",
    "LoginOut",
    "MeOut",
    "NewPassword",
    "OrganizationBrief",
    "OrganizationDetailOut",
    "OrganizationOut",
    "OwnerOut",
    "ParameterChangeOut",
    "ParameterOut",
    "PartneringOut",
    "Password",
    "QuickLink",
    "QuickLinksOut",
    "RecentMenusOut",
    "Refresh",
    "RefreshTokenText",
    "ResumeOrganization",
    "Scope",
    "SessionOut",
    "SetParameter",
    "SetPartnerPolicy",
    "SetQuickLinks",
    "SuspendOrganization",
    "TokenForm",
    "TokensOut",
    "TouchMenu",
    "UpdateMe",
    "Username",
]
