"""What each address of the portal takes that asks for more than reading: one act that succeeds."""

import json
import re
import uuid
from datetime import timedelta

from allauth.account.forms import default_token_generator
from django.core.cache import cache
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from portal.kinds.registry import KINDS
from portal.operations.job import Job
from portal.operations.models import Operation, State
from portal.record.models import Entry
from portal.resources.drift_page import _mark
from portal.teams import invitations, review
from portal.teams.models import Membership, Role, User
from tests.audit.connecting import edit_connection, new_connection, of_connection
from tests.examples import EXAMPLES, match
from tests.operations.ruled import asked, rule
from tests.resources import forms
from tests.support.codes import code_of
from tests.support.tokens import make as make_token

BUS, POLICY, DEVICE, GROUP = "iotda/soft-buses", "iotda/policies", "enos/devices", "iotda/device-groups"
PASSWORD, OTHER = "correct-horse-battery", "another-horse-battery"
LOST = {"match": match(BUS, "create"), "fault": "timeout_after_commit", "seconds": 0.1}
REFUSED = {"fault": "answer", "status": 400, "body": {"error_code": "IOTDA.000006", "error_msg": "no"}}


class Walk:
    """`at[address](walk)` sends what has to succeed; each returns the answer. `role` is who sends it."""

    def __init__(self, plant, emulator):
        self.plant, self.emulator, self.role = plant, emulator, Role.OWNER

    def send(self, path, data=None, **options):
        return self.post(self.plant.browser(self.role), path, data or {}, **options)

    def post(self, browser, path, data, **options):
        self.before = Entry.objects.count()
        self.answer = browser.post(path, data, **options)
        return self.answer

    def entries(self):
        """The entries of what was sent last."""
        return Entry.objects.order_by("seq")[self.before :]

    def connection(self):
        return self.plant.connections["iotda"]


def operation(walk, *faults, slug=BUS):
    walk.emulator.faults(list(faults))
    made = walk.plant.perform(slug, role=walk.role if walk.role == Role.OWNER else None)
    walk.emulator.faults([])
    return made


def of_operation(what, *faults, **columns):
    def send(walk):
        made = operation(walk, *faults)
        if columns:
            Operation.objects.filter(pk=made.pk).update(**columns)
        data = {"operation_key": str(uuid.uuid4()), "decision": "not_ours", "reason": "seen"}
        return walk.send(f"/operations/{made.pk}/{what}/", data)

    return send


def secrets(walk):
    made = operation(walk)
    Operation.objects.filter(pk=made.pk).update(
        sealed_secrets=made.seal_secrets({"secret": "s"}), secrets_until=timezone.now() + timedelta(hours=1)
    )
    return walk.send(f"/operations/{made.pk}/secrets/")


NEW = "new@example.test"


def administrator(walk):
    User.objects.filter(pk=walk.plant.people[Role.OWNER].pk).update(is_portal_admin=True)
    walk.plant.people[Role.OWNER].refresh_from_db()


def new_team(walk):
    administrator(walk)
    return walk.send("/teams/new/", {"name": "Harbour", "email": NEW})


def first_owner(walk):
    administrator(walk)
    Membership.objects.filter(role=Role.OWNER).update(role=Role.MANAGER)
    return walk.send(f"/teams/{walk.plant.team.pk}/first-owner/", {"email": NEW})


def of_member(what, **data):
    def send(walk):
        member = Membership.objects.get(user=walk.plant.people[Role.AUDITOR])
        return walk.send(f"/teams/{walk.plant.team.pk}/members/{member.pk}/{what}/", data)

    return send


def waiting(walk):
    """The Approval of a change that somebody else asked for."""
    rule(walk.plant, any=["approval"])
    return asked(walk.plant, BUS, "create")


def decided(decision):
    def send(walk):
        path = f"/approvals/{waiting(walk).pk}/"
        opened = forms.read(walk.plant.browser(walk.role).get(path)).fields
        return walk.send(f"{path}decide/", {**opened, "decision": [decision], "reason": ["seen"]})

    return send


def withdraw(walk):
    approval = waiting(walk)
    walk.role = Role.OPERATOR if walk.role == Role.OWNER else walk.role  # who asked
    return walk.send(f"/approvals/{approval.pk}/withdraw/")


def rules(walk):
    path = f"/teams/{walk.plant.team.pk}/rules/"
    opened = forms.read(walk.plant.browser(Role.OWNER).get(path)).fields
    made = {**opened, "for delete": ["reason"], "do": ["save"]}
    return walk.send(path, made)


def exception(walk):
    User.objects.filter(pk=walk.plant.people[Role.AUDITOR].pk).update(is_portal_auditor=True)
    return of_member("exception", reason="a small team")(walk)


def invite(walk):
    return walk.send(
        f"/teams/{walk.plant.team.pk}/invitations/", {"email": NEW, "role": "viewer", "scope": "team"}
    )


def of_invitation(what):
    def send(walk):
        team = walk.plant.team
        made = invitations.invite(
            team, actor=walk.plant.people[Role.OWNER], email=NEW, role="viewer", link=str
        )
        return walk.send(f"/teams/{team.pk}/invitations/{made.pk}/{what}/")

    return send


def accept_invitation(walk):
    tokens = []
    owner = walk.plant.people[Role.OWNER]
    invitations.invite(walk.plant.team, actor=owner, email=NEW, role="viewer", link=keep_in(tokens))
    browser = Client(HTTP_HOST="localhost")
    browser.get(f"/teams/invitation/{tokens[0]}/")
    return walk.post(browser, "/teams/invitation/", {"name": "New", "password": PASSWORD})


def keep_in(tokens):
    def link(token):
        tokens.append(token)
        return token

    return link


def form_of(slug, verb):
    def send(walk):
        row = None if verb == "create" else walk.plant.ready(slug, verb)
        browser = walk.plant.browser(Role.OWNER)
        made = forms.filled(browser, slug) if row is None else forms.edited(browser, slug, row)
        path = forms.new(slug) if row is None else forms.changing(row, verb)
        made = made.urlencode() if isinstance(made, QueryDict) else forms.encoded(made)
        return walk.send(path, made, content_type="application/x-www-form-urlencoded")

    return send


def account(path, data, *, signs_in=True):
    def send(walk):
        user = User.objects.get(pk=walk.plant.people[walk.role].pk)
        user.set_password(PASSWORD)
        user.save()
        walk.plant.people[walk.role] = user
        if signs_in:
            return walk.send(path, data)
        browser = walk.plant.browser(walk.role)
        browser.logout()
        return walk.post(browser, path, {"login": user.email, **data})

    return send


def add_app(walk):
    """By a browser of its own, because the key waits in its session."""
    browser = walk.plant.browser(walk.role)
    page = browser.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)[1]
    walk.secret = secret
    return walk.post(browser, "/accounts/2fa/totp/activate/", {"code": code_of(secret)})


def of_app(what, *, is_code=False):
    def send(walk):
        assert add_app(walk).status_code == 302
        cache.clear()  # the code counts once more
        walk.plant.people[walk.role].refresh_from_db()  # their sessions of before are over
        return walk.send(f"/accounts/2fa/{what}", {"code": code_of(walk.secret)} if is_code else {})

    return send


def job(what):
    def send(walk):
        row = walk.plant.make(BUS)
        from portal.operations import together
        from portal.operations.change import Change
        from portal.operations.job import Purpose

        kind = KINDS[BUS]
        change = Change(kind, kind.verb("delete"), row.connection, row)
        owner = User.objects.get(pk=walk.plant.people[Role.OWNER].pk)
        made = together.request([change], actor=owner, key=str(uuid.uuid4()), purpose=Purpose.EACH)
        if what == "again":
            Job.objects.filter(pk=made.pk).update(state="stopped", due_at=None, stopped_at=timezone.now())
        return walk.send(f"/jobs/{made.pk}/{what}/")

    return send


def accept(walk):
    row = walk.plant.make(BUS)
    row.drift, row.drifted_at = {"name": ["was", "is"]}, timezone.now()
    row.save()
    return walk.send(f"/{BUS}/{row.pk}/accept-found/", {"shown": _mark(row)})


def api(slug, verb):
    def send(walk):
        from tests.api.calling import body_of, path_of

        row = None if verb == "create" else walk.plant.ready(slug, verb)
        body = json.dumps(body_of(walk.plant, slug, verb))
        path = f"/api/v1/{path_of(slug, verb, row)}"
        return walk.send(path, body, content_type="application/json", HTTP_IDEMPOTENCY_KEY=str(uuid.uuid4()))

    return send


def refresh(walk):
    return walk.send(f"/{BUS}/refresh/")


def of_person(what):
    def send(walk):
        administrator(walk)
        return walk.send(f"/people/{walk.plant.people[Role.AUDITOR].pk}/{what}/")

    return send


def switched_off(walk):
    User.objects.filter(pk=walk.plant.people[Role.AUDITOR].pk).update(is_active=False)
    return of_person("activate")(walk)


def mail_test(walk):
    administrator(walk)
    return walk.send("/settings/mail-test/")


def reset(walk):
    return walk.send("/accounts/password/reset/", {"email": NEW})


def choose_password(walk):
    person = User.objects.get(pk=walk.plant.people[walk.role].pk)
    browser = Client(HTTP_HOST="localhost")
    token = default_token_generator.make_token(person)
    form = browser.get(f"/accounts/password/reset/{person.pk.hex}/{token}/")["Location"]
    return walk.post(browser, form, {"password1": OTHER, "password2": OTHER})


def of_token(path, data=None):
    """`path` takes the ids of the team and of a token, an owner's own."""

    def send(walk):
        token, _text = make_token(walk.plant, Role.OWNER, ("create", "delete"))
        return walk.send(path.format(team=walk.plant.team.pk, token=token.pk), data)

    return send


def new_token(walk):
    values = {
        "id": str(uuid.uuid4()),
        "name": "nightly",
        "changing": ["create"],
        "days": "30",
        "scope": "team",
    }
    return walk.send("/profile/tokens/new/", values)


SUCCESSES = {
    "profile/tokens/new/": new_token,
    "profile/tokens/<uuid:id>/": of_token(
        "/profile/tokens/{token}/", {"changing": ["create"], "scope": "team"}
    ),
    "profile/tokens/<uuid:id>/revoke/": of_token("/profile/tokens/{token}/revoke/"),
    "teams/<uuid:id>/tokens/<uuid:token>/revoke/": of_token("/teams/{team}/tokens/{token}/revoke/"),
    "accounts/password/reset/": reset,
    "accounts/password/reset/<str:uidb36>/<str:key>/": choose_password,
    "accounts/login/": account("/accounts/login/", {"password": PASSWORD}, signs_in=False),
    "accounts/logout/": account("/accounts/logout/", {}),
    "accounts/reauthenticate/": account("/accounts/reauthenticate/", {"password": PASSWORD}),
    "accounts/password/change/": account(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER}
    ),
    "accounts/2fa/totp/activate/": add_app,
    "accounts/2fa/totp/deactivate/": of_app("totp/deactivate/"),
    "accounts/2fa/recovery-codes/": of_app("recovery-codes/"),
    "accounts/2fa/recovery-codes/generate/": of_app("recovery-codes/generate/"),
    "accounts/2fa/reauthenticate/": of_app("reauthenticate/", is_code=True),
    "profile/": lambda walk: walk.send("/profile/", {"name": "Mei", "time_zone": "Asia/Shanghai"}),
    "profile/sessions/end/": lambda walk: walk.send("/profile/sessions/end/"),
    "operations/<uuid:id>/look-again/": of_operation("look-again", LOST),
    "operations/<uuid:id>/cancel/": of_operation("cancel", state=State.INTENT),
    "operations/<uuid:id>/requeue/": of_operation("requeue", {"match": match(BUS, "create"), **REFUSED}),
    "operations/<uuid:id>/decide/": of_operation("decide", LOST, state=State.NEEDS_HUMAN),
    "operations/<uuid:id>/secrets/": secrets,
    "jobs/<uuid:id>/stop/": job("stop"),
    "jobs/<uuid:id>/again/": job("again"),
    "connections/new/": new_connection,
    "connections/<uuid:id>/edit/": edit_connection,
    "connections/<uuid:id>/test/": of_connection("test"),
    "connections/<uuid:id>/delete/": of_connection("delete"),
    "teams/new/": new_team,
    "teams/invitation/": accept_invitation,
    "teams/<uuid:id>/first-owner/": first_owner,
    "teams/<uuid:id>/invitations/": invite,
    "teams/<uuid:id>/invitations/<uuid:invitation>/again/": of_invitation("again"),
    "teams/<uuid:id>/invitations/<uuid:invitation>/revoke/": of_invitation("revoke"),
    "teams/<uuid:id>/members/<int:member>/role/": of_member("role", role="operator"),
    "teams/<uuid:id>/members/<int:member>/places/": of_member("places", scope="team"),
    "teams/<uuid:id>/members/<int:member>/remove/": of_member("remove"),
    "teams/<uuid:id>/members/<int:member>/exception/": exception,
    "teams/<uuid:id>/rules/": rules,
    "approvals/<uuid:id>/decide/": decided("approve"),
    "approvals/<uuid:id>/withdraw/": withdraw,
    "people/<uuid:id>/deactivate/": of_person("deactivate"),
    "people/<uuid:id>/activate/": switched_off,
    "settings/mail-test/": mail_test,
    "teams/<uuid:id>/access-review/export.csv": lambda walk: walk.send(
        f"/teams/{walk.plant.team.pk}/access-review/export.csv"
    ),
    "teams/<uuid:id>/access-review/confirm/": lambda walk: walk.send(
        f"/teams/{walk.plant.team.pk}/access-review/confirm/",
        {"digest": review.digest_of(review.snapshot(walk.plant.team))},
    ),
    "teams/<uuid:id>/retention/": lambda walk: walk.send(
        f"/teams/{walk.plant.team.pk}/retention/", {"days": "90"}
    ),
    "teams/<uuid:id>/second-factor/": lambda walk: walk.send(
        f"/teams/{walk.plant.team.pk}/second-factor/", {"required": "on"}
    ),
    "audit/export/": lambda walk: walk.send("/audit/export/", {"format": "csv"}),
    "audit/intact/": lambda walk: walk.send("/audit/intact/"),
    "<kind:kind>/refresh/": refresh,
    "<kind:kind>/new/": form_of(BUS, "create"),
    "<kind:kind>/<str:id>/<slug:verb>/": form_of(GROUP, "update"),
    "<kind:kind>/<str:id>/accept-found/": accept,
    **{
        f"api/v1/{slug}/" + ("" if verb == "create" else f"<str:id>/{verb}/"): api(slug, verb)
        for slug, example in EXAMPLES.items()
        for verb in example.changes
    },
}
