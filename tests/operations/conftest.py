import pytest

from portal.teams.models import Role
from tests.operations.dying import zygote
from tests.operations.endings import for_a_human

__all__ = ["zygote"]


@pytest.fixture
def owner(plant):
    """The browser of one who may decide."""
    return plant.browser(Role.OWNER)


@pytest.fixture
def undecided(plant, emulator):
    """A group of ROMA, whose names are not unique: made, its answer lost, one candidate."""
    return for_a_human(plant, emulator, committed=True)
