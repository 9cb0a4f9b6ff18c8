"""What relations take and give."""

from distro_api.relations.schemas.authorizations import (
    AuthorizationLine,
    AuthorizationOut,
    AuthorizedOut,
    AuthorizeProducts,
    LineResult,
    WithdrawnOut,
    WithdrawProducts,
    WithdrawResult,
)
from distro_api.relations.schemas.fields import MAX_LINES, SellsField, TierName
from distro_api.relations.schemas.invitations import (
    AcceptInvitation,
    DeclineInvitation,
    InvitationOut,
    InvitePartner,
    WithdrawInvitation,
)
from distro_api.relations.schemas.relations import (
    CreateDistributor,
    DistributorOut,
    OpenRelation,
    RelationChangeOut,
    RelationOut,
    ResumeRelation,
    SetTier,
    StopRelation,
    TierResult,
    TiersSetOut,
    UpdateRelation,
)
from distro_api.relations.schemas.tiers import CreateTier, EditTier, TierOut

__all__ = [
    "MAX_LINES",
    "AcceptInvitation",
    "AuthorizationLine",
    "AuthorizationOut",
    "AuthorizeProducts",
    "AuthorizedOut",
    "CreateDistributor",
    "CreateTier",
    "DeclineInvitation",
    "DistributorOut",
    "EditTier",
    "InvitationOut",
    "InvitePartner",
    "LineResult",
    "OpenRelation",
    "RelationChangeOut",
    "RelationOut",
    "ResumeRelation",
    "SellsField",
    "SetTier",
    "StopRelation",
    "TierName",
    "TierOut",
    "TierResult",
    "TiersSetOut",
    "UpdateRelation",
    "WithdrawInvitation",
    "WithdrawProducts",
    "WithdrawResult",
    "WithdrawnOut",
]
