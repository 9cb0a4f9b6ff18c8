"""What relations do."""

from distro_api.relations.service.authorizations import authorize_products, withdraw_product, withdraw_products
from distro_api.relations.service.distributors import create_distributor
from distro_api.relations.service.invitations import accept, decline, invite, withdraw
from distro_api.relations.service.relations import apply, open_relation, set_tier, update_relation
from distro_api.relations.service.tiers import create_tier, delete_tier, edit_tier, name_tiers

__all__ = [
    "accept",
    "apply",
    "authorize_products",
    "create_distributor",
    "create_tier",
    "decline",
    "delete_tier",
    "edit_tier",
    "invite",
    "name_tiers",
    "open_relation",
    "set_tier",
    "update_relation",
    "withdraw",
    "withdraw_product",
    "withdraw_products",
]
