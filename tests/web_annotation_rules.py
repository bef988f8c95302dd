"""What the W3C's Web Annotation Data Model (2017) demands of a page of annotations, as far as a file can show it."""

from __future__ import annotations

import re
from typing import Any

MOTIVATIONS = {
    "assessing", "bookmarking", "classifying", "commenting", "describing", "editing", "highlighting", "identifying", "linking",
    "moderating", "questioning", "replying", "tagging",
}  # fmt: skip
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_RELATIVE = re.compile(r"[^\s<>\"{}|\\^`]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def violations(page: Any) -> list[str]:
    """A sentence for each rule that does not hold."""
    wrong = []
    context = page.get("@context")
    contexts = context if isinstance(context, list) else [context]
    if "http://www.w3.org/ns/anno.jsonld" not in contexts or (
        isinstance(context, list) and len(context) == 1
    ):
        wrong.append("3.1: @context has anno.jsonld, as a string where it is the only one")
    if any("iiif.io" in str(c) for c in contexts) and "iiif.io" not in contexts[-1]:
        wrong.append("IIIF: its context is the last one")
    if page.get("type") != "AnnotationPage" or not _is(_IRI, page.get("id")):
        wrong.append("5.2: a page has its type and exactly one IRI")
    if not isinstance(page.get("items"), list):
        return [*wrong, "5.2: a page has a list of items"]
    ids = [a.get("id") for a in page["items"]]
    if len(set(ids)) != len(ids):
        wrong.append("3.1: an IRI names one annotation")
    return wrong + [f"{a.get('id')}: {w}" for a in page["items"] for w in _annotation(a)]


def _annotation(a: Any) -> list[str]:
    wrong = []
    if "@context" in a:
        wrong.append("5.2: annotations within a page leave the context to it")
    if not _is(_IRI, a.get("id")) or "Annotation" not in _many(a.get("type")):
        wrong.append("3.1: one IRI and the class Annotation")
    if not a.get("target"):
        wrong.append("3.1: one target or more")
    if "bodyValue" in a and "body" in a:
        wrong.append("3.2.5: bodyValue and body exclude each other")
    if not set(_many(a.get("motivation", []))) <= MOTIVATIONS:
        wrong.append("3.3.5: an unknown motivation")
    for key in ("created", "modified"):
        if key in a and not _is(_TIME, a[key]):
            wrong.append(f"3.3.1: {key} is one xsd:dateTime in UTC, with Z")
    for creator in _many(a.get("creator", [])):
        if isinstance(creator, dict) and creator.get("type") not in {"Person", "Organization", "Software"}:
            wrong.append("3.3.2: an agent is a person, organization or software")
    sheet = a.get("stylesheet")
    if isinstance(sheet, dict) and (
        sheet.get("type") != "CssStylesheet" or not isinstance(sheet.get("value"), str)
    ):
        wrong.append("4.4: an embedded style sheet is a CssStylesheet with a value")
    for body in _many(a.get("body", [])):
        wrong += _body(body)
    for target in _many(a.get("target", [])):
        wrong += _specific(target, bool(sheet))
    return wrong


def _body(body: Any) -> list[str]:
    if body.get("type") == "SpecificResource":
        return _specific(body, True)
    wrong = []
    if body.get("type") != "TextualBody" or not isinstance(body.get("value"), str):
        wrong.append("3.2.4: a textual body has its class and one value")
    if body.get("purpose") not in MOTIVATIONS:
        wrong.append("3.3.5: a purpose is a motivation")
    return wrong


def _specific(resource: Any, styled: bool) -> list[str]:
    wrong = []
    source = resource.get("source")
    name = source.get("id") if isinstance(source, dict) else source
    if resource.get("type") != "SpecificResource" or not _is(_RELATIVE, name):
        wrong.append("4: a specific resource has exactly one source, an IRI")
    if "styleClass" in resource and not styled:
        wrong.append("4.4: a style class without a style sheet")
    for selector in _many(resource.get("selector", [])):
        numbers = [isinstance(selector.get(k), int | float) for k in "xyz"]
        wkt = isinstance(selector.get("value"), str)
        if not {"PointSelector": all(numbers), "WktSelector": wkt}.get(selector.get("type"), False):
            wrong.append("4.2: a selector has a class and what it needs")
    return wrong


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is(form: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None
