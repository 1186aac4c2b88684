"""Shared by all tests. Fixtures live in the plugins; what only one folder needs is in its own conftest."""

pytest_plugins = ["tests.support.plugin", "tests.support.plant"]
