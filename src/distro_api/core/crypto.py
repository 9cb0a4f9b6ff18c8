"""Keys derived from the one secret, and encryption of what must be read again."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive(root: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose: knowing one derived key tells nothing of another."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(root)


def keyed_hash(root: bytes, purpose: str, value: str) -> bytes:
    """HMAC-SHA-256 of `value`: equal values are found again, the value is not."""
    return hmac.new(derive(root, purpose), value.encode(), hashlib.sha256).digest()


def box(root: bytes, purpose: str) -> Fernet:
    """Authenticated encryption under a key of its own."""
    return Fernet(base64.urlsafe_b64encode(derive(root, purpose)))
