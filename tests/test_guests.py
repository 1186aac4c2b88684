"""Every page with odd text from outside: it turns nothing, hides nothing, and is no markup.

The pages are found in the URLs, so a new page is drawn too. Would catch: a name in a sentence, a title, an
attribute or an option that goes through no filter of portal/web/guests.py.
"""

import html
import json
import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from portal.connections.models import Connection
from portal.kinds.fields import JsonText
from portal.kinds.registry import KINDS
from portal.operations.approval import Approval, ApprovalState
from portal.operations.job import Job, JobState, Purpose, Step
from portal.operations.models import Operation, State
from portal.operations.stepping import STOPPED
from portal.outside import isolated
from portal.record.models import Entry
from portal.record.store import append
from portal.teams.models import ApiToken, Role, Team, User
from portal.words import to_json
from tests.examples import creating
from tests.resources.forms import changing
from tests.resources.shown import opened, press, show
from tests.support.drawn import ODD, RLO, Drawn, check
from tests.support.mails import TOKEN, make_invitation
from tests.support.passkeys import made_passkey
from tests.support.tokens import make
from tests.test_doors import addresses

pytestmark = pytest.mark.anywhere

NO_PAGE = {"healthz", "readyz", ".well-known/security.txt"}


@pytest.fixture
def odd(plant, emulator):
    """Everything that has a name has an odd one, and the platforms answer with odd words."""
    for slug in creating():
        plant.make(slug)
    refused = {"error_code": ODD, "error_msg": ODD, "code": 400, "msg": ODD, "requestId": ODD}
    emulator.faults([{"match": {}, "fault": "answer", "status": 400, "body": json.dumps(refused)}])
    plant.perform("iotda/policies")
    tell_everything_oddly(plant)
    return plant


def tell_everything_oddly(plant, text=ODD):
    """Write the text wherever the portal keeps text from outside, past its rules."""
    Team.objects.filter(pk=plant.team.pk).update(name=text[:100])
    for number, person in enumerate(plant.people.values()):
        User.objects.filter(pk=person.pk).update(name=text[:100], email=f"{number}{text[:200]}@example.test")
    make_invitation(plant, text)
    for connection in plant.connections.values():
        Connection.objects.filter(pk=connection.pk).update(name=f"{connection.platform} {text}"[:100])
    for slug, kind in KINDS.items():
        connection = plant.connection(kind)
        row = kind.model.objects.filter(connection=connection).first() or kind.model(connection=connection)
        row.remote_id = row.remote_id or text[:160]
        fields = {each.name: oddly(each, text) for each in kind.model.platform_fields()}
        row.take({"name": f"{slug} {text}", **fields})
        row.save()
    told = told_oddly(text)
    states = [State.NEEDS_HUMAN, State.IN_DOUBT, State.REJECTED, State.NOT_SENT, State.FOUND, State.DONE]
    for operation, state in zip(Operation.objects.filter(team=plant.team), states, strict=False):
        Operation.objects.filter(pk=operation.pk).update(state=state, **told)
    make_jobs(plant, text)
    make_approvals(plant, text)
    names = (
        "object_name",
        "object_id",
        "actor",
        "connection",
        "platform_code",
        "platform_request_id",
        "reason",
        "ticket",
    )
    about = {name: text[: Entry._meta.get_field(name).max_length] for name in (*names, "team", "summary")}
    team = {"team_id": str(plant.team.pk), "kind": "enos/devices", "verb": "create"}
    append(
        {
            **about,
            **team,
            "stage": "outcome",
            "outcome": "done",
            "body": {"answer": {text: text}, "note": text},
        }
    )


def make_approvals(plant, text):
    """One in each state; each is about one change, with one that follows it."""
    told = told_oddly(text)
    change = {
        **{"kind": "iotda/policies", "verb": "create", "object_id": text, "object_name": text},
        **{"connection": str(plant.connections["iotda"].pk), "account": "", "request": told["request"]},
        "then": [{"kind": "iotda/policies", "verb": "bind", "data": {"target_ids": [text]}}],
    }
    for state in ApprovalState:
        Approval.objects.create(
            team=plant.team,
            key=state,
            actor=plant.people[Role.OPERATOR],
            decided_by=None if state == ApprovalState.WAITING else plant.people[Role.MANAGER],
            state=state,
            platform="iotda",
            kind_slug="iotda/policies",
            verb_name="create",
            object_id=text[:160],
            changes=[{**change, "data": {text: text}, "object_scope": "", "seen": {}}] * 2,
            decision_reason=text[:200],
            words={"code": "approval.changed", "params": {"names": text}},
            expires_at=timezone.now() + timedelta(days=1),
            **{name: told[name] for name in ("object_name", "connection_name", "reason", "ticket")},
        )


def make_jobs(plant, text):
    """One of each purpose: with an odd name, with a step that has an operation, and one that never began."""
    kind = KINDS["iotda/policies"]
    about = {"platform": "iotda", "kind_slug": kind.slug, "verb_name": "delete"}
    operations = Operation.objects.filter(team=plant.team, kind_slug=kind.slug)
    for purpose in Purpose:
        job = Job.objects.create(
            team=plant.team,
            key=purpose,
            actor=plant.people[Role.OWNER],
            purpose=purpose,
            object_name=text[:256],
            reason=text[:200],
            ticket=text[:64],
            state=JobState.INCOMPLETE,
            **about,
        )
        for number, operation in enumerate([operations.filter(step=None).first(), None], 1):
            Step.objects.create(
                job=job,
                number=number,
                kind_slug=kind.slug,
                verb_name="delete",
                connection=plant.connection(kind),
                object_name=text[:256],
                actor=job.actor,
                is_wanted=False,
                operation=operation,
                words=None if operation else to_json(STOPPED(person=text)),
            )


def oddly(field, text):
    if isinstance(field, JsonText):
        return {text: text, "list": [text]}
    return text if field.empty_strings_allowed else True


def told_oddly(text):
    """Columns of an operation."""
    candidate = {"id": text, "name": text, text: [text]}
    compared = [
        {"field": text, "sent": text, "seen": {text: text}, "same": False},
        {"field": "name", "sent": text, "seen": text, "same": True},
    ]
    look = {
        "at": "2026-11-28T10:00:00+00:00",
        "text": text,
        "by": text,
        "verdict": "undecided",
        "words": None,
        "candidates": [
            {"object": candidate, "compared": compared},
            {"object": {**candidate, "id": "2"}, "compared": []},
        ],
    }
    return {
        "object_name": text[:256],
        "connection_name": text[:100],
        "reason": text[:200],
        "ticket": text[:64],
        "platform_message": text,
        "platform_code": text[:64],
        "platform_request_id": text[:128],
        "words": None,
        "request": {"method": "POST", "url": "https://x.test/" + text, "body": json.dumps({"name": text})},
        "answer": {"name": text, "more": [text]},
        "looks": [look],
    }


def arguments(address, plant):
    """Values for the parts of an address, one set for each page that it stands for."""
    if "<kind:kind>" in address:
        for slug, kind in KINDS.items():
            row = kind.model.objects.filter(connection=plant.connection(kind), name__contains=RLO).first()
            named = {"<slug:verb>": kind.verbs, "<slug:name>": kind.related}
            part = next((part for part in named if part in address), "")
            for name in [each.name for each in named[part]] if part else [""]:
                yield {"<kind:kind>": slug, "<str:id>": str(row.pk), part: name, "<slug:other>": "policies"}
    elif "operations/<uuid:id>" in address:
        for operation in Operation.objects.all():
            yield {"<uuid:id>": str(operation.pk)}
    elif "jobs/<uuid:id>" in address:
        for job in Job.objects.all():
            yield {"<uuid:id>": str(job.pk)}
    elif "approvals/<uuid:id>" in address:
        for approval in Approval.objects.all():
            yield {"<uuid:id>": str(approval.pk)}
    elif "connections/<uuid:id>" in address:
        for connection in plant.connections.values():
            yield {"<uuid:id>": str(connection.pk)}
    elif "teams/<uuid:id>" in address:
        invitation, member = plant.team.invitations.first().pk, plant.team.memberships.first().pk
        yield {
            "<uuid:id>": str(plant.team.pk),
            "<int:member>": str(member),
            "<uuid:invitation>": str(invitation),
            "<uuid:token>": str(token(plant)),
        }
    elif "profile/tokens/<uuid:id>" in address:
        yield {"<uuid:id>": str(token(plant))}
    elif "<str:token>" in address:
        yield {"<str:token>": TOKEN}
    elif "people/<uuid:id>" in address:
        yield {"<uuid:id>": str(plant.people[Role.VIEWER].pk)}
    elif "<str:uidb36>" in address:
        yield {"<str:uidb36>": plant.people[Role.OWNER].pk.hex, "<str:key>": "made-up"}
    elif "<int:pk>" in address:
        yield from ({"<int:pk>": str(pk)} for pk in passkeys(plant))
    elif "<int:seq>" in address:
        yield from ({"<int:seq>": str(seq)} for seq in Entry.objects.values_list("seq", flat=True))
    else:
        yield {}


def token(plant):
    """The id of an owner's token with an odd name."""
    found = ApiToken.objects.filter(name=ODD).first() or make(plant, Role.OWNER, name=ODD)[0]
    return found.pk


def passkeys(plant):
    """Ids of those that a person gave odd names."""
    about = {"user": plant.people[Role.OWNER], "type": "webauthn"}
    if not Authenticator.objects.filter(**about):
        data = {"name": ODD, "credential": made_passkey()}
        Authenticator.objects.bulk_create([Authenticator(**about, data=data)])
    return Authenticator.objects.filter(**about).values_list("pk", flat=True)


def pages(plant):
    for address in sorted(set(addresses()) - NO_PAGE):
        if "^" in address:
            continue  # confirms an address, by a link in an e-mail that the portal never sends
        if address.startswith("api/"):
            continue  # answers programs, which get texts as they are
        for values in arguments(address, plant):
            url = "/" + address
            for part, value in values.items():
                url = url.replace(part, value)
            assert "<" not in url, f"give an example for {address}"
            yield url


@pytest.mark.parametrize(
    "role",
    [
        Role.OWNER,
        *(
            pytest.param(each, marks=pytest.mark.full)
            for each in (Role.VIEWER, "is_portal_admin", "is_portal_auditor")
        ),
    ],
)
def test_no_page_is_turned_or_hidden_by_text_from_outside(odd, role):
    if role not in Role:
        odd.people[role] = User.objects.create(email=f"a{ODD}@example.test", name=ODD, **{role: True})
    browser = odd.browser(role)
    wrong, seen = {}, 0
    for url in pages(odd):
        response = browser.get(url)
        assert response.status_code != 500, url
        if response["Content-Type"].startswith("text/html"):
            text = response.content.decode()
            seen += "U+202E" in text
            wrong |= {(each, url): None for each in Drawn(text).wrong}
    assert list(wrong) == []
    assert seen > (30 if role in Role else 3)


def test_what_comes_back_from_a_press_is_isolated_too(plant, emulator):
    """The platform's words on a refused form, and the name in the notice of what was done."""
    browser = plant.browser(Role.OWNER)
    kind = KINDS["roma/device-groups"]
    row = plant.make("roma/device-groups")
    body = {"id": int(row.remote_id), "name": ODD, "parent_id": 0}
    match = {"method": "GET", "path": f"/device-groups/{row.remote_id}$"}
    shown = {"match": match, "fault": "answer", "status": 200, "body": json.dumps(body)}
    emulator.faults([shown])
    address = reverse("resources:act", args=[kind, row.pk, "delete"])
    page = check(browser.get(address))
    assert "U+202E" in "".join(page.texts)
    key = re.search(r'name="operation_key" value="([^"]*)"', browser.get(address).content.decode())[1]
    refused = {"error_code": "SCB.1", "error_msg": ODD}
    refusal = {"match": {"method": "DELETE"}, "fault": "answer", "status": 400, "body": json.dumps(refused)}
    emulator.faults([shown, refusal])
    values = {"operation_key": key, "connection": str(row.connection_id)}

    response = browser.post(address, values)

    assert response.status_code == 422
    check(response)
    emulator.faults([])
    key = re.search(r'name="operation_key" value="([^"]*)"', response.content.decode())[1]
    done = browser.post(address, {**values, "operation_key": key}, HTTP_HX_REQUEST="true")
    assert done.status_code == 200
    (said,) = [str(each) for each in get_messages(done.wsgi_request)] or [""]
    assert isolated(ODD) in said or "U+202E" in unquote(str(done.headers))


ODD_MODEL = {
    "modelId": "m",
    "name": {"defaultValue": "m"},
    "attributes": {
        "a": {"dataType": "STRING", "name": {"defaultValue": ODD}},
        "flag": {"dataType": "BOOL", "name": {"defaultValue": "flag"}},
        "type": {"dataType": ODD},
    },
}
STATEMENTS = [{"effect": ODD, "actions": [ODD], "resources": [ODD, 7], ODD: ODD}, ODD, {"actions": ODD}]
ODD_OBJECTS = {
    "iotda/device-groups": {"name": ODD, "description": ODD},
    "iotda/policies": {"policy_name": ODD, "statement": STATEMENTS},
    "roma/device-groups": {"name": ODD, "description": ODD, "parent_id": 0},
    "enos/devices": {
        "deviceName": {"defaultValue": ODD, ODD: ODD, "i18nValue": {ODD: ODD, "en_US": [ODD]}},
        "timezone": ODD,
        "deviceDesc": ODD,
        "deviceAttributes": {"flag": ODD, "gone": ODD},
        "deviceTags": {ODD: ODD, "list": [ODD], f"{ODD} list": [ODD]},
    },
}


@pytest.mark.parametrize("slug", ODD_OBJECTS)
def test_a_form_of_an_odd_object_is_not_turned_either_when_opened_and_when_refused(plant, emulator, slug):
    browser, row = plant.browser(Role.OWNER), plant.make(slug)
    answer = {"code": 0, "msg": "OK", "requestId": "r", "data": ODD_MODEL}
    model = {"match": {"path": "/thing-models"}, "fault": "answer", "status": 200, "body": json.dumps(answer)}
    show(emulator, slug, row, model, **ODD_OBJECTS[slug])

    drawn = check(browser.get(changing(row, "update")))

    assert "U+202E" in "".join(drawn.texts)
    data = opened(browser, row)
    for name in typed_into(data):
        data[name] += ODD
    refused = press(browser, row, data)
    assert refused.status_code == 422
    check(refused)


def typed_into(data):
    """The posted fields that hold what a person typed, and not what the portal drew or chose."""
    own = re.compile(r"csrf|expected|connection|operation|made_for|.*(_was|_drawn|_editor|-count|_type-.*)$")
    return [name for name in data if data[name] and not own.match(name)]


def test_a_question_before_removing_somebody_isolates_both_names(odd):
    text = odd.browser(Role.OWNER).get(reverse("teams:detail", args=[odd.team.pk])).content.decode()

    questions = [html.unescape(each) for each in re.findall(r'data-confirm="([^"]*)"', text)]
    questions = [each for each in questions if each.startswith("Remove")]
    assert questions
    assert all(each == f"Remove {isolated(ODD)} from {isolated(ODD)}?" for each in questions)


def test_the_exact_text_can_be_copied(odd):
    row = KINDS["enos/devices"].model.objects.get(name__contains=RLO)

    text = odd.browser().get(f"/enos/devices/{row.pk}/").content.decode()

    copied = [html.unescape(each) for each in re.findall(r'data-copy="([^"]*)"', text)]
    assert {row.remote_id, row.name, row.device_desc} <= set(copied)
