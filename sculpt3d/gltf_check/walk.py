"""Holds a document against the table of properties."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sculpt3d.gltf_check.issues import Issues
from sculpt3d.gltf_check.schema import COMMON, OBJECTS, Rule

_TYPES = {"string": str, "boolean": bool, "object": dict, "map": dict, "array": list}


class Walk:
    """Holds a document against the table; `met` collects the extension objects on the way: (owner, pointer, name, value)."""

    def __init__(self, document: dict[str, Any], issues: Issues) -> None:
        self.document, self.issues = document, issues
        self.met: list[tuple[str, str, str, Any]] = []

    def run(self) -> None:
        self.object(self.document, OBJECTS["glTF"], "glTF", "")

    def object(self, value: dict[str, Any], rules: Mapping[str, Rule], owner: str, at: str) -> None:
        for key, rule in rules.items():
            if key in value:
                self.value(value[key], rule, f"{at}/{key}")
            elif rule.need:
                self.issues.error("UNDEFINED_PROPERTY", at or "/", f'"{key}" is missing.')
        for key in value.keys() - rules.keys() - COMMON:
            self.issues.warn("UNEXPECTED_PROPERTY", f"{at}/{key[:60]}", "glTF does not know this property.")
        if "extensions" in value:
            self._extensions(value["extensions"], owner, at)

    def _extensions(self, found: Any, owner: str, at: str) -> None:
        if not isinstance(found, dict):
            self._mismatch("object", f"{at}/extensions")
            return
        for name, value in found.items():
            if isinstance(value, dict):
                self.met.append((owner, f"{at}/extensions/{name}", name, value))
            else:
                self._mismatch("object", f"{at}/extensions/{name}")

    def value(self, value: Any, rule: Rule, at: str) -> None:
        if not self._typed(value, rule, at):
            return
        if rule.kind == "object":
            self.object(value, OBJECTS[rule.of] if isinstance(rule.of, str) else rule.of, str(rule.of), at)
        elif rule.kind == "array":
            self._array(value, rule, at)
        elif rule.kind == "map":
            if not value:
                self.issues.error("EMPTY_ENTITY", at, "Must not be empty.")
            for key, item in value.items():
                self.value(item, rule.of, f"{at}/{key}")
        elif rule.kind == "ref":
            self._reference(value, rule.of, at)
        elif rule.kind in ("number", "integer"):
            self._number(value, rule, at)
        elif rule.pattern and not re.match(rule.pattern, value):
            self.issues.error(
                "PATTERN_MISMATCH", at, f'"{value[:60]}" is not of the form the format asks for.'
            )
        if rule.choices and value not in rule.choices:
            self.issues.warn("VALUE_NOT_IN_LIST", at, f"{str(value)[:60]} is none of {rule.choices}.")

    def _typed(self, value: Any, rule: Rule, at: str) -> bool:
        if rule.kind == "any":
            return False
        if rule.kind in ("number", "integer", "ref"):
            good = isinstance(value, int | float) and not isinstance(value, bool)
            good = good and (rule.kind == "number" or isinstance(value, int))
        else:
            good = isinstance(value, _TYPES[rule.kind])
        if not good:
            self._mismatch(rule.kind, at)
        return good

    def _array(self, value: list[Any], rule: Rule, at: str) -> None:
        if not value:
            self.issues.error("EMPTY_ENTITY", at, "Must not be empty.")
        elif rule.counts and len(value) not in rule.counts:
            self.issues.error(
                "ARRAY_LENGTH_NOT_IN_LIST", at, f"{len(value)} values; {rule.counts} are allowed."
            )
        for i, item in enumerate(value):
            self.value(item, rule.of, f"{at}/{i}")
        if rule.unique and all(isinstance(v, str | int) for v in value) and len(set(value)) < len(value):
            self.issues.error("DUPLICATE_ELEMENTS", at, "The same entry appears twice.")

    def _reference(self, value: Any, collection: str, at: str) -> None:
        there = self.document.get(collection)
        count = len(there) if isinstance(there, list) else 0
        if not 0 <= value < count:
            self.issues.error(
                "UNRESOLVED_REFERENCE", at, f"Points at {collection} {value}, but there are {count}."
            )

    def _number(self, value: float, rule: Rule, at: str) -> None:
        low = value <= rule.low if rule.above else value < rule.low
        if (
            low or value > rule.high or not abs(value) < 1e100
        ):  # no float32 holds more, and squares stay finite
            self.issues.error("VALUE_NOT_IN_RANGE", at, f"{value} is out of range.")
        elif value % rule.multiple and rule.multiple > 1:
            self.issues.error("VALUE_MULTIPLE_OF", at, f"{value} is no multiple of {rule.multiple}.")

    def _mismatch(self, kind: str, at: str) -> None:
        self.issues.error("TYPE_MISMATCH", at, f"Must be {'an' if kind[0] in 'aio' else 'a'} {kind}.")
