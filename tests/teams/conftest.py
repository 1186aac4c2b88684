import pytest

from portal import environment
from tests.teams.provider import provider, teams  # noqa: F401 - fixtures


@pytest.fixture(autouse=True)
def own_mails(settings, tmp_path):
    """The mails of this test alone."""
    settings.MAIL = environment.mail_files(tmp_path / "mails")
