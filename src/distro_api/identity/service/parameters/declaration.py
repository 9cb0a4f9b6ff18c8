"""What a platform parameter is: a name, a type with its bounds, a default, and words for the administrator."""

from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from distro_api.core.errors import Text
from distro_api.identity.errors import ParameterValueNotAllowed

ValueT = TypeVar("ValueT")


class Parameter(Generic[ValueT]):
    """A declaration. `kind` is the type as pydantic reads it, bounds included: `Annotated[int, Field(ge=1, le=20)]`.

    A value is stored and sent as JSON: true or false, a whole number, or text (choices, decimals).
    """

    def __init__(self, name: str, kind: Any, default: ValueT, *, title: Text, description: Text) -> None:
        self.name, self.title, self.description = name, title, description
        self._adapter: TypeAdapter[ValueT] = TypeAdapter(kind)
        self.default = self.read(self.json(default))

    def read(self, value: Any) -> ValueT:
        """A JSON value as the parameter's type; nothing is converted, so `"5"` and `true` are no numbers.

        Raises:
            ParameterValueNotAllowed: it is of another type or out of bounds; says what is allowed.
        """
        try:
            return self._adapter.validate_json(to_json(value), strict=True)
        except ValidationError as error:
            schema = self.schema
            raise ParameterValueNotAllowed(parameter=self.name, allowed=in_words(schema), schema=schema) from error

    def json(self, value: ValueT) -> Any:
        return self._adapter.dump_python(value, mode="json")

    @property
    def schema(self) -> dict[str, Any]:
        """What is allowed, as JSON Schema."""
        schema = self._adapter.json_schema()
        return {key: value for key, value in schema.items() if key not in ("title", "description")}


def in_words(schema: dict[str, Any]) -> str:
    """What a schema allows, short enough for a sentence in any language."""
    if "enum" in schema:
        return ", ".join(schema["enum"])
    match schema.get("type"):
        case "boolean":
            return "true, false"
        case "integer":
            return f"{schema.get('minimum', '')} … {schema.get('maximum', '')}"
        case kind:
            return str(
                schema.get("pattern") or f"{kind} ({schema.get('minLength', 0)} … {schema.get('maxLength', '')})"
            )
