"""Downloads a Java program and what it needs, as jars.

A script of its own, so that `jgo` and what it imports stay out of our process:
`fetch_jars.py ENDPOINT FOLDER` prints the jars' paths as a JSON array on its last line.
"""

import json
import os
import sys
import zipfile
from pathlib import Path

import jgo


def fetch(endpoint: str, folder: Path) -> list[Path]:
    """All jars of the class path, each of them whole."""
    jars = _resolve(endpoint, folder)
    if all(map(_is_whole, jars)):
        return jars
    # What a download that was cut short left in this user's Maven repository would be taken again: use one of our own.
    again = folder / "again"
    os.environ["M2_REPO"] = str(again / "repository")
    jars = _resolve(endpoint, again)
    broken = [jar.name for jar in jars if not _is_whole(jar)]
    if broken:
        raise RuntimeError(f"broken after a second download: {', '.join(broken)}")
    return jars


def _resolve(endpoint: str, folder: Path) -> list[Path]:
    environment = jgo.build(endpoint, cache_dir=folder)
    parts = [part for part in (environment.jars_dir, environment.modules_dir) if part.is_dir()]
    return sorted(jar for part in parts for jar in part.glob("*.jar"))


def _is_whole(jar: Path) -> bool:
    try:
        with zipfile.ZipFile(jar) as archive:
            return bool(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


if __name__ == "__main__":
    print(json.dumps([str(jar) for jar in fetch(sys.argv[1], Path(sys.argv[2]))]))
