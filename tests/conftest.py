"""Shared by all tests. The fixtures are in the plugins; those of one folder are in the folder's conftest."""

import pytest

pytest.register_assert_rewrite("tests.support.site")
pytest_plugins = ["tests.support.plugin", "tests.support.plant"]
