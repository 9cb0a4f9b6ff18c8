"""The QR image of a code."""

import io

import segno


def qr_png(code: str) -> bytes:
    """A PNG that scanners read as the code itself."""
    image = io.BytesIO()
    segno.make(code, error="m", micro=False).save(image, kind="png", scale=8, border=4)
    return image.getvalue()
