"""What the control plane can set: limits, edition and moods of the emulated clouds. Kept in memory only."""

import copy

EDITIONS = ("basic", "standard", "enterprise")

DEFAULTS = {
    "limits": {"policies": 50, "devices_per_product": 10_000, "groups": 1000, "group_depth": 5},
    "edition": "standard",
    "require_instance_id": False,
    "require_v11": False,
    "lenient": True,
    "search_lag_s": 0,
    "sync_s": 2,
    "lock_after_failures": None,
    "token_seconds": None,
    "roma_first_id": 10_002,
    "generate_key_fails": False,
}


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_seconds(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


CHECKS = {
    "edition": lambda value: value in EDITIONS,
    "require_instance_id": lambda value: isinstance(value, bool),
    "require_v11": lambda value: isinstance(value, bool),
    "lenient": lambda value: isinstance(value, bool),
    "generate_key_fails": lambda value: isinstance(value, bool),
    "search_lag_s": _is_seconds,
    "sync_s": _is_seconds,
    "lock_after_failures": lambda value: value is None or (_is_count(value) and value > 0),
    "token_seconds": lambda value: value is None or _is_seconds(value),
    # Room for ten thousand more groups below the largest id of the documents.
    "roma_first_id": lambda value: _is_count(value) and 1 <= value <= 99_999_999_999_990_000,
}


class Knobs:
    """The values in force; `start` is what `reset` goes back to.

    `speed` divides emulated waits, `data` is the directory that keeps the data.
    """

    def __init__(self):
        self.start = copy.deepcopy(DEFAULTS)
        self.values = copy.deepcopy(DEFAULTS)
        self.speed = 1.0
        self.data = None

    def __getattr__(self, name):
        try:
            return self.__dict__["values"][name]
        except KeyError:
            raise AttributeError(name) from None

    def limit(self, name):
        return self.values["limits"][name]

    def update(self, changes):
        """Take any part of the settings. Raises ValueError, then nothing was changed."""
        self.values = merged(self.values, changes)

    def begin_with(self, changes):
        """Set what a fresh start and each `reset` has (the command's --limit)."""
        self.start = merged(self.start, changes)
        self.reset()

    def reset(self):
        self.values = copy.deepcopy(self.start)


def merged(values, changes):
    if not isinstance(changes, dict):
        raise ValueError("settings are a JSON object")
    result = copy.deepcopy(values)
    for name, value in changes.items():
        if name == "limits":
            if not isinstance(value, dict):
                raise ValueError("limits is an object of numbers")
            for limit, number in value.items():
                if limit not in result["limits"]:
                    raise ValueError(f"no limit is named {limit}: there are {', '.join(result['limits'])}")
                if not _is_count(number):
                    raise ValueError(f"limit {limit} is not a whole number from 0")
                result["limits"][limit] = number
        elif name not in CHECKS:
            raise ValueError(f"no setting is named {name}: there are limits, {', '.join(CHECKS)}")
        elif not CHECKS[name](value):
            raise ValueError(f"{name} cannot be {value!r}")
        else:
            result[name] = value
    return result


knobs = Knobs()
