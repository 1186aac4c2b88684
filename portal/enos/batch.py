"""Several devices of EnOS in one call: the form with one device in each line, and its Batch."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from portal.enos import thing_models, timezones
from portal.enos.products import model_of, product_picker
from portal.errors import PortalError
from portal.kinds.registry import Batch
from portal.kinds.validating import problems, sentence
from portal.platforms.enos.contract import devices as contract
from portal.resources.fields import Picker, TextField
from portal.resources.forms import PlatformForm

LINES_MAX = 50  # each is looked up before the call; the platform would take contract.BATCH_MAX
ERRORS_MAX = 10


class SeveralForm(PlatformForm):
    """A device without a key could not be found again if the answer is lost, so each line has one."""

    contract = tuple(rule for rule in contract.CREATE if rule.name in ("productKey", "timezone"))

    product_key = product_picker()
    timezone = Picker(label=_("Time zone"), options=lambda client, form, text: timezones.options(text))
    devices = TextField(
        label=_("Devices, one in each line: key, name"),
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "class": "font-monospace"}),
        help_text=_("For example: pump-0001, Pump 1. Up to 50 lines."),
    )

    def __init__(self, *args, initial=None, **kwargs):
        super().__init__(*args, initial={"timezone": "+08:00", **(initial or {})}, **kwargs)

    def draw(self, only=None):
        """Reads the product's model too: the attributes that it requires cannot be typed here."""
        super().draw(only)
        product = self.value_of("product_key") or self.initial.get("product_key", "")
        if product and self.is_drawn("product_key"):
            try:
                with self.reading() as client:
                    thing_models.read(client, self.connection, product, model_of(self, product))
            except PortalError:
                pass  # then the platform says what is missing

    def clean_product_key(self):
        product = self.cleaned_data["product_key"]
        model = thing_models.known(self.connection, product)
        if needed := [name for name, attribute in model.items() if attribute.get("isRequired")]:
            text = _now("Devices of this product need attributes (%(names)s). Create them one by one.")
            raise ValidationError(text % {"names": ", ".join(needed)}, code="attributes")
        return product

    def clean_devices(self):
        lines = [line.strip() for line in self.cleaned_data["devices"].split("\n")]
        rows = [(number, *_parts(line)) for number, line in enumerate(lines, 1) if line]
        if len(rows) > LINES_MAX:
            text = _now("There are %(count)s devices. Up to %(limit)s can be created at once.")
            raise ValidationError(text % {"count": len(rows), "limit": LINES_MAX}, code="many")
        if wrong := list(_wrong(rows)):
            raise ValidationError(wrong[:ERRORS_MAX])
        return [{"device_key": key, "device_name": {"defaultValue": name}} for _number, key, name in rows]

    @property
    def wished(self):
        shared = {name: self.cleaned_data[name] for name in ("product_key", "timezone")}
        return {"devices": [{**shared, **row} for row in self.cleaned_data["devices"]]}


def _parts(line):
    key, _comma, name = line.partition(",")
    return key.strip(), name.strip()


def _wrong(rows):
    """Yield a sentence for each line that breaks a rule of the platform."""
    rules = [rule for rule in contract.CREATE if rule.name in ("deviceKey", "deviceName")]
    seen = {}
    for number, key, name in rows:
        if not key or not name:
            yield _now("Line %(number)s: needs a key, a comma and a name.") % {"number": number}
            continue
        if key in seen:
            text = _now("Line %(number)s: has the same key as line %(other)s.")
            yield text % {"number": number, "other": seen[key]}
        seen.setdefault(key, number)
        for field, problem in problems(rules, {"device_key": key, "device_name": {"defaultValue": name}}):
            what = _now("the key") if field == "device_key" else _now("the name")
            place = f"{_now('Line %(number)s') % {'number': number}}, {what}"
            yield sentence("", problem, place)


def _started(devices):
    lines = [f"{each['device_key']}, {each['device_name'].get('defaultValue', '')}" for each in devices]
    shared = {name: devices[0].get(name, "") for name in ("product_key", "timezone")}
    return {**shared, "devices": "\n".join(lines)}


BATCH = Batch(
    name="create-several",
    label=_("Create several devices"),
    done="",
    about=_(
        "All are sent in one call, and each is its own operation: it is looked up by its key before and, if"
        " the answer is lost, afterwards. Nothing is sent twice by itself."
    ),
    right="create",
    icon="plus",
    on_object=False,
    form=SeveralForm,
    call=lambda bound, data: bound.collection.create_batch_call(data),
    results=lambda bound, answer, data: bound.collection.created_batch(answer, data),
    evidence=None,
    targets="devices",
    most=LINES_MAX,
    started=_started,
)
