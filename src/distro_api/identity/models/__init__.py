"""Tables of identity."""

from distro_api.identity.models.access import AccessChange, Subject
from distro_api.identity.models.attempts import AttemptCounter, Captcha
from distro_api.identity.models.audit import AuditRow
from distro_api.identity.models.codes import CodePurpose, CodeQuota, ConfirmationCode
from distro_api.identity.models.keys import ApiKey, ApiKeySecret
from distro_api.identity.models.menus import UserMenus
from distro_api.identity.models.organizations import CREDIT_CODE, Kind, Organization, PartnerPolicy
from distro_api.identity.models.parameters import ParameterChange
from distro_api.identity.models.payment_passwords import PaymentPassword
from distro_api.identity.models.profiles import OrganizationChange, OrganizationProfile
from distro_api.identity.models.roles import BuiltIn, Role, UserRole, owns
from distro_api.identity.models.second_factors import LoginChallenge, RecoveryCode, SecondFactor
from distro_api.identity.models.sessions import (
    EndedBy,
    LoginOutcome,
    LoginRecord,
    RefreshToken,
    Revocation,
    UserSession,
)
from distro_api.identity.models.users import Language, User, UserStatus
from distro_api.identity.states import ChangeStatus, OrganizationStatus

__all__ = [
    "CREDIT_CODE",
    "AccessChange",
    "ApiKey",
    "ApiKeySecret",
    "AttemptCounter",
    "AuditRow",
    "BuiltIn",
    "Captcha",
    "ChangeStatus",
    "CodePurpose",
    "CodeQuota",
    "ConfirmationCode",
    "EndedBy",
    "Kind",
    "Language",
    "LoginChallenge",
    "LoginOutcome",
    "LoginRecord",
    "Organization",
    "OrganizationChange",
    "OrganizationProfile",
    "OrganizationStatus",
    "ParameterChange",
    "PartnerPolicy",
    "PaymentPassword",
    "RecoveryCode",
    "RefreshToken",
    "Revocation",
    "Role",
    "SecondFactor",
    "Subject",
    "User",
    "UserMenus",
    "UserRole",
    "UserSession",
    "UserStatus",
    "owns",
]
