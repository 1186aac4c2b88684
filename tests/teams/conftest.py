import pytest

from portal import environment


@pytest.fixture(autouse=True)
def own_mails(settings, tmp_path):
    """The mails of this test alone."""
    settings.MAIL = environment.mail_files(tmp_path / "mails")
