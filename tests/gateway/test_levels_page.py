"""The table of what goes up in docs/levels.md is that of routing.DEFAULT_POLICY. Run as a program it writes it."""

import re
from pathlib import Path

from gateway.messages import RecordKind, lane_of
from gateway.routing import DEFAULT_POLICY

PAGE = Path(__file__).parents[2] / "docs" / "levels.md"
_PLACE = re.compile(r"(<!-- policy: .*? -->).*?(<!-- end -->)", re.DOTALL)


def with_table(page):
    lines = ["| record kind | goes up | lane |", "| --- | --- | --- |"]
    kinds = [kind for kind in RecordKind if kind is not RecordKind.TOMBSTONE]  # it is about the hop that it came over
    kinds.sort(key=lambda kind: (not DEFAULT_POLICY[kind], kind))
    lines += [f"| `{kind}` | {'yes' if DEFAULT_POLICY[kind] else '–'} | {lane_of(kind)} |" for kind in kinds]
    table = "\n".join(lines)
    return _PLACE.sub(lambda match: f"{match[1]}\n{table}\n{match[2]}", page)


def test_the_table_of_what_goes_up_is_current():
    page = PAGE.read_text("utf-8")
    assert page == with_table(page), "run: python tests/gateway/test_levels_page.py"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
