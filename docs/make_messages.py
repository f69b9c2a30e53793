"""Writes `docs/messages` from the structs: AsyncAPI document, JSON Schemas, examples, the page.

    python docs/make_messages.py [--check] [--freeze VERSION]

`--check` writes nothing and ends with 1 when a file is stale. `--freeze` makes what is there the released form, if it
is compatible with the one before.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from gateway.contract import asyncapi, compat, pages
from gateway.contract.channels import CHANNELS, OTHERS
from gateway.contract.examples import examples
from gateway.contract.structs import all_structs, schemas
from gateway.messages import BODIES, CONTRACT, RecordKind, lane_of
from gateway.routing import DEFAULT_POLICY

FOLDER = Path(__file__).parent / "messages"
RELEASED = FOLDER / "released" / str(CONTRACT)
REMEDY = "run make docs-messages"
_FROZEN = ("contract.json", "schemas", "examples")


def files() -> dict[str, bytes]:
    """Everything that is generated, by its path in the folder; the same bytes every time."""
    made = {f"schemas/{name}.json": _json(schema) for name, schema in schemas(structs()).items()}
    for example in examples():
        made[f"examples/{example.name}.json"] = _json(example.readable)
        made[f"examples/{example.name}.msgpack"] = example.payload
    document = yaml.safe_dump(asyncapi.document(), sort_keys=False, allow_unicode=True, width=120)
    return made | {
        "contract.json": _json(contract()),
        "asyncapi.yaml": f"# Made by make docs-messages.\n{document}".encode(),
        "README.md": pages.page().encode(),
    }


def structs() -> list[type]:
    return [*all_structs([type(example) for example in OTHERS.values()])]


def contract() -> dict[str, Any]:
    """Record kinds and topics."""
    return {
        "contract": CONTRACT,
        "kinds": {
            str(kind): {"struct": BODIES[kind].__name__, "lane": str(lane_of(kind)), "up": DEFAULT_POLICY[kind]}
            for kind in RecordKind
        },
        "topics": {name: {"address": channel.address, "qos": channel.qos} for name, channel in CHANNELS.items()},
    }


def stale(folder: Path = FOLDER) -> list[str]:
    """Paths that are missing, old, or that nobody makes any more."""
    made = files()
    there = {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not path.is_relative_to(folder / "released")
    }
    old = [path for path, data in made.items() if path in there and (folder / path).read_bytes() != data]
    return sorted({*old, *(made.keys() ^ there)})


def write(folder: Path = FOLDER) -> None:
    """Bring the folder up to date."""
    made = files()
    for path in stale(folder):
        if path in made:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(made[path])
        else:
            (folder / path).unlink()


def freeze(version: str) -> list[str]:
    """Make today's form the released one; what makes that impossible, [] when it is done."""
    if (RELEASED / "contract.json").exists() and (broken := compat.breaks(compat.load(RELEASED), compat.load(FOLDER))):
        return broken
    shutil.rmtree(RELEASED, ignore_errors=True)
    RELEASED.mkdir(parents=True)
    for name in _FROZEN:
        if (FOLDER / name).is_dir():
            shutil.copytree(FOLDER / name, RELEASED / name)
        else:
            shutil.copy(FOLDER / name, RELEASED / name)
    (RELEASED / "README.md").write_text(
        f"# Version {CONTRACT} of the contract as released with Xinyi {version}\n\n"
        "Frozen: programs of that release are in the field. Nothing here is edited; after a release\n"
        "`make docs-messages FREEZE=<its version>` replaces it, and only by what is compatible with it.\n",
        "utf-8",
    )
    return []


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, say what is stale")
    parser.add_argument("--freeze", default="", metavar="VERSION", help="make this the released form of VERSION")
    options = parser.parse_args()
    if options.check:
        old = stale()
        if old:
            print(f"docs/messages is stale ({', '.join(old)}): {REMEDY}", file=sys.stderr)
        return 1 if old else 0
    write()
    broken = freeze(options.freeze) if options.freeze else []
    for line in broken:
        print(line, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
