"""The limits and settings that the control plane can change. They are kept in memory only.

The settings here concern a whole cloud, or signing in. Each resource adds its own limits and settings
(see resource.py).
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

EDITIONS = ("basic", "standard", "enterprise")


@dataclass(frozen=True)
class Setting:
    """`is_right(value)` says whether a value can be set."""

    default: object
    is_right: Callable


def is_bool(value):
    return isinstance(value, bool)


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_seconds(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


SETTINGS = {
    "edition": Setting("standard", lambda value: value in EDITIONS),
    "require_instance_id": Setting(False, is_bool),
    "require_v11": Setting(False, is_bool),
    "lenient": Setting(True, is_bool),
    "lock_after_failures": Setting(None, lambda value: value is None or (is_count(value) and value > 0)),
    "token_seconds": Setting(None, lambda value: value is None or is_seconds(value)),
}


class Knobs:
    """The values in force. `start` is what `reset` goes back to.

    `speed` divides the emulated waits, `data` is the directory that keeps the data.
    """

    def __init__(self):
        self.settings = {}
        self.start = {"limits": {}}
        self.speed = 1.0
        self.data = None
        self.add({}, SETTINGS)

    def __getattr__(self, name):
        try:
            return self.__dict__["values"][name]
        except KeyError:
            raise AttributeError(name) from None

    def add(self, limits, settings):
        """Add limits {name: number} and settings {name: Setting}, and go back to the values of the start."""
        self.settings |= settings
        self.start["limits"] |= limits
        self.start |= {name: setting.default for name, setting in settings.items()}
        self.reset()

    def limit(self, name):
        return self.values["limits"][name]

    def update(self, changes):
        """Set any part of the settings. Raises ValueError, and then changes nothing."""
        self.values = self._merged(self.values, changes)

    def begin_with(self, changes):
        """Set what holds at start and after each `reset` (the command's --limit). Raises ValueError."""
        self.start = self._merged(self.start, changes)
        self.reset()

    def reset(self):
        self.values = copy.deepcopy(self.start)

    def _merged(self, values, changes):
        if not isinstance(changes, dict):
            raise ValueError("settings are a JSON object")
        result = copy.deepcopy(values)
        for name, value in changes.items():
            if name == "limits":
                result["limits"] |= self._checked_limits(value)
            elif name not in self.settings:
                raise ValueError(f"no setting is named {name}: there are limits, {', '.join(self.settings)}")
            elif not self.settings[name].is_right(value):
                raise ValueError(f"{name} cannot be {value!r}")
            else:
                result[name] = value
        return result

    def _checked_limits(self, limits):
        if not isinstance(limits, dict):
            raise ValueError("limits is an object of numbers")
        for name, number in limits.items():
            if name not in self.start["limits"]:
                raise ValueError(f"no limit is named {name}: there are {', '.join(self.start['limits'])}")
            if not is_count(number):
                raise ValueError(f"limit {name} is not a whole number from 0")
        return limits


knobs = Knobs()
