"""What the files of a platform's contract declare is found without a list of them.

Would catch: a resource file whose advice or answers nobody reads, two files that say different things of one
code, and a contract that needs more than the standard library.
"""

import ast
import re
import sys
from pathlib import Path

import pytest

from portal.platforms import advice, declared, joined
from portal.platforms.causes import said
from portal.platforms.contract import Meaning
from portal.platforms.diagnosis import PARTS

PLATFORMS = Path(__file__).parents[2] / "portal" / "platforms"
FILES = [*sorted(PLATFORMS.glob("*/contract/*.py")), PLATFORMS / "apigw.py"]


@pytest.mark.parametrize(
    ("platform", "code", "word"),
    [
        ("iotda", "APIGW.0308", "requests"),  # shared by all resources
        ("iotda", "IOTDA.003004", "levels"),  # device groups
        ("roma", "ROMA.00110002", "instance"),
        ("roma", "ROMA.00110006", "group"),
        ("enos", "99403", "permission"),
        ("enos", "11702", "key"),
    ],
)
def test_advice_is_found_wherever_it_is_declared(platform, code, word):
    assert word in advice(platform, code)


def test_an_unknown_code_has_no_advice():
    assert advice("iotda", "IOTDA.999999") == ""


def test_the_answer_table_is_whole():
    assert declared("enos", "ANSWERS")[200, "99500"] is Meaning.UNCLEAR


@pytest.mark.parametrize("platform", ["iotda", "roma", "enos"])
def test_every_cause_blames_a_part_that_a_test_shows_and_says_what_to_do(platform):
    for cause in declared(platform, "CAUSES").values():
        assert cause.part in PARTS
        assert str(said(cause)) == cause.text
        assert re.search(r"Ask|Correct|Check|Change|Subscribe|correct", cause.text), cause.name


def test_one_code_does_not_mean_two_things():
    assert joined({"A.1": "Wait."}, {"A.1": "Wait.", "A.2": "Ask."}) == {"A.1": "Wait.", "A.2": "Ask."}
    with pytest.raises(ValueError, match=r"A\.1"):
        joined({"A.1": "Wait."}, {"A.1": "Ask."})


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PLATFORMS)))
def test_a_contract_needs_the_standard_library_alone(file):
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    allowed = {"portal.platforms.contract", f"portal.platforms.{file.parts[-3]}.contract"}
    allowed |= {"portal.platforms.apigw"}  # itself one of FILES
    assert {name for name in names - allowed if name.split(".")[0] not in sys.stdlib_module_names} == set()
