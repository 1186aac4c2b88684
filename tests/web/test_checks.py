"""What `check --deploy` refuses. Would catch: a portal whose links in mails lead wherever somebody says."""

import pytest

from portal.web.checks import hosts_are_named


@pytest.mark.parametrize(
    ("hosts", "found"), [(["portal.example.test"], []), (["portal.example.test", "*"], ["portal.E005"])]
)
def test_a_production_that_answers_to_any_name_is_refused(settings, hosts, found):
    settings.ALLOWED_HOSTS = hosts
    settings.PRODUCTION = True
    assert [each.id for each in hosts_are_named()] == found
    settings.PRODUCTION = False
    assert hosts_are_named() == []
