"""The fields that ask why, and the form on which a team owner decides whether an operation happened."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.operations.models import Decision, Operation
from portal.operations.rules import APPROVAL, ASKS, REASON, TICKET
from portal.web.printable import printable

REASON_MAX = Operation._meta.get_field("reason").max_length
TICKET_MAX = Operation._meta.get_field("ticket").max_length
MAY_BE_ASKED = _("Your team asks for it where something is denied, bound or otherwise risky.")


def _line(longest):
    """An input of one line with a counter."""
    return forms.TextInput(attrs={"data-counter": longest, "autocomplete": "off"})


class ReasonField(forms.CharField):
    """Why something is changed, in a person's words."""

    def __init__(self, **options):
        told = {"required": False, "help_text": _("Saved in the audit log.")} | options
        super().__init__(label=_("Reason"), max_length=REASON_MAX, widget=_line(REASON_MAX), **told)


class TicketField(forms.CharField):
    """The number of a change request in the team's own system: one line. Reviewers filter by it."""

    def __init__(self):
        super().__init__(
            label=_("Ticket"),
            required=False,
            max_length=TICKET_MAX,
            validators=[printable],
            help_text=_("The change request in your own system, such as CHG-1042."),
            widget=_line(TICKET_MAX),
        )


class WhyForm(forms.Form):
    """Only why: for pages that ask for the rest themselves. `asked` are what rules.possible says of it."""

    reason = ReasonField()
    ticket = TicketField()

    def __init__(self, *args, asked=((), ()), **kwargs):
        super().__init__(*args, use_required_attribute=False, **kwargs)
        ask_why(self, *asked)


def ask_why(form, certain, possible):
    """Let a form ask why, as the team's rules do: `certain` is asked in any case, `possible` may be.

    Sets its `needs_approval`: "yes", "maybe" or "".
    """
    for name, make in {REASON: ReasonField, TICKET: TicketField}.items():
        if {REASON, TICKET} & {*possible}:
            form.fields.setdefault(name, make())
        if name in certain:
            field, asks = form.fields[name], str(ASKS[name]())
            field.required, field.error_messages["required"] = True, asks
            field.help_text = f"{asks} {field.help_text}"
        elif name in possible:
            field = form.fields[name]
            field.help_text = f"{MAY_BE_ASKED} {field.help_text}"
    form.needs_approval = "yes" if APPROVAL in certain else "maybe" if APPROVAL in possible else ""


def say_missing(form, error):
    """Show a WhyMissing at the fields that lack something."""
    for name, said in error.fields.items():
        if name not in form.fields:
            ask_why(form, (), (name,))
        form.add_error(name, str(said))


class DecisionForm(forms.Form):
    """`candidates` are the objects of the last look, as dicts with an `id`. One of them may be ours.

    If there is only one, nobody has to choose it. `operation_key` is for the new operation that "send
    again" makes.
    """

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=Decision,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a decision.")},
    )
    candidate = forms.ChoiceField(label=_("Which one"), required=False, widget=forms.RadioSelect)
    sure = forms.BooleanField(label=_("This may create a second object. Send it anyway."), required=False)
    reason = ReasonField(
        required=True,
        help_text=_("What you checked and what you found. Saved in the audit log with your name."),
        error_messages={"required": _("Enter a reason.")},
    )
    ticket = TicketField()
    operation_key = forms.CharField(label=_("Operation key"), max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args, operation, candidates, **kwargs):
        super().__init__(*args, **kwargs)
        self.operation, self.candidates = operation, candidates
        self.is_create = not operation.verb.on_object
        ids = [each["id"] for each in candidates]
        self.fields["candidate"].choices = [(each, each) for each in ids]
        self.fields["operation_key"].initial = uuid.uuid4
        if not self.is_create:
            self.fields["sure"].label = _("This may overwrite what others changed since. Send it anyway.")
        self.fields["decision"].choices = [each for each in Decision.choices if each[0] in self.possible]

    @property
    def possible(self):
        """The decisions that can be chosen. A create is "ours" only if a look has shown an object."""
        ours = {Decision.OURS} if self.candidates or not self.is_create else set()
        again = {Decision.SEND_AGAIN} if self.operation.can_send_again else set()
        return ours | again | {Decision.NOT_OURS}

    def clean(self):
        values = super().clean()
        decision = values.get("decision")
        if decision == Decision.OURS and self.is_create and not values.get("candidate"):
            if len(self.candidates) > 1:
                self.add_error("candidate", _("Choose the object that this operation created."))
            elif "candidate" not in self.errors:
                values["candidate"] = self.candidates[0]["id"]
        if decision == Decision.SEND_AGAIN and not values.get("sure"):
            self.add_error("sure", _("Select this to confirm that it should be sent again."))
        return values
