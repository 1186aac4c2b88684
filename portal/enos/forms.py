"""The form of an EnOS device, and the editors of its name, attributes and tags."""

import json
import secrets

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.errors import PortalError
from portal.platforms.enos import contract
from portal.resources.changing import UpdateForm
from portal.resources.editing import Editor, JsonField, parse, row_count
from portal.resources.forms import Picker, PlatformForm, sentence

OFFSETS = ("+00:00", "+08:00", "+09:00", "+01:00", "-05:00", "-08:00")
LOCALE_LABELS = {"zh_CN": _("Chinese"), "en_US": _("English"), "ja_JP": _("Japanese"), "es_ES": _("Spanish")}
KEY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread


def products(client, form, text):
    found = client.products.list(**({"search": text} if text else {}), limit=50).items
    return [(item["id"], f"{item['name']} ({item['id']})") for item in found]


def timezones(client, form, text):
    """Offsets first; a search looks through the zone names too. Nothing is asked of the platform."""
    wanted = text.casefold().replace(" ", "_")
    names = [name for name in contract.zone_names() if wanted in name.casefold()]
    if not text:
        return [(each, each) for each in (*OFFSETS, *(name for name in names if "/" in name))]
    own = [text] if contract.is_timezone(text) and text not in names else []
    return [(each, each) for each in (*own, *(offset for offset in OFFSETS if text in offset), *names)]


class NameEditor(Editor):
    """StringI18n as a default name and one for each language."""

    template = "enos/_name_editor.html"

    def rows(self, value):
        value = value if isinstance(value, dict) else {}
        names = value.get("i18nValue") if isinstance(value.get("i18nValue"), dict) else {}
        locales = [*contract.LOCALES, *(locale for locale in names if locale not in contract.LOCALES)]
        default = {"locale": "default", "label": _("Default name"), "text": _text(value.get("defaultValue"))}
        return [default] + [
            {"locale": locale, "label": LOCALE_LABELS.get(locale, locale), "text": _text(names.get(locale))}
            for locale in locales
        ]

    def inputs(self, name, value):
        return {f"{name}-{row['locale']}": [row["text"]] for row in self.rows(value)}

    def compose(self, name, data, was):
        names = {}
        prefix = f"{name}-"
        for key in data:
            locale = key.removeprefix(prefix)
            if key.startswith(prefix) and locale != "default" and data.get(key, "").strip():
                names[locale] = data.get(key).strip()
        default = data.get(f"{name}-default", "").strip()
        return {"defaultValue": default, "i18nValue": names} if default or names else None


def _text(value):
    return value if isinstance(value, str) else ""


class TagsEditor(Editor):
    """A map of texts as pairs, with an empty pair at the end."""

    template = "enos/_tags_editor.html"

    def rows(self, value):
        value = value if isinstance(value, dict) else {}
        pairs = [{"key": key, "value": _text(text)} for key, text in value.items()]
        return [*pairs, {"key": "", "value": ""}]

    def inputs(self, name, value):
        rows = self.rows(value)
        posted = {f"{name}-count": [str(len(rows))]}
        for number, row in enumerate(rows):
            posted |= {f"{name}-{number}-key": [row["key"]], f"{name}-{number}-value": [row["value"]]}
        return posted

    def compose(self, name, data, was):
        tags = {}
        for number in range(row_count(name, data, 200)):
            key, value = data.get(f"{name}-{number}-key", ""), data.get(f"{name}-{number}-value", "")
            if key or value:
                tags[key.strip()] = value
        return tags or None

    def apply(self, value, action, argument):
        if action == "remove" and isinstance(value, dict):
            return {key: text for number, (key, text) in enumerate(value.items()) if str(number) != argument}
        return value


class AttributesEditor(Editor):
    """One input for each attribute of the product's model; `model` is set by the form once it was read."""

    template = "enos/_attributes_editor.html"

    def __init__(self, model=None):
        self.model = model or {}

    def rows(self, value):
        value = value if isinstance(value, dict) else {}
        rows = []
        for identifier, attribute in self.model.items():
            name = attribute.get("name")
            label = name.get("defaultValue") if isinstance(name, dict) else None
            rows.append(
                {
                    "identifier": identifier,
                    "label": label or identifier,
                    "type": attribute.get("dataType", ""),
                    "required": attribute.get("isRequired", False),
                    "text": self._as_text(value.get(identifier)),
                }
            )
        return rows

    def _as_text(self, value):
        return (
            value
            if isinstance(value, str)
            else ""
            if value is None
            else json.dumps(value, ensure_ascii=False)
        )

    def inputs(self, name, value):
        return {f"{name}-{row['identifier']}": [row["text"]] for row in self.rows(value)}

    def compose(self, name, data, was):
        """Types come from the texts themselves here; the form checks them against the model."""
        values = dict(was) if isinstance(was, dict) else {}
        prefix = f"{name}-"
        for key in data:
            if not key.startswith(prefix):
                continue
            identifier, text = key.removeprefix(prefix), data.get(key, "").strip()
            if text:
                values[identifier] = self._typed(
                    text, data.get(f"{name}_type-{identifier}"), values.get(identifier)
                )
            else:
                values.pop(identifier, None)
        return values or None

    def _typed(self, text, data_type, was):
        """The text as JSON where its type is not text; what does not parse stays text."""
        if data_type == "STRING" or (data_type is None and isinstance(was, str)):
            return text
        try:
            return parse(text)
        except (ValueError, RecursionError):
            return text


class DeviceFields(PlatformForm):
    """What can be said of a device again later; its product says which attributes it has."""

    device_name = JsonField(label=_("Name"), editor=NameEditor())
    timezone = Picker(label=_("Time zone"), options=timezones)
    device_desc = forms.CharField(
        label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    device_attributes = JsonField(label=_("Attributes"), editor=AttributesEditor(), required=False)
    device_tags = JsonField(label=_("Tags"), editor=TagsEditor(), required=False)

    def __init__(self, *args, **kwargs):
        self.model_problem = ""
        super().__init__(*args, **kwargs)

    @property
    def product(self):
        """Product key of the device."""
        raise NotImplementedError

    def prepare(self):
        """Read the model of the product, so that each attribute gets an input of its own."""
        field = self.fields["device_attributes"]
        field.editor = AttributesEditor()
        if not self.product or not (self.needs("product_key") or self.only == "device_attributes"):
            return
        try:
            with self.reading() as client:
                model_id = client.products.get(self.product).get("model_id")
                if model_id:
                    field.editor = AttributesEditor(client.models.get(model_id)["attributes"])
        except PortalError as error:
            self.model_problem = str(error)

    def clean_device_attributes(self):
        values = self.cleaned_data["device_attributes"]
        model = self.fields["device_attributes"].editor.model
        if isinstance(values, dict) and model:
            for problem in contract.attribute_problems(model, values, "device_attributes"):
                self.add_error("device_attributes", sentence("device_attributes", problem))
            for identifier, attribute in model.items():
                if attribute.get("isRequired") and identifier not in values:
                    self.add_error(
                        "device_attributes", _("The model requires %(name)s.") % {"name": identifier}
                    )
        return values


class DeviceForm(DeviceFields):
    contract = contract.DEVICE
    field_order = ("product_key", "device_key")

    product_key = Picker(label=_("Product"), options=products, rereads=True)
    device_key = forms.CharField(label=_("Device key"))
    require_secret = forms.BooleanField(label=_("Ask for the device secret"), required=False)

    def __init__(self, *args, initial=None, **kwargs):
        key = "dev-" + "".join(secrets.choice(KEY_ALPHABET) for _ in range(16))
        super().__init__(
            *args, initial={"device_key": key, "timezone": "+08:00", **(initial or {})}, **kwargs
        )

    def prepare(self):
        choices = getattr(self.fields["product_key"].widget, "choices", None)
        if not self.value_of("product_key") and choices:
            self.initial["product_key"] = list(choices)[0][0]
        super().prepare()

    @property
    def product(self):
        return self.value_of("product_key") or self.initial.get("product_key")


class DeviceUpdateForm(UpdateForm, DeviceFields):
    contract = contract.DEVICE_REPLACE

    @property
    def product(self):
        return self.target.product_key
