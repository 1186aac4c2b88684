"""The project as a newcomer clones it. Would catch: a lock that only installs here, a command in the README
that is not there, a file nobody can read at one sitting."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# path -> why it may be longer than 400 lines
LONG = {}
LONGEST = 400
TEXT = {
    ".py",
    ".html",
    ".js",
    ".css",
    ".md",
    ".toml",
    ".txt",
    ".json",
    ".sh",
    ".service",
    ".lock",
    ".svg",
    "",
}
# Put together here, so that this file does not find itself.
REGISTRIES = [
    "pypi" + ".org",
    "files.python" + "hosted.org",
    "registry.npm" + "js.org",
    "proxy.golang" + ".org",
]
MACHINE_PATH = re.compile(r"(?:^|[^A-Za-z0-9_./-])/(?:work|farm|root|opt|home)/[A-Za-z.]", re.MULTILINE)


def committed():
    """Every file of the project, also one that is not committed yet."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return sorted(path for path in paths if path.is_file())


def own_texts():
    """{path inside the project: text} of what was written here, not fetched from elsewhere."""
    names = {path.relative_to(ROOT): path for path in committed()}
    return {
        str(name): path.read_text()
        for name, path in names.items()
        if path.suffix in TEXT and not str(name).startswith("static/vendor/")
    }


def test_the_lock_installs_anywhere():
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--index-url" not in lock
    assert "--find-links" not in lock
    requirements = re.findall(
        r"^([a-z0-9][^\s=]*)==[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}[^\n]*\n)+)", lock, re.M
    )
    named = re.findall(r"^[a-z0-9][^\s=]*==", lock, re.M)
    assert len(named) == len(requirements) > 20


def test_the_lock_holds_everything_that_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = project["dependencies"] + sum(project["optional-dependencies"].values(), [])
    names = {re.match(r"[A-Za-z0-9._-]+", line).group().lower() for line in asked}
    locked = set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", (ROOT / "requirements.lock").read_text(), re.M))
    assert names - locked == set()


def test_no_file_names_a_package_registry_or_a_path_of_some_machine():
    found = [
        f"{name}: {match}"
        for name, text in own_texts().items()
        for match in [*(host for host in REGISTRIES if host in text), *MACHINE_PATH.findall(text)]
    ]
    assert found == []


def test_no_file_is_longer_than_one_can_read_at_a_sitting():
    code = {
        name: text for name, text in own_texts().items() if name.endswith((".py", ".html", ".js", ".css"))
    }
    lengths = {name: text.count("\n") for name, text in code.items() if "/migrations/" not in name}
    long = {name for name, lines in lengths.items() if lines > LONGEST}
    assert long == set(LONG)


def test_no_module_is_named_for_nothing():
    names = {Path(name).stem for name in own_texts() if name.endswith(".py")}
    assert names & {"utils", "util", "helpers", "helper", "common", "misc"} == set()


def test_every_command_that_the_documents_name_is_there():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert {"setup", "demo", "demo-reset", "test", "test-full", "lint", "bench", "vendor"} <= targets
    documents = {name: text for name, text in own_texts().items() if name.endswith(".md")}
    named = {
        (name, target)
        for name, text in documents.items()
        for target in re.findall(r"(?:`|^\s*)make ([a-z][a-z-]*)", text, re.M)
    }
    assert {(name, target) for name, target in named if target not in targets} == set()


def test_every_part_of_the_portal_is_in_the_import_rules():
    """A part that no rule names could know the emulator, or be known by it."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    forbidden = [rule for rule in rules if rule["type"] == "forbidden"]
    parts = {
        f"portal.{path.stem}"
        for path in (ROOT / "portal").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists())
        and path.stem not in ("__init__", "emulator")
    }
    assert len(forbidden) == 2
    assert set(forbidden[0]["forbidden_modules"]) == parts
    assert set(forbidden[1]["source_modules"]) == parts


def test_what_is_run_can_be_run():
    scripts = [".ci/run", "manage.py", "tests/support/install-programs.sh"]
    assert [name for name in scripts if not (ROOT / name).stat().st_mode & 0o100] == []
