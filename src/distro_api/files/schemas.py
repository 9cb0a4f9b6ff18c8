"""What files give."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from distro_api.core.schemas import Out
from distro_api.files.models import Purpose


class FileOut(Out):
    id: UUID
    purpose: Purpose
    name: Annotated[str, Field(examples=["employees.xlsx"])]
    content_type: Annotated[str, Field(description="Found by looking into the file", examples=["text/csv"])]
    size: Annotated[int, Field(description="Bytes")]
    sha256: Annotated[str, Field(description="Of the content, in hexadecimal")]
    created_at: datetime
    expires_at: Annotated[datetime, Field(description="When it is deleted by itself")]
    url: Annotated[str, Field(description="Path that serves the content to whoever has it; keep it secret")]
    url_expires_at: datetime
