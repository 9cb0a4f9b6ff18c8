"""Personal data as lists show it: enough to recognise, too little to use."""


def mask_name(name: str) -> str:
    """The first character, of names that have more."""
    return name[:1] + "*" * min(len(name) - 1, 8) if len(name) > 1 else "*"


def mask_phone(phone: str) -> str:
    """The first three and the last four of a mobile number; less of a shorter one, and never more than half of it."""
    shown = 7 if len(phone) >= 11 else len(phone) // 3
    first = shown * 3 // 7
    return phone[:first] + "****" + phone[len(phone) - (shown - first) :]


def mask_email(email: str) -> str:
    """The first letter and the domain."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}***@{domain}"
