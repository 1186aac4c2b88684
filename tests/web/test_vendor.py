"""The shipped front-end files are the listed ones, hold what the pages use, and are small."""

import hashlib
import json
import re
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders

from portal.web.vendor import reduce
from tests.web.test_templates import ROOT, TEMPLATES, Elements

VENDOR = ROOT / "static" / "vendor"
LISTING = json.loads((VENDOR / "vendor.json").read_text())


def test_every_file_is_listed_with_its_digest_and_nothing_else_lies_there():
    listed = {
        f"{each['name']}-{each['version']}/{file}": digest
        for each in LISTING
        for file, digest in each["files"].items()
    }
    there = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.glob("*/*")
    }
    assert there == listed


@pytest.mark.parametrize("package", LISTING, ids=lambda package: package["name"])
def test_every_package_comes_with_its_licence(package):
    text = (VENDOR / f"{package['name']}-{package['version']}" / "LICENSE").read_text()
    assert "Permission is hereby granted, free of charge" in text
    assert "Copyright (c)" in text


def test_no_file_asks_for_a_source_map():
    for path in (path for path in (ROOT / "static").rglob("*") if path.is_file()):
        assert b"sourceMappingURL" not in path.read_bytes(), path


def test_every_class_of_tabler_that_a_page_uses_is_shipped():
    tabler = set((ROOT / "portal" / "web" / "vendor" / "classes.txt").read_text().split())
    shipped = reduce.classes((VENDOR / "tabler-core-1.6.1" / "tabler.min.css").read_text())
    used = {name for path in TEMPLATES for name in class_names(path)}
    python = "\n".join(path.read_text() for path in (ROOT / "portal").rglob("*.py"))
    used |= {
        name
        for text in re.findall(r"class[\"']?[:=] ?[\"']([^\"'{}]+)[\"']", python)
        for name in text.split()
    }
    assert (used & tabler) - shipped == set(), "run `make vendor`"


def class_names(path):
    """Words of class attributes; what stands in template tags inside them counts too."""
    text = re.sub(r"{%.*?%}", " ", Path(path).read_text())
    for _tag, attrs, _form in Elements(text).found:
        yield from (attrs.get("class") or "").split()


def test_a_first_visit_is_small():
    """The goal is 110 KB with the page; what is loaded beside it stays under 70 KB brotli."""
    files = [
        "vendor/tabler-core-1.6.1/tabler.min.css",
        "vendor/tabler-icons-3.51.0/sprite.svg",
        "css/portal.css",
        "css/tables.css",
        "js/portal.js",
        "favicon.svg",
        "django_htmx/htmx-2.min.js",
    ]
    sizes = {file: len(brotli.compress(Path(finders.find(file)).read_bytes())) for file in files}
    assert sum(sizes.values()) < 70_000, sizes


CSS = (
    '@charset "UTF-8";/*! kept? */:root{--used:1;--chain:var(--used);--data:url("data:x;{}")}'
    ".a,.b .c{color:var(--chain)}.d:not(.gone){color:red}.gone{color:blue}"
    "@media print{.a{color:black}}@media (min-width:9px){.gone{top:0}.a{animation:turn 1s}}"
    "@keyframes turn{to{top:1px}}@keyframes idle{to{top:2px}}"
)


def test_the_reduction_keeps_what_is_used_and_drops_the_rest():
    small = reduce.reduced(CSS, {"a", "d"}.__contains__)
    assert small == (
        ":root{--used:1;--chain:var(--used);}.a{color:var(--chain)}.d:not(.gone){color:red}"
        "@media (min-width:9px){.a{animation:turn 1s}}@keyframes turn{to{top:1px}}"
    )
    assert '--data:url("data:x;{}")' in reduce.reduced(CSS, {"a"}.__contains__, used_elsewhere="var(--data)")
