import pytest

pytest.register_assert_rewrite("tests.untouched.desk", "tests.untouched.changes")
