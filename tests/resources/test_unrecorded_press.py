"""A button whose answer cannot be written down. Would catch: a page that says "done" where nobody knows."""

import pytest
from django.db import DatabaseError

from portal.operations import life
from portal.operations.models import Operation, State
from portal.teams.models import Role
from tests.examples import other_verbs
from tests.resources.forms import changing, post, script


@pytest.mark.parametrize(("slug", "verb"), other_verbs(), ids="-".join)
def test_a_press_whose_answer_is_not_recorded_is_no_success(plant, monkeypatch, slug, verb):
    row, browser = plant.ready(slug, verb), plant.browser(Role.OWNER)
    real = life.append

    def fails_for_outcomes(line):
        if line.fields["stage"] == "outcome":
            raise DatabaseError
        return real(line)

    monkeypatch.setattr(life, "append", fails_for_outcomes)

    response = post(browser, changing(row, verb), script(slug, plant, verb))

    operation = Operation.objects.get(verb_name=verb)
    assert operation.state == State.SENDING
    assert response["Location"] == f"/operations/{operation.pk}/"
