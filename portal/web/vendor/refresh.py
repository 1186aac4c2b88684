"""Fetch the vendored front-end files again and write `static/vendor/`: `python -m portal.web.vendor.refresh`.

Run it when the tests say that a class or icon is missing, or to change a version. It is the only part of the
project that needs npm (`npm pack` checks each package against the registry's digest).
`--check` writes nothing and fails if the files would differ.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from portal.web.vendor import reduce, wanted

ROOT = Path(__file__).resolve().parents[3]
VENDOR = ROOT / "static" / "vendor"
CLASSES = Path(__file__).with_name("classes.txt")
SOURCES = ("templates/**/*.html", "portal/**/*.html", "portal/**/*.py", "static/js/*.js")

# @tabler/core ships no licence file; this is the text of its repository.
TABLER_LICENSE = Path(__file__).with_name("tabler-license.txt")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="write nothing, fail if files would differ")
    check = arguments.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        files = dict(build(Path(folder)))
    stale = [path for path, data in files.items() if not path.exists() or path.read_bytes() != data]
    if check:
        sys.exit("\n".join(f"would change: {path.relative_to(ROOT)}" for path in stale) or 0)
    for path in VENDOR.glob("*/*"):
        if path not in files:
            path.unlink()
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        sys.stdout.write(f"{path.relative_to(ROOT)}  {len(data)} bytes\n")


def build(folder):
    """Yield (path, bytes) of every file the tool writes."""
    listing = []
    for package, version in wanted.PACKAGES.items():
        name = package.removeprefix("@").replace("/", "-")
        source = fetch(package, version, folder / name)
        digests = {}
        for file, data in MAKERS[package](source):
            digests[file] = hashlib.sha256(data).hexdigest()
            yield VENDOR / f"{name}-{version}" / file, data
        listing.append(
            {"name": name, "package": package, "version": version, "license": "MIT", "files": digests}
        )
        if package == "@tabler/core":
            yield CLASSES, ("\n".join(sorted(reduce.classes(style_sheet(source)))) + "\n").encode()
    yield VENDOR / "vendor.json", (json.dumps(listing, indent=2) + "\n").encode()


def fetch(package, version, folder):
    folder.mkdir()
    command = ["npm", "pack", "--silent", f"{package}@{version}"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def style_sheet(source):
    return (source / "dist" / "css" / "tabler.min.css").read_text()


def tabler(source):
    css = style_sheet(source)
    notice = re.search(r"/\*!.*?\*/", css, re.S).group()
    used = words()
    own = (ROOT / "static" / "css" / "portal.css").read_text()
    small = reduce.reduced(css, lambda name: wanted.keep(name, used), used_elsewhere=own)
    yield "tabler.min.css", f"{notice}\n{small}\n".encode()
    yield "LICENSE", TABLER_LICENSE.read_bytes()


def words():
    """Every word in our sources, because any of them could be a class name."""
    texts = (path.read_text() for pattern in SOURCES for path in ROOT.glob(pattern))
    return {word for text in texts for word in re.findall(r"[\w-]+", text)}


def icons(source):
    symbols = "".join(symbol(source, name) for name in sorted(set(wanted.ICONS)))
    yield "sprite.svg", f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>\n'.encode()
    yield "LICENSE", (source / "LICENSE").read_bytes()


def symbol(source, name):
    drawing = (source / "icons" / "outline" / f"{name}.svg").read_text()
    paths = re.findall(r"<(?:path|circle|rect|line|polyline)[^>]*/>", re.sub(r"\s+", " ", drawing))
    body = "".join(path.replace(" />", "/>") for path in paths if "M0 0h24v24H0z" not in path)
    return f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>'


def uplot(source):
    for file in ("uPlot.iife.min.js", "uPlot.min.css"):
        yield file, (source / "dist" / file).read_bytes()
    yield "LICENSE", (source / "LICENSE").read_bytes()


MAKERS = {"@tabler/core": tabler, "@tabler/icons": icons, "uplot": uplot}

if __name__ == "__main__":
    main()
