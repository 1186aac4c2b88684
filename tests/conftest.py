"""Shared by all tests. Fixtures live in the plugins; what only one folder needs is in its own conftest."""

import pytest

pytest.register_assert_rewrite("tests.support.site")
pytest_plugins = ["tests.support.plugin", "tests.support.plant"]
