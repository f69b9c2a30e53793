"""`xinyi care`: what is offered and why the rest is not; signing; checking a content pack."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from xinyi import main


@pytest.fixture
def xinyi(tmp_path):
    config = tmp_path / "xinyi.toml"
    config.write_text(f'[paths]\ndata = "{tmp_path / "data"}"\n')

    def run(*arguments, keys=""):
        return CliRunner().invoke(main, ["care", *arguments], env={"XINYI_CONFIG": str(config)}, input=keys)

    return run


def block(output, key):
    """The lines about one instrument."""
    lines = output.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{key} "))
    rest = [number for number, line in enumerate(lines) if number > start and not line.startswith(" ")]
    return "\n".join(lines[start : rest[0] if rest else None])


def test_the_list_says_what_is_offered_and_why_not_and_what_is_unverified(xinyi):
    result = xinyi()
    assert result.exit_code == 0, result.output
    assert "rules of risk: version 1 (shipped)" in result.output
    assert "phq9     offered" in block(result.output, "phq9")
    assert "wording zh: published" in block(result.output, "phq9")
    assert "not offered: its wording is ours" in block(result.output, "k10")
    assert "not offered: needs a content pack with the permission of" in block(result.output, "isi")
    assert "unverified: Percentage score: low up to 28" in block(result.output, "who5")


def test_signing_shows_the_texts_and_offers_them(xinyi, tmp_path):
    result = xinyi("sign", "gds15", "--reviewer", "李老师", keys="y\n")
    assert result.exit_code == 0, result.output
    assert "您是否大部分时间感到幸福？" in result.output
    assert (tmp_path / "data" / "reviews" / "gds15.toml").is_file()
    assert "gds15    offered" in block(xinyi().output, "gds15")


def test_whoever_does_not_agree_signs_nothing(xinyi, tmp_path):
    assert xinyi("sign", "gds15", "--reviewer", "李老师", keys="n\n").exit_code == 1
    assert not (tmp_path / "data" / "reviews").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("sign", "k11", "--reviewer", "李老师"), "xinyi: there is no instrument 'k11'; there are: auditc, "),
        (("sign", "isi", "--reviewer", "李老师"), "xinyi: isi has no texts to sign; its content pack belongs into "),
        (("check", "nowhere.toml"), "xinyi: nowhere.toml: cannot be read (No such file or directory)"),
    ],
)
def test_a_mistake_is_one_line(xinyi, arguments, line):
    result = xinyi(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(line)
    assert result.stderr.count("\n") == 1


PACK = """instrument = "ucla3"
version = 1
stem_zh = "您多久会有这样的感觉？"
[licence]
holder = "新华社区"
granted_by = "the authors"
date = 2026-01-01
scope = "kiosks"
expiry = {expiry}
[wording.zh]
origin = "ours"
source = "our translation"
[[labels]]
zh = ["很少", "有时", "经常"]
[[item]]
id = "1"
zh = "一"
[[item]]
id = "2"
zh = "二"
[[item]]
id = "3"
zh = "三"
"""


def test_a_pack_is_checked(xinyi, tmp_path):
    file = Path(tmp_path / "ucla3.toml")
    file.write_text(PACK.format(expiry="2999-12-31"))
    assert xinyi("check", str(file)).output.endswith(
        "ucla3, 3 items, fits; its wording is ours, a reviewer must sign it\n"
    )
    file.write_text(PACK.format(expiry="2026-01-02"))
    assert "the permission ended on 2026-01-02; ask the authors again" in xinyi("check", str(file)).stderr
    file.write_text(PACK.format(expiry="2999-12-31").replace('id = "3"', 'id = "4"'))
    assert "line 22: item[2].id: ucla3 has no item '4'" in xinyi("check", str(file)).stderr
