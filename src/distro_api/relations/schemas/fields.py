"""Fields that several bodies of relations share."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from distro_api.core.schemas import printable
from distro_api.relations.models import Sells

TierName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=32),
    AfterValidator(printable),
    Field(description="A tier of the supplier's list, by its name; a new name is added at the end of the list"),
]
SellsField = Annotated[
    Sells, Field(description="`all` SKUs of the supplier's strategies, or only those `listed` as authorised")
]
MAX_LINES = 1000
