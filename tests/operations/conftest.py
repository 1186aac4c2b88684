import pytest

from portal.teams.models import Role
from tests.operations.dying import zygote
from tests.operations.endings import for_a_human
from tests.support.outages import NoSmallDisk, SmallDisk
from tests.support.postgresql import Cluster

__all__ = ["zygote"]
DISK_MB = {"sqlite": 16, "postgresql": 160}


@pytest.fixture
def owner(plant):
    """The browser of an owner, who may decide."""
    return plant.browser(Role.OWNER)


@pytest.fixture
def undecided(plant, emulator):
    """The create of a ROMA group whose answer was lost. It needs a human, as names are not unique there."""
    return for_a_human(plant, emulator, committed=True)


@pytest.fixture(scope="module")
def disk(databases):
    """A small disk to fill; None if this process may not mount one."""
    try:
        disk = SmallDisk(DISK_MB[databases.engine])
    except NoSmallDisk:
        yield None
        return
    yield disk
    disk.remove()


@pytest.fixture(scope="module")
def cluster(databases, disk):
    """An own PostgreSQL server that the test may kill; None with SQLite."""
    if databases.engine == "sqlite":
        yield None
        return
    cluster = Cluster(disk and disk.path).start()
    yield cluster
    cluster.stop()
