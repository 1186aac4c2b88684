"""The form of a decision: what an owner says became of an operation that the portal cannot tell by itself."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.operations.models import Decision

REASON_LENGTH = 200


class DecisionForm(forms.Form):
    """`candidates` are the objects of the last look, each with its id, one of which may be ours.

    Where there is only one, it is meant without being chosen. `key` is that of the operation that "send
    again" makes.
    """

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=Decision,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of them.")},
    )
    candidate = forms.ChoiceField(label=_("Which one"), required=False, widget=forms.RadioSelect)
    sure = forms.BooleanField(label=_("A second object may result. Send it all the same."), required=False)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        help_text=_("What you looked at and what you found. It stands in the record with your name."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Say why.")},
    )
    operation_key = forms.CharField(label=_("Operation key"), max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args, operation, candidates, **kwargs):
        super().__init__(*args, **kwargs)
        self.operation, self.candidates = operation, candidates
        self.is_create = not operation.verb.on_object
        ids = [each["id"] for each in candidates]
        self.fields["candidate"].choices = [(each, each) for each in ids]
        self.fields["operation_key"].initial = uuid.uuid4
        if not self.is_create:
            self.fields["sure"].label = _(
                "What others changed meanwhile may be overwritten. Send it all the same."
            )
        self.fields["decision"].choices = [each for each in Decision.choices if each[0] in self.possible]

    @property
    def possible(self):
        """Decisions that can be taken: nothing is declared ours that no look has shown."""
        ours = {Decision.OURS} if self.candidates or not self.is_create else set()
        again = {Decision.SEND_AGAIN} if self.operation.can_send_again else set()
        return ours | again | {Decision.NOT_OURS}

    def clean(self):
        values = super().clean()
        decision = values.get("decision")
        if decision == Decision.OURS and self.is_create and not values.get("candidate"):
            if len(self.candidates) > 1:
                self.add_error("candidate", _("Several objects may be yours: choose the one that is."))
            elif "candidate" not in self.errors:
                values["candidate"] = self.candidates[0]["id"]
        if decision == Decision.SEND_AGAIN and not values.get("sure"):
            self.add_error("sure", _("Confirm that you accept this before it is sent again."))
        return values
