"""What pydantic finds wrong with a field, as a sentence that says what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ejd_commands.fields import CODE_PATTERN, DIGEST_PATTERN, MOMENT_FORM, TOKEN_ID_PATTERN, UUID_PATTERN

AS_OF_PATTERN = r"^([0-9]{1,16}|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]{5,20}([Zz]|[+-][0-9]{2}:[0-9]{2}))$"

FORMS: Mapping[str, str] = {
    UUID_PATTERN: "write the id as a UUID: 8-4-4-4-12 hexadecimal digits",
    CODE_PATTERN: "write the code with small Latin letters, digits and single hyphens",
    DIGEST_PATTERN: "write the digest as 64 small hexadecimal digits",
    TOKEN_ID_PATTERN: "write the token's id as 16 small hexadecimal digits",
    AS_OF_PATTERN: "write a position, or a time as 2025-10-06T12:00:00+03:00 (in an address its + as %2B)",
}
"""Patterns of fields in words."""
SENTENCES: Mapping[str, str] = {
    "missing": "it is missing: give it",
    "extra_forbidden": "there is no such field here: leave it out, or check its spelling",
    "string_type": "write it as a text in quotes",
    "string_too_short": "write at least {min_length} characters",
    "string_too_long": "write at most {max_length} characters",
    "too_short": "give at least {min_length} of them",
    "too_long": "give at most {max_length} of them at once",
    "literal_error": "choose {expected}",
    "enum": "choose {expected}",
    "greater_than_equal": "choose a number from {ge} on",
    "less_than_equal": "choose a number up to {le}",
    "int_type": "write a whole number without quotes",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "int_parsing_size": "write a smaller number",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "list_type": "give a list",
    "tuple_type": "give a list",
    "dict_type": "give an object with its fields",
    "model_type": "give an object with its fields",
    "model_attributes_type": "give an object with its fields",
    "timezone_aware": MOMENT_FORM,
}
"""Kinds of errors (https://docs.pydantic.dev/latest/errors/validation_errors/); what is not here is told as it is."""


def sentence_of(error: Mapping[str, Any]) -> str:
    """Answer what to write; what was sent is never repeated."""
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return FORMS.get(context["pattern"], f"write it in the form {context['pattern']}")
    if kind.startswith("datetime_"):
        return MOMENT_FORM
    if kind in SENTENCES:
        return SENTENCES[kind].format_map(context)
    return str(error["msg"]).removeprefix("Value error, ")
