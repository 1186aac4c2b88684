"""The list of what waits for approval and was decided, and the page of one, where a second person decides."""

from functools import wraps

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from portal.errors import NotDecidable, NotRepeatable, PlatformError, RecordUnavailable
from portal.kinds.registry import KINDS
from portal.operations import approvals, approving, keeping
from portal.operations.approval import Approval
from portal.operations.forms import ReasonField
from portal.operations.job import Job
from portal.operations.models import HAPPENED
from portal.operations.tasks import carry_on
from portal.outside import name_or_id
from portal.record.correlation import HEADER
from portal.resources.pages import is_uuid
from portal.resources.touching import Touched, plan_changed
from portal.teams.access import explain, may
from portal.teams.readers import has_read
from portal.teams.signin.confirming import confirmed
from portal.web import kept
from portal.web.pages import page, say

PAGE = 50
VIEWS = {
    "": _("To decide"),
    "mine": _("Asked by me"),
    "others": _("Waiting for others"),
    "decided": _("Decided"),
}
APPROVE, REFUSE = "approve", "refuse"


class DecisionForm(forms.Form):
    """Posted: `decision`, and `shown`, which stands for what the page showed that the change touches."""

    reason = ReasonField(help_text=_("Needed to refuse. Saved in the audit log with your name."))
    shown = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, **options):
        super().__init__(data, use_required_attribute=False, **options)
        if (data or {}).get("decision") == REFUSE:
            self.fields["reason"].required = True
            self.fields["reason"].error_messages["required"] = _now(
                "Say why, so that it can be asked better."
            )


def of_view(user, team, view=""):
    """Those of one of VIEWS, newest first."""
    rows = Approval.objects.visible_to(user).filter(team=team).select_related("actor", "decided_by")
    if view == "decided":
        return rows.exclude(pk__in=rows.waiting().values("pk"))
    if view == "mine":
        return rows.filter(actor=user)
    mine = rows.to_decide(user).filter(team=team)
    return rows.waiting().exclude(actor=user).exclude(pk__in=mine.values("pk")) if view == "others" else mine


def listed(rows, before=None):
    """(those of one page, the id behind which the next page begins or "").

    `before` is the last one of the page before, None for the first page.
    """
    if before:
        same_time = Q(created_at=before.created_at, pk__lt=before.pk)
        rows = rows.filter(Q(created_at__lt=before.created_at) | same_time)
    found = list(rows.order_by("-created_at", "-pk")[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else ""


def anchor(rows, text):
    """The one with this id; None if there is none."""
    return rows.filter(pk=text).first() if is_uuid(text) else None


@require_safe
def list_(request):
    view = request.GET.get("view", "")
    view = view if view in VIEWS else ""
    tabs = [(name, label, name == view) for name, label in VIEWS.items()]
    rows = of_view(request.user, request.team, view)
    found, following = listed(rows, anchor(rows, request.GET.get("before", "")))
    may_decide = may(request.user, "approve", request.team)
    context = {
        "approvals": found,
        "next": following,
        "view": view,
        "tabs": tabs,
        "why_not": "" if may_decide or not request.team else explain(request.user, "approve", request.team),
    }
    return page(request, "resources/approvals.html", context)


def find(request, id):
    related = ("actor", "team__rules", "connection", "decided_by", "follows")
    return get_object_or_404(Approval.objects.visible_to(request.user).select_related(*related), pk=id)


@require_safe
def detail(request, id):
    approval = find(request, id)
    values = kept.initial(request, reverse("approvals:decide", args=[id]))
    return _show(request, approval, DecisionForm(initial={"reason": values.get("reason", "")}))


def _show(request, approval, form=None, status=200, **context):
    user = request.user
    is_mine = approval.actor_id == user.pk
    why_not = explain(user, "approve", approval) or (str(approvals.OWN()) if is_mine else "")
    may_read = may(user, "read_record", approval) or (is_mine and may(user, "read_own_record", approval))
    if may_read and not is_mine:  # the requests belong to the record
        has_read(user, approval.team, "approval", {"approval": str(approval.pk)})
    if approval.is_waiting and not why_not:
        context |= _touched(approval)
        why_not = _lacks(user, context["changes"])
        form = form or DecisionForm()
        form.initial["shown"] = context["touched"].mark if context["touched"] else ""
        if form.is_bound:
            form.data = form.data.copy()
            form.data["shown"] = form.initial["shown"]
    context |= {
        "approval": approval,
        "form": form,
        "is_mine": is_mine,
        "why_not": why_not,
        "may_read": may_read,
        "operations": approval.operations.order_by("created_at")[:PAGE],
        "job": approval.jobs.first(),
        "target": _target(approval),
        "parts": _parts(approval),
    }
    return page(request, "resources/approval.html", context, partial="approval", status=status)


def _parts(approval):
    """Its changes for the page: [{label, name, request, then: [(label, data)]}]."""
    return [
        {
            "label": _label(each),
            "name": name_or_id(each["object_name"], each["object_id"]),
            "request": each["request"],
            "then": [(_label(then), then["data"]) for then in each["then"]],
        }
        for each in approval.changes
    ]


def _label(told):
    kind = KINDS[told["kind"]]
    verb = next(each for each in (*kind.verbs, kind.batch) if each and each.name == told["verb"])
    return f"{verb.label} ({kind.label})"


def _touched(approval):
    """Context: what it touches now, or why it cannot be requested as it was asked for."""
    try:
        changes = keeping.changes_of(approval)
    except NotRepeatable as error:
        return {"changes": [], "touched": None, "void": error.message}
    touched = Touched.read(approval, changes)
    return {"changes": changes, "touched": touched, "void": touched.plan}


def _lacks(user, changes):
    """Why the person may not do this themselves, and so may not approve it, as text; "" if they may."""
    asked = approving.rights_for(user, changes)
    return next(filter(None, (explain(user, right, thing) for right, thing in asked)), "")


def _target(approval):
    """The mirror row of a single change's object, None if there is none."""
    if approval.purpose or not approval.object_id or approval.connection_id is None:
        return None
    rows = approval.kind.model.objects.filter(connection=approval.connection_id)
    return rows.filter(remote_id=approval.object_id, scope=approval.object_scope).first()


def _of_its_story(view):
    """Decorates a view that goes on with an approval's story: its answer tells the id of that."""

    @wraps(view)
    def told(request, id):
        approval = find(request, id)
        response = view(request, approval)
        response[HEADER] = approval.correlation
        return response

    return told


@confirmed("POST")
@require_POST
@_of_its_story
def decide(request, approval):
    """Posted: `decision`, approve or refuse, a `reason` and `shown` (DecisionForm)."""
    decision = request.POST.get("decision")
    if decision not in (APPROVE, REFUSE):
        raise Http404
    verb = "approval_give" if decision == APPROVE else "approval_refuse"
    approvals.require_to_decide(approval, request.user, verb)
    if not approval.is_waiting:
        return _over(request, approval)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _show(request, approval, form, status=422)
    reason = form.cleaned_data["reason"]
    try:
        if decision == REFUSE:
            approvals.refuse(approval, actor=request.user, reason=reason)
            messages.success(request, _now("Refused. Nothing was sent."))
            return redirect("approvals:detail", approval.pk)
        touched = _touched(approval)["touched"]
        if touched and touched.mark != form.cleaned_data["shown"]:
            return _show(request, approval, form, status=409, has_changed=True)
        made = approving.approve(approval, actor=request.user, reason=reason, look=plan_changed)
    except NotDecidable:
        return _over(request, approval)
    except PlatformError as error:
        form.add_error(None, _now("The platform could not be read, so nothing was approved. %s") % error)
        return _show(request, approval, form, status=503)
    except RecordUnavailable as error:
        form.add_error(None, str(error))
        return say(_show(request, approval, form, status=503), error)
    return _approved(request, approval, made)


def _over(request, approval):
    """Somebody was faster, or it was pressed twice: the page says what became of it."""
    approval.refresh_from_db()
    if approval.decided_by_id != request.user.pk:
        messages.warning(request, str(approvals.NO_LONGER()))
    return redirect("approvals:detail", approval.pk)


def _approved(request, approval, made):
    """Go to what came of it."""
    if made is None:
        messages.warning(request, str(approval.said))
        return redirect("approvals:detail", approval.pk)
    if isinstance(made, Job):
        carry_on.enqueue(str(made.pk))
        messages.success(request, _now("Approved. The steps of the job begin now."))
        return redirect("jobs:detail", made.pk)
    job = Job.objects.filter(team=approval.team, key=approval.key).first()
    if job:
        carry_on.enqueue(str(job.pk))
    is_done = all(each.state in HAPPENED for each in made)
    sent = _now("Approved, and done.") if is_done else _now("Approved. See below what became of it.")
    messages.add_message(request, messages.SUCCESS if is_done else messages.INFO, sent)
    return redirect("approvals:detail", approval.pk)


@require_POST
@_of_its_story
def withdraw(request, approval):
    try:
        approvals.withdraw(approval, actor=request.user)
    except NotDecidable:
        return _over(request, approval)
    messages.success(request, _now("Withdrawn. Nothing was sent."))
    return redirect("approvals:detail", approval.pk)
