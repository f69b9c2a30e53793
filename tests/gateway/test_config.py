"""Configuration: documented, overridable, and clear about what is wrong."""

from pathlib import Path

import pytest

from gateway.config import Config, ConfigError, load, to_toml

SAMPLE = Path(__file__).parents[2] / "deploy" / "xinyi.toml"


def test_documented_file_holds_every_key_with_its_default():
    config = load(SAMPLE)
    assert config.devices[0].kind == "chair-link"
    for section in ("site", "paths", "broker", "console", "kiosk", "care", "points"):
        assert getattr(config, section) == getattr(Config(), section)
        for key in getattr(config, section).__struct_fields__:
            assert f"\n{key} = " in SAMPLE.read_text("utf-8")


def test_written_configuration_reads_back(tmp_path):
    config = load(SAMPLE)
    file = tmp_path / "xinyi.toml"
    file.write_text(to_toml(config), "utf-8")
    assert load(file) == config


def test_environment_overrides_the_file(monkeypatch):
    monkeypatch.setenv("XINYI_BROKER_PORT", "2883")
    monkeypatch.setenv("XINYI_SITE_NAME", "新华社区")
    config = load(SAMPLE)
    assert (config.broker.port, config.site.name) == (2883, "新华社区")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("port = 1883", "port = 99999", "broker.port"),
        ("port = 1883", "prot = 1883", "prot"),
        ('kind = "chair-link"', 'kind = "sofa"', "devices"),
        ('id = "demo.demo.0001"', 'id = "Demo"', "site.id"),
        ("[broker]", "[broker", "TOML"),
        ("[[devices]]", '[[devices]]\nid="chair-1"\nkind="berry"\nport="x"\n[[devices]]', "same id"),
    ],
)
def test_mistake_is_one_line_with_file_and_field(tmp_path, old, new, says):
    file = tmp_path / "xinyi.toml"
    file.write_text(SAMPLE.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError, match=r"xinyi\.toml") as caught:
        load(file)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_says_where_to_begin(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read.*deploy/xinyi\.toml"):
        load(tmp_path / "nowhere.toml")
