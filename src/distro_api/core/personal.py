"""Personal data as lists show it: enough to recognise, too little to use."""


def mask_name(name: str) -> str:
    return name[:1] + "*" * min(len(name) - 1, 8)


def mask_phone(phone: str) -> str:
    """Country code or first digits and the last four."""
    return phone[:3] + "****" + phone[-4:] if len(phone) >= 8 else "****"


def mask_email(email: str) -> str:
    """The first letter and the domain."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}***@{domain}"
