"""Annotations as W3C Web Annotations (JSON-LD): a page of them, places as IIIF's PointSelector and WktSelector.

Condition: a TextualBody for tagging; words: one for describing; photo: a linked image beside the model; colour: the
annotation's own style sheet. Coordinates are the model's own; M of a brush stroke is its radius, in the same unit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from sculpt3d.desk.annotations import Annotation, checked
from sculpt3d.desk.quantity import Point, Region
from sculpt3d.desk.wkt import as_wkt, read_wkt
from sculpt3d.errors import InputError

Item = dict[str, Any]
CONTEXT = ("http://www.w3.org/ns/anno.jsonld", "http://iiif.io/api/presentation/4/context.json")
_STYLE = re.compile(r"\s*\.mark\s*\{\s*color:\s*(#[0-9a-f]{6})\s*;?\s*\}\s*")
_OURS = {"id", "type", "motivation", "creator", "created", "modified", "stylesheet", "body", "target"}


def as_page(page_id: str, label: str, items: Sequence[Item]) -> Item:
    """A page holds all there are."""
    return {
        "@context": list(CONTEXT),
        "id": page_id,
        "type": "AnnotationPage",
        "label": {"en": [label]},
        "items": list(items),
    }


def as_item(a: Annotation, model: str) -> Item:
    """`model`: the file's name, seen from where the page lies."""
    body: list[Item] = [_textual("tagging", a.condition)]
    if a.text:
        body.append(_textual("describing", a.text))
    if a.photo:
        image = {"id": quote(a.photo), "type": "Image"}
        body.append({"type": "SpecificResource", "purpose": "linking", "source": image})
    target: Item = {
        "type": "SpecificResource",
        "source": {"id": quote(model), "type": "Model"},
        "selector": _selector(a),
    }
    item: Item = {"id": a.id, "type": "Annotation", "motivation": "assessing"}
    if a.author:
        item["creator"] = {"type": "Person", "name": a.author}
    item |= {k: v for k, v in (("created", a.created), ("modified", a.modified)) if v}
    if a.colour:
        item["stylesheet"] = {"type": "CssStylesheet", "value": f".mark {{ color: {a.colour} }}"}
        target["styleClass"] = "mark"
    return item | {"body": [*body, *a.more.get("body", ())], "target": target} | _others(a.more)


def read_item(item: Any) -> Annotation:
    """Raises `InputError` for one that is not of the kind written here: it is another program's, to be kept as it is."""
    if not isinstance(item, dict) or item.get("type") != "Annotation":
        raise InputError("It is no annotation")
    bodies = item.get("body", [])
    bodies = bodies if isinstance(bodies, list) else [bodies]
    tags, texts = (_with(bodies, purpose) for purpose in ("tagging", "describing"))
    photos = [b for b in bodies if _photo(b) is not None]
    if not tags:
        raise InputError("It has no condition")
    known = [tags[0], *texts[:1], *photos[:1]]
    others = [b for b in bodies if not any(b is k for k in known)]
    creator = item.get("creator")
    author = creator.get("name") if isinstance(creator, dict) else creator if isinstance(creator, str) else ""
    points, region = _place(item.get("target"))
    return checked(
        Annotation(
            _text(item.get("id")), tags[0]["value"], points, region, texts[0]["value"] if texts else "",
            _text(author), _photo(photos[0]) or "" if photos else "", _colour(item.get("stylesheet")),
            _text(item.get("created", "")), _text(item.get("modified", "")),
            {k: v for k, v in item.items() if k not in _OURS} | ({"body": others} if others else {}),
        )
    )  # fmt: skip


def model_of(item: Item) -> str:
    """The file it was made on, empty where it does not say."""
    target = item["target"][0] if isinstance(item["target"], list) else item["target"]
    source = target.get("source")
    name = source.get("id") if isinstance(source, dict) else source
    return unquote(name) if isinstance(name, str) else ""


def _others(more: Mapping[str, Any]) -> Item:
    return {k: v for k, v in more.items() if k not in _OURS}


def _textual(purpose: str, value: str) -> Item:
    return {"type": "TextualBody", "purpose": purpose, "format": "text/plain", "value": value}


def _with(bodies: Sequence[Any], purpose: str) -> list[Item]:
    return [
        b
        for b in bodies
        if isinstance(b, dict)
        and b.get("type") == "TextualBody"
        and b.get("purpose") == purpose
        and isinstance(b.get("value"), str)
    ]


def _photo(body: Any) -> str | None:
    source = body.get("source") if isinstance(body, dict) and body.get("purpose") == "linking" else None
    name = source.get("id") if isinstance(source, dict) and source.get("type") == "Image" else None
    return unquote(name) if isinstance(name, str) else None


def _selector(a: Annotation) -> Item:
    if a.shape == "point":
        x, y, z = a.points[0]
        return {"type": "PointSelector", "x": x, "y": y, "z": z}
    return {"type": "WktSelector", "value": as_wkt(a.points, a.region)}


def _place(target: Any) -> tuple[tuple[Point, ...], Region | None]:
    target = target[0] if isinstance(target, list) and len(target) == 1 else target
    selector = target.get("selector") if isinstance(target, dict) else None
    selector = selector[0] if isinstance(selector, list) and len(selector) == 1 else selector
    if not isinstance(selector, dict):
        raise InputError("It has no place on a model")
    if selector.get("type") == "WktSelector" and isinstance(selector.get("value"), str):
        return read_wkt(selector["value"])
    at = [selector.get(axis) for axis in "xyz"]
    if selector.get("type") != "PointSelector" or not all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in at
    ):
        raise InputError("Its place is no point with x, y, z and no WKT")
    x, y, z = (_double(v) for v in at)
    return ((x, y, z),), None


def _double(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        raise InputError("Its place is not of finite numbers") from None


def _colour(sheet: Any) -> str:
    """Empty where there is none; another program's style sheet is not ours to rewrite."""
    if sheet is None:
        return ""
    found = _STYLE.fullmatch(str(sheet.get("value", "")).lower()) if isinstance(sheet, dict) else None
    if found is None:
        raise InputError("Its style sheet is another program's")
    return found[1]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InputError("One of its words is no text")
    return value
