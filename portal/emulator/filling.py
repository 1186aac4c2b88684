"""Many objects at once, for benches and demos: `manage.py emulator_fill`. Quotas do not stop it."""

import random
from itertools import islice

from portal.emulator.models import writing

BATCH = 2000
THINGS = ("Pump", "Valve", "Compressor", "Conveyor", "Boiler", "Meter", "Fan", "Chiller", "Press", "Robot")
PLACES = ("North-Hall", "East-Hall", "Harbour", "Tank-Farm", "Press-Shop", "Substation", "Roof", "Dock-7")


def store(rows):
    """Save new rows of one table. Each batch is a transaction, so that others can write in between."""
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        with writing():
            type(batch[0]).objects.bulk_create(batch)


def name(number):
    """A name like Pump-North-Hall-000123, which no other number has."""
    place = PLACES[number // len(THINGS) % len(PLACES)]
    return f"{THINGS[number % len(THINGS)]}-{place}-{number:06d}"


def text(letters, length):
    return "".join(random.choices(letters, k=length))


def levels(count):
    """How many of so many groups stand at the top, below these, and below those."""
    top, middle = -(-count // 100), count // 10
    return top, middle, max(count - top - middle, 0)
