"""What the document says in words: groups of operations in the order of the job, titles, where an id comes from."""

from collections.abc import Mapping

DESCRIPTION = """
Suppliers publish, distributors sell from prepaid or credit accounts, the platform keeps the rules.

* Sign in with **Authorize** (username and password; client id and secret stay empty), or send
  `Authorization: Bearer <access token>`.
* Programs send an API key the same way: `Authorization: Bearer dk_live_...`. It may do what its scopes say and its owner
  may, and never manages accounts, roles or keys.
* Money is in minor units (fen), instants are UTC, service dates are days where the platform is.
* A body is JSON and says so in its `Content-Type`, else 415; a call that takes none takes nothing or `{}`. Nothing is
  ignored: an unknown field, an unknown query parameter, or one given twice is refused with 422 and named.
* `ETag` is an object's version; `If-Match`, with one or several, refuses a stale edit with 412, and is refused where a
  call does not look at it.
* Lists give `items` and `next_cursor`: send that back as `cursor` for the next page.
* `Idempotency-Key` makes a POST safe to repeat: the same key gives the same answer. Where money or stock moves it is
  required.
* Errors are `application/problem+json` with a stable `code`. `x-codes` lists the codes of every answer, `docs/errors.md`
  all of them; send `Accept-Language: en` for English. A path that does not exist answers 404 `route_not_found`, a method
  that a path does not take 405 `method_not_allowed`.
* Every answer has an `X-Request-Id`; send your own to find it again in the logs.

The examples work on the demo data. An id cannot be known beforehand: each example says which call shows it.
"""

TAGS: Mapping[str, str] = {
    "auth": "Sign in, renew the tokens, sign out.",
    "me": "The signed-in person: profile, password, sessions, menus at hand.",
    "organizations": "The platform opens suppliers and distributors with their owners, and suspends them; who may join us.",
    "users": "The people of my organization: accounts, one-time passwords, roles held.",
    "roles": "What the people of an organization may do: built-in roles, and custom ones made of permissions.",
    "relations": "Partners: invited, created, in tiers, stopped and resumed; and the SKUs authorised to them.",
    "api_keys": "Keys of programs and partners: scopes, networks, expiry, rotation, last use.",
    "accounts": "Prepaid and credit accounts of a distributor with a supplier, recharges, repayments, statements.",
    "products": "What a supplier sells: written, reviewed by the platform, put on sale.",
    "categories": "The platform's categories of products.",
    "brands": "The platform's brands.",
    "inventory": "What is counted: capacity by date or in total, what is held and sold, and every change of it.",
    "strategies": "How a supplier sells: to whom, at which prices and limits, paid and refunded how.",
    "holidays": "Official holidays and worked weekend days, which date prices follow.",
    "offers": "What a distributor may buy now, and what it costs and why.",
    "orders": "Place, pay, approve, reject, cancel, find.",
    "tickets": "Codes: find, show, redeem, reverse.",
    "refunds": "Money that goes back, unit by unit.",
    "incentives": "Synergy and bonus points: rules, entries, balances, redemption.",
    "events": "What happened, in order, for programs to follow; events that could not be handled, for the platform.",
    "employees": "The people of an organization: one by one, and in bulk from and to spreadsheets.",
    "files": "Uploads, and files that were made for you; private, downloaded by links that expire.",
    "jobs": "Long work: how far it is, what came of it.",
    "feedback": "What people think of the platform, and what the platform says to it.",
    "audit": "Who did what.",
    "parameters": "What the platform may set while everything runs, with its history.",
}
"""In the order in which a user of the main job meets them."""

SUMMARIES: Mapping[str, str] = {
    "get_token": "Sign in with a form",
    "log_in": "Sign in with JSON",
    "answer_challenge": "Sign in: second step",
    "get_second_factor": "My second factor",
    "enrol_second_factor": "Set up a second factor",
    "confirm_second_factor": "Confirm my second factor",
    "renew_recovery_codes": "Get new recovery codes",
    "disable_second_factor": "Give up my second factor",
    "get_payment_password": "My payment password",
    "set_payment_password": "Set my payment password",
    "change_payment_password": "Change my payment password",
    "ask_payment_password_code": "Ask for a code for my payment password",
    "reset_payment_password": "Reset my payment password",
    "reset_second_factor": "Reset a sole owner's second factor",
    "reset_user_second_factor": "Reset somebody's second factor",
    "get_security": "What signing in demands",
    "set_security": "Set what signing in demands",
    "create_captcha": "Get a captcha",
    "refresh_token": "Renew the tokens",
    "log_out": "Sign out",
    "forgot_password": "Ask for a code to reset a password",
    "reset_password": "Set a new password by a code",
    "ask_registration_code": "Ask for a code to register with",
    "register": "Apply as a supplier or distributor",
    "ask_contact_code": "Ask for a code for a new contact",
    "change_phone": "Change my phone number",
    "change_email": "Change my e-mail address",
    "get_profile": "Registration data",
    "request_organization_change": "Ask for a change of our data",
    "list_organization_changes": "List changes of organizations' data",
    "get_organization_change": "One change of an organization's data",
    "approve_organization_change": "Approve a change of data",
    "reject_organization_change": "Reject a change of data",
    "withdraw_organization_change": "Withdraw a change of data",
    "get_me": "Who am I",
    "update_me": "Change my profile",
    "change_password": "Change my password",
    "list_quick_links": "My quick links",
    "set_quick_links": "Set my quick links",
    "list_recent_menus": "Menus I visited last",
    "touch_menu": "I have opened a menu",
    "forget_recent_menus": "Forget the menus I visited",
    "set_partner_policy": "Say who may become our partner",
    "renew_partner_code": "Make another partner code",
    "end_my_session": "Sign one device out",
    "end_my_sessions": "Sign every device out",
    "list_my_logins": "List attempts to sign in as me",
    "get_organization_permissions": "What an organization may do",
    "create_user": "Open a staff account",
    "list_users": "List staff accounts",
    "get_user": "Get a staff account",
    "update_user": "Change a staff account",
    "set_user_roles": "Say which roles somebody holds",
    "disable_user": "Lock somebody out",
    "enable_user": "Let somebody in again",
    "reset_user_password": "Issue a new one-time password",
    "delete_user": "Delete a staff account",
    "create_api_key": "Make an API key",
    "list_api_keys": "List API keys",
    "get_api_key": "Get an API key",
    "update_api_key": "Change an API key",
    "rotate_api_key": "Give an API key a new secret",
    "revoke_api_key": "End an API key",
    "limit_organization": "Limit what an organization may do",
    "list_permissions": "List permissions to grant",
    "list_entries": "Account statement",
    "request_recharge": "Record a recharge",
    "request_repayment": "Record a repayment",
    "create_inventory_item": "Create stock to be shared",
    "get_calendar": "Stock calendar",
    "set_calendar": "Set the stock calendar",
    "set_stock": "Set the total stock",
    "adjust_stock": "Adjust a capacity",
    "list_movements": "List stock movements",
    "invite_partner": "Invite a partner",
    "set_tier": "Give many distributors one tier",
    "list_relation_history": "What happened in a relation",
    "create_tier": "Add a tier",
    "list_tiers": "List tiers of distributors",
    "edit_tier": "Rename or re-rank a tier",
    "authorize_products": "Authorise SKUs in bulk",
    "withdraw_product_authorizations": "Withdraw authorised SKUs in bulk",
    "list_product_authorizations": "List authorised SKUs",
    "withdraw_product_authorization": "Withdraw an authorised SKU",
    "put_strategy_items": "Add or replace items",
    "put_strategy_item": "Add or replace one item",
    "put_holiday": "Set what a day is",
    "delete_holiday": "Make a day ordinary",
    "request_quote": "Ask for a quote",
    "list_redemptions": "List uses of a ticket",
    "get_ticket_qr": "Ticket as a QR image",
    "reverse_ticket": "Undo a redemption",
    "refund_order": "Refund units of an order",
    "list_feedback_history": "What became of feedback",
    "start_feedback": "Take feedback up",
    "list_events": "Read the event feed",
    "list_parameter_changes": "History of a parameter",
    "list_audit": "Read the audit trail",
    "get_employee_template": "Template for an import",
    "list_row_errors": "List refused rows",
}
"""Titles of operations where the function's name does not read well by itself."""

SOURCES: Mapping[str, str] = {
    "organization_id": "`id` from `GET /api/v1/organizations`",
    "user_id": "`id` from `GET /api/v1/users`",
    "key_id": "`id` from `GET /api/v1/api-keys`",
    "role_id": "`id` from `GET /api/v1/roles`",
    "change_id": "`id` from `GET /api/v1/organization-changes`",
    "session_id": "`id` from `GET /api/v1/me/sessions`",
    "tier_id": "`id` from `GET /api/v1/distributor-tiers`",
    "invitation_id": "`id` from `GET /api/v1/partner-invitations`",
    "feedback_id": "`id` from `GET /api/v1/feedback`",
    "relation_id": "`id` from `GET /api/v1/supply-relations`",
    "product_id": "`id` from `GET /api/v1/products`",
    "category_id": "`id` from `GET /api/v1/categories`",
    "brand_id": "`id` from `GET /api/v1/brands`",
    "sku_id": "`skus[].id` from `GET /api/v1/products`",
    "item_id": "`id` from `GET /api/v1/inventory/items`",
    "strategy_id": "`id` from `GET /api/v1/strategies`",
    "account_id": "`id` from `GET /api/v1/accounts`",
    "recharge_id": "`id` from `GET /api/v1/recharges`",
    "order_id": "`id` from `GET /api/v1/orders`",
    "ticket_id": "`id` from `GET /api/v1/tickets`",
    "refund_id": "`id` from `GET /api/v1/refunds`",
    "rule_id": "`id` from `GET /api/v1/incentives/rules`",
    "redemption_id": "`id` from `GET /api/v1/incentives/redemptions`",
    "parameter": "`name` from `GET /api/v1/parameters`",
    "employee_id": "`id` from `GET /api/v1/employees`",
    "job_id": "`id` from `GET /api/v1/jobs`",
    "file_id": "`id` from `POST /api/v1/files`, or `result_file_id` of a job",
    "day": "`YYYY-MM-DD`, as in `GET /api/v1/holidays`",
    "subscriber": "`subscriber` from `GET /api/v1/events/parked`",
    "position": "`position` from `GET /api/v1/events/parked`",
}
"""Where the value of a path parameter comes from."""
