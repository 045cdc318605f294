"""Settings of a campaign as the text of a `campaign.toml`."""

import json
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bnnopt.campaign._settings import CampaignSettings

__all__ = ["as_toml"]

LISTS = ("constraints", "objectives", "outcomes", "earlier")
"""Keys of which each item has a table of its own."""


def as_toml(settings: CampaignSettings) -> str:
    """Return settings as TOML, which `CampaignSettings.from_toml` reads; what is as usual is left out.

    Parameters
    ----------
    settings : CampaignSettings
        Of any campaign.

    Returns
    -------
    str
        The text of a campaign.toml.
    """
    document = _plain(settings)
    space = document.pop("space")
    lines = [
        f"{key} = {_value(document.pop(key))}" for key in list(document) if not _is_table(key, document[key])
    ]
    lines += ["", "[space]", "variables = ["]
    lines += [f"    {_value(variable)}," for variable in space["variables"]]
    lines += ["]"]
    for constraint in space.get("constraints", []):
        lines += ["", "[[space.constraints]]", *_items(constraint)]
    for key, value in document.items():
        for item in value if key in LISTS else [value]:
            lines += ["", f"[[{key}]]" if key in LISTS else f"[{key}]", *_items(item)]
    return "\n".join(lines) + "\n"


def _is_table(key: str, value: Any) -> bool:
    return key in LISTS or isinstance(value, dict)


def _plain(value: Any) -> Any:
    """Return models as dictionaries of their type and of what differs from the default."""
    if isinstance(value, BaseModel):
        names = [name for name, field in type(value).model_fields.items() if _is_told(value, name, field)]
        names.sort(key=lambda name: ("type", "name").index(name) if name in ("type", "name") else 2)
        dumped = value.model_dump(mode="json", include=set(names))
        given = {name: getattr(value, name) for name in names}
        return {name: _plain(each) if _has_models(each) else dumped[name] for name, each in given.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _is_told(model: BaseModel, name: str, field: FieldInfo) -> bool:
    """Tell whether a field says something: the type, or what is not as usual."""
    value = getattr(model, name)
    is_usual = not field.is_required() and value == field.get_default(
        call_default_factory=True, validated_data={}
    )
    return value is not None and (name in ("type", "name") or not is_usual)


def _has_models(value: Any) -> bool:
    return isinstance(value, BaseModel) or (
        isinstance(value, list | tuple) and any(isinstance(each, BaseModel) for each in value)
    )


def _items(table: dict[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items()]


def _key(name: str) -> str:
    is_bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if is_bare else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    """Return a value as TOML; tables stand in one line."""
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items() if each is not None)
        return f"{{ {inside} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)
