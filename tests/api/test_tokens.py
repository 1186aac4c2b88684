"""Programs that come by a token. Would catch: a token that does more than its person or than it was made for,
one that works after its end or from elsewhere, an answer that tells a guesser anything, a hole in the record.
"""

import hashlib
import json
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.kinds.registry import KINDS
from portal.operations import together
from portal.operations.change import Change
from portal.operations.job import Job, Purpose
from portal.operations.models import Operation
from portal.operations.stepping import carry_on
from portal.record.models import Body, Entry
from portal.teams import access
from portal.teams import service as teams
from portal.teams.models import ApiToken, Guesses, Membership, Repeated, Role, Team, User
from portal.teams.signin import limits
from portal.teams.tokens import service
from portal.teams.tokens.text import _checksum, made
from portal.teams.tokens.using import bound
from tests.api.calling import body_of, checked, problem_of
from tests.support.plant import make_plant
from tests.support.tokens import Program, make

BUS, SPACE = "iotda/soft-buses", "iotda/spaces"
ROOT, CONNECTIONS = "/api/v1/", "/api/v1/connections/"


def post(program, path, body, **headers):
    headers.setdefault("HTTP_IDEMPOTENCY_KEY", str(uuid.uuid4()))
    answer = program.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json", **headers)
    return checked("post", answer)


def get(program, path=ROOT):
    return checked("get", program.get(path))


def body(entry):
    return json.loads(Body.objects.get(seq=entry.seq).text)


def test_a_program_creates_and_the_record_names_its_token(plant):
    token, text = make(plant)
    program = Program(text)

    root = get(program).json()
    assert (root["user"], root["team"]["name"]) == (plant.people[Role.OPERATOR].email, plant.team.name)
    assert root["token"]["name"] == "nightly"
    assert root["csrf_token"] is None
    answer = post(program, f"{BUS}/", body_of(plant, BUS))

    assert answer.status_code == 201
    operation = Operation.objects.get()
    assert (operation.token, operation.via, operation.actor) == (token, "api", plant.people[Role.OPERATOR])
    assert answer.json()["operation"]["token"] == {"id": str(token.pk), "name": "nightly"}
    assert get(program, f"/api/v1/operations/{operation.pk}/").json()["token"]["name"] == "nightly"
    entries = Entry.objects.filter(operation=str(operation.pk))
    assert {each.via for each in entries} == {"api"}
    assert all(body(each)["through"] == {"id": str(token.pk), "name": "nightly"} for each in entries)
    page = plant.browser(Role.OWNER).get(f"/audit/?q={token.pk}").text
    assert "Bus_A" in page
    assert "nightly" in plant.browser(Role.OWNER).get(f"/operations/{operation.pk}/").text
    assert "sessionid" not in program.cookies


def test_it_does_no_more_than_it_was_made_for(plant):
    row = plant.make(BUS)
    _token, text = make(plant, Role.MANAGER, ("create",))
    program = Program(text)

    assert get(program, f"/api/v1/{BUS}/").status_code == 200
    refused = post(program, f"{BUS}/{row.pk}/delete/", {})
    assert (refused.status_code, refused.json()["right"]) == (403, "delete")
    assert "token" in refused.json()["detail"]
    (delete,) = [
        each for each in get(program, f"/api/v1/{BUS}/{row.pk}/").json()["verbs"] if each["name"] == "delete"
    ]
    assert "token" in delete["why_not"]
    (denied,) = Entry.objects.filter(stage="denied")
    assert (denied.via, body(denied)["through"]["name"]) == ("api", "nightly")
    assert post(program, f"{BUS}/", body_of(plant, BUS, bus_name="other")).status_code == 201


def test_it_does_no_more_than_its_person_can_now(plant):
    row = plant.make(BUS)
    _token, text = make(plant, Role.MANAGER, ("delete", "sync"))
    program, owner = Program(text), User.objects.get(pk=plant.people[Role.OWNER].pk)
    member = Membership.objects.get(user=plant.people[Role.MANAGER])

    teams.change_role(member, actor=owner, role=Role.OPERATOR)
    assert post(program, f"{BUS}/{row.pk}/delete/", {}).status_code == 403
    assert post(program, f"{BUS}/{row.pk}/sync/", {}).status_code == 200
    teams.change_role(member, actor=owner, role=Role.VIEWER)
    assert post(program, f"{BUS}/{row.pk}/sync/", {}).status_code == 403
    teams.change_role(member, actor=owner, role=Role.OWNER)
    assert post(program, f"{BUS}/", body_of(plant, BUS)).status_code == 403  # nor does it get more


def test_it_sees_its_own_team_alone(plant, emulator):
    other = make_plant(emulator.url, "Harbour 9")
    foreign = other.connections["iotda"]
    person = plant.people[Role.OPERATOR]
    Membership.objects.create(team=other.team, user=person, role=Role.OWNER)
    row = other.make(BUS)
    _token, text = make(plant)
    program = Program(text)

    shown = get(program, CONNECTIONS).json()["items"]
    assert {each["id"] for each in shown} == {str(each.pk) for each in plant.connections.values()}
    assert get(program, f"/api/v1/{BUS}/{row.pk}/").status_code == 404
    assert post(program, f"{BUS}/{row.pk}/sync/", {}).status_code == 404
    refused = post(program, f"{BUS}/", {**body_of(plant, BUS), "connection": str(foreign.pk)})
    assert refused.status_code == 422


END = {
    "revoked": lambda token: ApiToken.objects.filter(pk=token.pk).update(revoked_at=timezone.now()),
    "expired": lambda token: ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now()),
    "inactive": lambda token: User.objects.filter(pk=token.user_id).update(is_active=False),
    "left": lambda token: Membership.objects.get(user=token.user_id).delete(),
    "asleep": lambda token: ApiToken.objects.filter(pk=token.pk).update(by_sso=True),
    "address": lambda token: ApiToken.objects.filter(pk=token.pk).update(addresses=["192.0.2.0/24"]),
}


@pytest.mark.parametrize("why", END)
def test_who_has_a_token_that_does_not_work_is_told_why(plant, why):
    token, text = make(plant)
    program = Program(text)
    assert get(program).status_code == 200

    END[why](token)
    answer = get(program)

    assert (answer.status_code, problem_of(answer)) == (401, "token-refused")
    assert answer.json()["detail"] != get(Program(made(uuid.uuid4()))).json()["detail"]
    assert answer["WWW-Authenticate"].startswith("Bearer")
    (entry,) = Entry.objects.filter(verb="token_failed", team=plant.team.name)
    assert (entry.kind, entry.object_id, entry.outcome) == ("portal/tokens", str(token.pk), "failed")
    assert body(entry) == {"address": "198.51.100.7", "why": why}


def test_who_comes_back_to_the_team_has_none_of_the_old_tokens(plant):
    token, text = make(plant)
    END["left"](token)
    Membership.objects.create(team=plant.team, user=plant.people[Role.OPERATOR], role=Role.OWNER)

    assert get(Program(text)).status_code == 401


@pytest.mark.parametrize(
    ("ranges", "address", "works"),
    [
        (["192.0.2.0/24"], "192.0.2.9", True),
        (["192.0.2.0/24"], "::ffff:192.0.2.9", True),
        (["192.0.2.0/24"], "192.0.3.9", False),
        (["2001:db8::/48"], "2001:db8::5", True),
        (["2001:db8::/48"], "192.0.2.9", False),
        (["192.0.2.0/24"], "", False),
    ],
)
def test_addresses(plant, ranges, address, works):
    _token, text = make(plant, addresses=ranges)

    assert (get(Program(text, address)).status_code == 200) is works


def test_a_header_of_a_stranger_does_not_move_the_address(plant):
    _token, text = make(plant, addresses=["192.0.2.0/24"])

    assert get(Program(text, HTTP_X_FORWARDED_FOR="192.0.2.9")).status_code == 401


def test_made_up_tokens_get_one_answer_whatever_is_wrong(plant):
    token, text = make(plant)
    stolen = ApiToken.objects.get(pk=token.pk).digest
    other, _text = make(plant, Role.MANAGER)
    slip = text[:-1] + ("0" if text[-1] != "0" else "1")
    hashed = text.replace(text.split("_")[2], stolen).rpartition("_")[0]
    swapped = text.replace(token.pk.hex, other.pk.hex).rpartition("_")[0]
    wrong = [
        "",
        "x",
        "iot_",
        slip,
        text.upper(),
        text + "0",
        made(uuid.uuid4()),
        made(token.pk),
        with_checksum(hashed),
        with_checksum(swapped),
        stolen,
        "größe",
    ]

    answers = [get(Program(each)) for each in wrong]

    assert {each.status_code for each in answers} == {401}
    assert len({each.content for each in answers}) == 1
    told = Entry.objects.filter(verb="token_failed")
    assert {(each.kind, each.team_id, each.actor, each.object_id) for each in told} == {
        ("portal/tokens", "", "", "")
    }
    assert get(Program(text)).status_code == 200


def with_checksum(whole):
    return f"{whole}_{_checksum(whole)}"


def test_guesses_wait_and_genuine_tokens_do_not(plant):
    _token, text = make(plant)
    answers = [get(Program(made(uuid.uuid4()))) for _time in range(limits.TOKEN.free + 3)]

    statuses = [each.status_code for each in answers]
    assert statuses == [401] * limits.TOKEN.free + [429] * 3
    assert int(answers[-1]["Retry-After"]) >= 1
    assert get(Program(text)).status_code == 200
    assert get(Program(made(uuid.uuid4()), "203.0.113.1")).status_code == 401
    assert Entry.objects.filter(verb="token_failed").count() <= 20 + 3 + 1
    assert Repeated.objects.filter(fold="token").exists()
    assert Guesses.objects.count() == 2


@pytest.mark.parametrize("path", ["/", "/profile/", "/teams/", f"/{BUS}/", "/operations/", "/audit/"])
def test_pages_know_no_tokens(plant, path):
    _token, text = make(plant, Role.OWNER)

    assert Program(text).get(path)["Location"].startswith("/accounts/login/")


def test_a_token_counts_before_the_session_and_a_session_as_before(plant):
    _token, text = make(plant)
    browser = plant.browser(Role.OWNER)

    by_token = browser.get(ROOT, HTTP_AUTHORIZATION=f"bearer {text}").json()
    assert by_token["user"] == plant.people[Role.OPERATOR].email
    assert browser.get(ROOT, HTTP_AUTHORIZATION="Bearer no").status_code == 401
    assert browser.get(ROOT, HTTP_AUTHORIZATION="Basic no").json()["user"] == plant.people[Role.OWNER].email
    strict = Client(enforce_csrf_checks=True, HTTP_HOST="localhost")
    strict.force_login(plant.people[Role.OPERATOR])
    assert problem_of(post(strict, f"{BUS}/", body_of(plant, BUS))) == "csrf"


def test_a_person_who_lacks_a_second_factor_has_tokens_that_wait_for_it(plant, settings):
    _token, text = make(plant)
    _token, by_sso = make(plant, by_sso=True)
    User.objects.filter(pk=plant.people[Role.OPERATOR].pk).update(last_login=timezone.now())
    plant.team.mfa_required = True
    plant.team.save()

    assert problem_of(get(Program(text))) == "second-factor"
    plant.team.mfa_required = False
    plant.team.save()
    assert get(Program(text)).status_code == 200
    settings.MFA_REQUIRED_ROLES = ["owner"]
    elsewhere = Team.objects.create(name="Harbour 9")
    Membership.objects.create(team=elsewhere, user=plant.people[Role.OPERATOR], role=Role.OWNER)
    assert problem_of(get(Program(text))) == "second-factor"  # as in their browser, whatever they ask for
    assert get(Program(by_sso)).status_code == 200
    long_ago = timezone.now() - timedelta(days=31)
    User.objects.filter(pk=plant.people[Role.OPERATOR].pk).update(last_login=long_ago)
    assert problem_of(get(Program(by_sso))) == "token-refused"


def test_what_waited_for_its_turn_does_no_more_than_the_token_then(plant, emulator):
    token, _text = make(plant)
    rows = [plant.make(BUS), plant.perform(BUS, data={**plant.data(BUS), "bus_name": "second"}).target]

    def ask(row):
        person = bound(access.person(token.user_id), token)
        change = Change(KINDS[BUS], KINDS[BUS].verb("sync"), row.connection, row)
        asked = {"actor": person, "key": str(uuid.uuid4()), "purpose": Purpose.EACH, "via": "api"}
        return together.request([change], **asked)

    first = ask(rows[0])
    carry_on(str(first.pk))
    assert Operation.objects.filter(verb_name="sync").get().token == token
    second = ask(rows[1])
    service.revoke(token, actor=User.objects.get(pk=token.user_id))
    carry_on(str(second.pk))

    assert Operation.objects.filter(verb_name="sync").count() == 1
    assert Job.objects.get(pk=second.pk).state == "incomplete"
    assert Entry.objects.filter(stage="denied", verb="sync").count() == 1


def test_nothing_keeps_the_text_of_a_token(plant, tmp_path, caplog):
    token, text = make(plant)
    program = Program(text)
    secret = text.split("_")[2]
    get(program)
    post(program, f"{BUS}/", body_of(plant, BUS, reason=f"by {text}"))
    get(program, f"/api/v1/{BUS}/?q={text}")
    program.get(f"/api/v1/nowhere/{text}/")
    plant.browser(Role.OWNER).get(f"/audit/?q={text}")

    texts = [*Body.objects.values_list("text", flat=True), *map(str, Entry.objects.values_list())]
    texts += [str(values) for values in ApiToken.objects.values_list()]
    texts += [str(values) for values in Operation.objects.values_list()]
    texts += Repeated.objects.values_list("line", flat=True)
    assert not [each for each in texts if secret in each]
    assert hashlib.sha256(text.encode()).hexdigest() == token.digest
