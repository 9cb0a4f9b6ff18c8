"""Examples of who may do what: roles, staff, API keys."""

from collections.abc import Mapping

from distro_api.openapi.example import Example, Find
from distro_api.openapi.supplying import NEW_SUPPLIER

VIEWER = Find("/roles?built_in=true", "items.4.id")
SHOP = Find("/api-keys?q=官网商城")
GATEKEEPER = Find("/users?q=gate-1")
GATEKEEPERS = Find("/roles?q=检票")

EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "create_role": (
        Example(
            "supplier",
            "People at the gate: redeem, and look",
            {
                "name": "检票员",
                "description": "入口核销",
                "permissions": ["tickets:read", "tickets:redeem", "orders:read"],
            },
        ),
    ),
    "update_role": (
        Example(
            "supplier",
            "They need not see orders",
            {"name": "检票组", "permissions": ["tickets:read", "tickets:redeem"]},
            {"role_id": GATEKEEPERS},
        ),
    ),
    "create_user": (
        Example(
            "supplier",
            "Somebody at the gate, who gets the password by SMS",
            {
                "username": "gate-1",
                "name": "赵晓舟",
                "phone": "13900003333",
                "role_ids": [GATEKEEPERS],
                "deliver": "sms",
            },
        ),
    ),
    "update_user": (
        Example("supplier", "Another number", {"phone": "13900004444"}, {"user_id": GATEKEEPER}),
        Example("supplier", "No number any more", {"phone": None}, {"user_id": GATEKEEPER}),
    ),
    "set_user_roles": (
        Example(
            "supplier",
            "At the gate, and may look at everything",
            {"role_ids": [GATEKEEPERS, VIEWER]},
            {"user_id": GATEKEEPER},
        ),
    ),
    "reset_user_password": (
        Example("supplier", "To be passed on by hand", {"deliver": "shown"}, {"user_id": GATEKEEPER}),
    ),
    "disable_user": (Example("supplier", "Has left", {"reason": "已离职"}, {"user_id": GATEKEEPER}),),
    "create_api_key": (
        Example(
            "distributor",
            "A partner's shop, from its own network",
            {
                "name": "官网商城",
                "scopes": ["offers:read", "orders:place", "orders:pay", "orders:read", "tickets:read"],
                "networks": ["203.0.113.0/24", "2001:db8::/48"],
                "expires_at": "2099-12-31T16:00:00Z",
            },
        ),
    ),
    "update_api_key": (
        Example("distributor", "One address more", {"networks": ["203.0.113.0/24", "198.51.100.7"]}, {"key_id": SHOP}),
    ),
    "rotate_api_key": (
        Example("distributor", "The old secret serves another hour", {"overlap_s": 3600}, {"key_id": SHOP}),
    ),
    "limit_organization": (
        Example(
            "admin",
            "The supplier above opens no distributors",
            {"withheld": ["distributors:create"], "reason": "试用期"},
            {"organization_id": NEW_SUPPLIER},
        ),
    ),
    "give_employee_account": (
        Example(
            "supplier",
            "A clerk who may look; the password goes to the phone",
            {"username": "wang-xm", "role_ids": [VIEWER]},
            {"employee_id": Find("/employees?q=A0017")},
        ),
    ),
}
