"""The kinds as JSON Schemas (Draft 2020-12), for editors and other tools: what a schema can tell of a document."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from headway.spec.convert import MOST_WHOLE
from headway.spec.explain import DOCUMENTED
from headway.spec.metadata import API_VERSION
from headway.spec.plain import plain
from headway.spec.quantity import NAMES, PATTERNS
from headway.spec.shape import Choice, Either, Field, Fixed, Many, Measure, Plain, Record, Shape, Table, fields_of
from headway.spec.words import words_of

__all__ = ["schema"]

Schema = dict[str, Any]

_PLAIN: Mapping[str, Schema] = {
    # YAML reads `1.10` and `true` as other types; where a text is wanted they are texts all the same.
    "text": {"type": ["string", "number", "boolean"]},
    "number": {"type": "number"},
    "whole": {"type": "integer", "minimum": -MOST_WHOLE, "maximum": MOST_WHOLE},
    "boolean": {"type": "boolean"},
    "nothing": {"type": "null"},
}


def schema(name: str) -> Schema:
    """The schema of a kind; KeyError when there is no such kind."""
    kind = DOCUMENTED[name]
    definitions: dict[str, Schema] = {}
    top = _record(kind, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{API_VERSION.replace('/', ':')}:{name}",
        "title": name,
        **top,
        "properties": {"kind": {"const": name}, **top["properties"]},
        "required": ["kind", *top["required"]],
        "$defs": dict(sorted(definitions.items())),
    }


def _record(kind: type[Struct], definitions: dict[str, Schema]) -> Schema:
    words = words_of(kind)
    fields = fields_of(kind)
    return {
        "description": words.says,
        "type": "object",
        "properties": {name: _field(field, words.fields.get(name, ""), definitions) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
        "additionalProperties": False,
    }


def _field(field: Field, says: str, definitions: dict[str, Schema]) -> Schema:
    made = {"description": says, **_shape(field.shape, definitions)}
    return made if field.required else {**made, "default": plain(field.default, field.shape)}


def _shape(shape: Shape, definitions: dict[str, Schema]) -> Schema:  # noqa: PLR0911 - one line a shape
    match shape:
        case Plain(kind=kind):
            return dict(_PLAIN[kind])
        case Choice(values=values):
            return {"enum": list(values)}
        case Measure(name=name):
            return _measure(name)
        case Many(of=of):
            return {"type": "array", "items": _shape(of, definitions)}
        case Fixed(of=several):
            items = [_shape(each, definitions) for each in several]
            return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
        case Table(of=of):
            return {"type": "object", "additionalProperties": _shape(of, definitions)}
        case Record(kind=kind):
            return _reference(kind, definitions)
        case Either():
            return _either(shape, definitions)


def _measure(name: str) -> Schema:
    text = {"type": "string", "pattern": f"^(?:{PATTERNS[name]})$"}
    title = NAMES[name].partition(" such as ")[2]
    examples = [each.strip() for each in title.replace(" or ", ", ").split(",")]
    if name == "ratio":
        return {**text, "examples": examples}
    bare = {"const": 0} if name != "byte_size" else {"type": "integer", "minimum": 0, "maximum": MOST_WHOLE}
    return {"anyOf": [text, bare], "examples": examples}


def _reference(kind: type[Struct], definitions: dict[str, Schema]) -> Schema:
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}  # taken, so that a record within itself would end
        definitions[name] = _record(kind, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _either(shape: Either, definitions: dict[str, Schema]) -> Schema:
    records = [each.kind for each in shape.of if isinstance(each, Record)]
    if len(records) < 2:
        return {"anyOf": [_shape(each, definitions) for each in shape.of]}
    # As for the loader, the first field of a record tells it from the others.
    return {"oneOf": [{**_reference(kind, definitions), "required": [next(iter(fields_of(kind)))]} for kind in records]}
