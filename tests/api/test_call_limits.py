"""How often programs may call. Would catch: calls that are not counted because they come at once or from
another process, a token that uses up the calls of its whole team, a limit that people in browsers feel.
"""

import threading
from collections import Counter

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from portal.teams.models import ApiToken, Calls, Role
from portal.teams.tokens import calls
from tests.api.calling import checked, problem_of
from tests.support.processes import run_manage
from tests.support.tokens import Program, make

PATH = "/api/v1/connections/"


def call(program):
    return checked("get", program.get(PATH))


def test_a_token_has_so_many_calls_in_a_minute(plant, settings):
    settings.TOKEN_CALLS, settings.TEAM_CALLS = 3, 5
    first, second = (Program(make(plant)[1]) for _each in range(2))

    answers = [call(first) for _time in range(5)]
    assert [each.status_code for each in answers] == [200] * 3 + [429] * 2
    assert problem_of(answers[-1]) == "too-many"
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    answers = [call(second) for _time in range(3)]  # what the first had too many was not the team's
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert "team" in answers[-1].json()["detail"]
    assert plant.browser().get(PATH).status_code == 200

    Calls.objects.update(began=F("began") - 60)
    assert [call(each).status_code for each in (first, second)] == [200, 200]
    calls.forget_old()
    assert Calls.objects.count() == 3
    Calls.objects.update(began=F("began") - 4000)
    calls.forget_old()
    assert not Calls.objects.exists()


def test_the_last_use_is_written_once_a_minute(plant):
    token, text = make(plant)
    call(Program(text, "192.0.2.1"))
    used = ApiToken.objects.get(pk=token.pk)
    assert (used.last_address, used.last_used_at is not None) == ("192.0.2.1", True)
    call(Program(text, "192.0.2.2"))
    assert ApiToken.objects.get(pk=token.pk).last_used_at == used.last_used_at
    Calls.objects.update(began=F("began") - 61)
    call(Program(text, "192.0.2.2"))
    assert ApiToken.objects.get(pk=token.pk).last_address == "192.0.2.2"


def test_a_call_costs_two_statements_more_than_one_of_a_session(plant):
    _token, text = make(plant)
    program, browser = Program(text), plant.browser(Role.OPERATOR)
    call(program)
    browser.get(PATH)

    def statements(client):
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(PATH).status_code == 200
        return [each["sql"] for each in seen if "SAVEPOINT" not in each["sql"]]

    by_token, by_session = statements(program), statements(browser)
    assert len(by_token) - len(by_session) == 2, by_token  # two that count, where a session needs none
    assert len([each for each in by_token if "teams_calls" in each]) == 2


def test_calls_at_once_are_all_counted(committed_plant, settings):
    settings.TOKEN_CALLS = 40
    _token, text = make(committed_plant)
    answers, start = Counter(), threading.Barrier(32)

    def go():
        program = Program(text)
        start.wait()
        for _time in range(3):
            answers[program.get(PATH).status_code] += 1
        connection.close()

    threads = [threading.Thread(target=go) for _each in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {200: 40, 429: 56}


CALLS = """
from django.conf import settings
from tests.support.tokens import Program
settings.ALLOWED_HOSTS.append("localhost")
program = Program("{text}")
print(*(program.get("{path}").status_code for _time in range(10)))
"""


@pytest.mark.full
def test_processes_count_together(committed_plant, committed_db):
    _token, text = make(committed_plant)
    found = Counter()

    def go():
        code = CALLS.format(text=text, path=PATH)
        done = run_manage("shell", "-c", code, database=committed_db, PORTAL_TOKEN_CALLS="25")
        found.update(done.stdout.split()[-10:])

    threads = [threading.Thread(target=go) for _each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {"200": 25, "429": 55}
