"""The page on which many rows of a list are asked for at once: what will be done, then one job of it."""

import time
import uuid

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from portal.bounds import LINE_MAX
from portal.errors import KeyReused, PortalError, RecordUnavailable
from portal.kinds import search
from portal.operations import together
from portal.operations.change import WHY_FIELDS, Change
from portal.operations.entries import admit
from portal.operations.forms import ReasonField, TicketField
from portal.operations.job import Job, Purpose
from portal.operations.tasks import carry_on
from portal.outside import isolated
from portal.platforms.answers import storable
from portal.resources import asking
from portal.resources.bulk import Asked, Selection
from portal.resources.fields import OPTIONS_MAX, SEARCH_MAX
from portal.resources.forms import INCOMPLETE
from portal.resources.freshness import Coverage, freshness
from portal.resources.impact import Impacts
from portal.resources.pages import connections_of, is_uuid
from portal.resources.reading import REACH_SECONDS
from portal.teams.access import explain, in_places
from portal.web import kept
from portal.web.pages import page, say

NOTHING = _("Nothing was selected. Select at least one row, then press the button again.")


class OtherField(forms.CharField):
    """A choice among the objects of another kind that the mirror has, searched by name or id."""

    searchable, search, problem = True, "", None

    def __init__(self):
        super().__init__(widget=forms.Select(attrs={"size": 6}))

    def offer(self, selection, posted):
        """Set which objects can be chosen: those of the selection's connection that reach all of it."""
        owner, takes, connection = selection.asked.owner, selection.asked.takes, selection.connection
        self.label, self.search = owner.label, posted.get("other_search", "")[:SEARCH_MAX]
        there = owner.model.objects.present().filter(connection=connection)
        self.there = in_places(selection.user, there, [connection])
        rows = self.there
        for name in takes.shared:
            values = {getattr(row, name) for row in selection.rows} - {""}
            if len(values) == 1:
                rows = rows.filter(Q(**{name: values.pop()}) | Q(**{name: ""}))
        found = list(
            search.matching(rows, storable(self.search)).order_by("sort_key", "remote_id")[:OPTIONS_MAX]
        )
        chosen = self.chosen(posted.get("other", ""))
        if chosen and chosen not in found:
            found.insert(0, chosen)
        self.widget.choices = [(str(row.pk), isolated(_option(row))) for row in found]
        if not Coverage.of(freshness(asking.opened(owner, [connection]))).is_whole:
            text = _now(
                "Offered is what the portal has read. That may not be all: see the list of %(plural)s."
            )
            self.problem = text % {"plural": owner.plural}

    def chosen(self, id):
        """The row with that portal id; None if it cannot be chosen."""
        return self.there.filter(pk=id).first() if is_uuid(id) else None

    def clean(self, value):
        row = self.chosen(super().clean(value))
        if row is None:
            raise forms.ValidationError(_("This is not there any more. Choose another one."), code="unknown")
        return row


def _option(row):
    return f"{row} ({row.remote_id})" if str(row) != row.remote_id else row.remote_id


class BulkForm(forms.Form):
    """What is asked before a job is made of a Selection; `seen` is what the page showed of it."""

    operation_key = forms.CharField(
        max_length=64, widget=forms.HiddenInput, error_messages={"required": INCOMPLETE}
    )
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    other = OtherField()
    reason = ReasonField()
    ticket = TicketField()
    inside = forms.BooleanField(
        label=_("Delete what is inside as well, first"),
        required=False,
        help_text=_("Without this, the platform may refuse objects that are not empty."),
    )
    plan = forms.CharField(required=False, widget=forms.HiddenInput)
    count = forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}))

    def __init__(self, data=None, *, selection, posted, initial=None):
        initial = {"operation_key": str(uuid.uuid4()), "seen": selection.mark, **(initial or {})}
        super().__init__(data, initial=initial, use_required_attribute=False)
        self.selection = selection
        if selection.asked.takes and selection.found:
            self.fields["other"].offer(selection, posted)
        else:
            del self.fields["other"]
        if selection.asked.verb.removes and len(selection.rows) > 1:
            text = _now("Type %(count)s to confirm") % {"count": len(selection.rows)}
            self.fields["count"].label = text
        else:
            del self.fields["count"]

    def show_inside(self, impacts):
        """Offer to delete what is inside, if that is known and not too much, and name what is shown of it."""
        if impacts is None or not (impacts.before and impacts.can_be_asked_for):
            del self.fields["inside"], self.fields["plan"]
        elif self.is_bound:
            self.show_again(plan=impacts.digest)
        else:
            self.initial["plan"] = impacts.digest

    def clean_count(self):
        if self.cleaned_data["count"] != str(len(self.selection.rows)):
            text = _now("Type the number of objects: %(count)s.") % {"count": len(self.selection.rows)}
            raise forms.ValidationError(text, code="count")
        return self.cleaned_data["count"]

    def show_again(self, **values):
        """Let the next submit send these values."""
        self.data = self.data.copy()
        self.data.update(values)


@require_http_methods(["GET", "POST"])
def bulk(request, kind, verb):
    """A verb that acts on each of the selected objects alone."""
    return _answer(request, kind, lambda each: each.takes is None and each.verb.name == verb)


@require_http_methods(["GET", "POST"])
def taking(request, kind, other, verb):
    """A verb of another object that takes the selected ones."""
    slug = f"{kind.platform}/{other}"
    return _answer(
        request, kind, lambda each: each.takes and (each.owner.slug, each.verb.name) == (slug, verb)
    )


def _answer(request, kind, is_asked):
    asked = next(filter(is_asked, Asked.all(kind)), None)
    connections = connections_of(request, kind)
    if asked is None or not connections:
        raise Http404
    posted = request.POST if request.method == "POST" else kept.take(request)
    back = _list_address(kind, posted or request.GET)
    picks = posted.getlist("pick") if posted else []
    if not picks:
        messages.error(request, NOTHING)
        return redirect(back)
    selection = Selection.of(asked, picks, connections, request.user)
    if selection.problem:
        messages.error(request, selection.problem)
        return redirect(back)
    if request.method == "POST" and "operation_key" in posted and "touch" not in posted:
        return _request(request, selection, back)
    form = BulkForm(selection=selection, posted=posted, initial=_typed(posted))
    return _show(request, form, back)


def _list_address(kind, posted):
    """The list with the filters that it had; `back` is their query."""
    query = QueryDict(posted.get("back", "")[:LINE_MAX]).urlencode()
    return reverse("resources:list", args=[kind]) + (f"?{query}" if query else "")


def _typed(posted):
    names = ("operation_key", "other", "reason", "ticket", "count")
    return {name: posted[name] for name in names if name in posted}


def _show(request, form, back, status=200, **context):
    selection = form.selection
    impacts = _impacts(selection)
    form.show_inside(impacts)
    context |= {"impacts": impacts, "reach": _reach(selection)}
    context |= {"form": form, "selection": selection, "asked": selection.asked, "kind": selection.asked.kind}
    context |= {"back": back, "list_query": back.partition("?")[2]}
    return page(request, "resources/bulk.html", context, partial="form", status=status)


def _impacts(selection):
    """What is inside the objects that are to be deleted; None where that does not matter."""
    if not (selection.asked.verb.removes and selection.asked.kind.held and selection.rows):
        return None
    return Impacts.read(selection.asked.kind, selection.rows, REACH_SECONDS)


def _reach(selection):
    """What is behind the objects that another one takes, as text or a Said; None where nothing says that."""
    takes, kind = selection.asked.takes, selection.asked.kind
    if not (takes and takes.reaches and selection.rows):
        return None
    spaces = {getattr(row, kind.space) for row in selection.rows} if kind.space else set()
    try:
        client = selection.connection.client()
        with client.one_deadline(time.monotonic() + REACH_SECONDS):
            ids = [row.remote_id for row in selection.rows]
            return takes.reaches(client, ids, spaces.pop() if len(spaces) == 1 else "")
    except PortalError as error:
        return error.message


def _request(request, selection, back):
    """Make the job. What is not as the person saw it is shown again instead."""
    _record_denial(request, selection)
    form = BulkForm(request.POST, selection=selection, posted=request.POST)
    key = storable(request.POST["operation_key"])[:64]
    # A second press finds rows gone by now.
    is_again = bool(selection.found) and Job.objects.filter(team=request.team, key=key).exists()
    if not is_again and request.POST.get("seen") != selection.mark:
        form.show_again(seen=selection.mark, count="")
        form.errors.clear()
        return _show(request, form, back, status=409, has_changed=True)
    if is_again:
        form.fields.pop("count", None)
    if not form.is_valid():
        return _show(request, form, back, status=422)
    other = form.cleaned_data.get("other")
    changes = selection.changes(selection.found if is_again else selection.rows, other)
    wanted = {"key": key, "purpose": Purpose.EACH, "name": str(other or "")}
    wanted |= {name: form.cleaned_data[name] for name in WHY_FIELDS}
    has_inside = form.cleaned_data.get("inside")
    if has_inside and (job := together.asked_before(request.team, key, request.user)):
        return redirect("jobs:detail", job.pk)  # what was inside is going, so the plan cannot be the same
    if has_inside:
        impacts = _impacts(selection)
        if impacts is None or impacts.digest != form.cleaned_data["plan"] or not impacts.can_be_asked_for:
            return _show(request, form, back, status=409, has_changed=True)
        wanted["purpose"] = Purpose.LEAVES_FIRST
    else:
        impacts = None
    try:
        if impacts:
            changes, wanted["waits_for"] = impacts.changes()
        job = together.request(changes, actor=request.user, **wanted)
    except KeyReused as error:
        form.show_again(operation_key=str(uuid.uuid4()))
        return _show(request, form, back, status=409, refusal=error)
    except RecordUnavailable as error:
        return say(_show(request, form, back, status=503, refusal=error), error)
    carry_on.enqueue(str(job.pk))
    return redirect("jobs:detail", job.pk)


def _record_denial(request, selection):
    """Raises NotAllowed, recorded, if what is asked for needs a right that the person lacks."""
    asked = selection.asked
    for row in selection.found:
        if explain(request.user, asked.verb.right, row):
            target, data = (None, asked.takes.data([row.remote_id])) if asked.takes else (row, {})
            admit(Change(asked.owner, asked.verb, row.connection, target, data), request.user)
