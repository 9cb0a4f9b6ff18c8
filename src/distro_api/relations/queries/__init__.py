"""Reads of relations."""

from distro_api.relations.queries.authorizations import authorizations_of, authorized_prices, live_skus, sku_names
from distro_api.relations.queries.invitations import (
    invitation,
    invitations_where,
    open_count,
    open_invitation,
    visible_invitations,
)
from distro_api.relations.queries.organizations import (
    active_organizations,
    addable_distributor,
    organizations,
    owners,
    partner_of_code,
    partner_of_phone,
)
from distro_api.relations.queries.relations import (
    changes_of,
    distributors_where,
    lock_relations,
    parties,
    relation,
    relation_between,
    relation_status,
    relations_where,
    visible_relations,
)
from distro_api.relations.queries.tiers import (
    counted_tiers,
    distributors_by_tier,
    hold_tiers,
    tier,
    tiers_where,
    visible_tiers,
)

__all__ = [
    "active_organizations",
    "addable_distributor",
    "authorizations_of",
    "authorized_prices",
    "changes_of",
    "counted_tiers",
    "distributors_by_tier",
    "distributors_where",
    "hold_tiers",
    "invitation",
    "invitations_where",
    "live_skus",
    "lock_relations",
    "open_count",
    "open_invitation",
    "organizations",
    "owners",
    "parties",
    "partner_of_code",
    "partner_of_phone",
    "relation",
    "relation_between",
    "relation_status",
    "relations_where",
    "sku_names",
    "tier",
    "tiers_where",
    "visible_invitations",
    "visible_relations",
    "visible_tiers",
]
