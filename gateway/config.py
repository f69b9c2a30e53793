"""The one configuration file of a site, `xinyi.toml`; every key is documented in `deploy/xinyi.toml`.

Environment overrides: `XINYI_<SECTION>_<KEY>`, e.g. `XINYI_BROKER_PORT=1884`. Errors are one line with the file, the
field and what is wrong. Devices are a list and come from the file only.
"""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from devices.address import AddressError, parse
from devices.clock import Clock
from devices.families import BY_KIND, Family
from devices.supervisor import Driver
from gateway.link import BrokerAddress
from gateway.releases.config import ReleaseConfig, zone_of

SITE_PATTERN = r"^[a-z0-9-]+(\.[a-z0-9-]+){2}$"


class ConfigError(ValueError):
    """The configuration cannot be used; one line that names file, field and remedy."""


class SiteConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Which site this is: a three-level path in one segment, and its name on faces."""

    id: Annotated[str, Meta(pattern=SITE_PATTERN)] = "demo.demo.0001"
    name: str = "心理服务室"


class PathsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Where things lie. `sockets` "" is `<data>/run`; a socket's path may have at most 107 bytes."""

    data: str = "~/.local/share/xinyi/site"
    sockets: str = ""


class BrokerConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The site's broker. `secret` names a file (mode 0600) with the password of our processes; "" is no password."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    secret: str = ""


class ConsoleConfig(Struct, frozen=True, forbid_unknown_fields=True):
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8760
    language: Literal["zh", "en"] = "zh"


class KioskConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`window` "1280x800" opens a window; "" takes the whole screen. Sizes on the screen follow `mm_per_px`."""

    language: Literal["zh", "en"] = "zh"
    window: Annotated[str, Meta(pattern=r"^(\d+x\d+)?$")] = ""
    mm_per_px: Annotated[float, Meta(gt=0.05, lt=2)] = 0.277
    motion: bool = True


class PointsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The picture of the data for plots: an embedded file, or InfluxDB (2's write API, 1's /query)."""

    kind: Literal["sqlite", "influx"] = "sqlite"
    url: str = ""
    token: str = ""
    org: str = "xinyi"
    bucket: str = "xinyi"


class DeviceConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One device of the room: its id here, its name on faces, its kind (`devices/families.py`) and where it is
    (`devices/address.py`).

    Attributes:
        chair: id of the chair that a sensor belongs to; "" is the first.
        map: register map of a Modbus chair: a shipped name, or a file.
        options: what a kind may be told besides (docs/devices/<kind>.md).
    """

    id: Annotated[str, Meta(pattern=r"^[a-z0-9-]+$")]
    kind: str
    port: Annotated[str, Meta(min_length=1)]
    name: str = ""
    chair: str = ""
    map: str = ""
    options: dict[str, str | int | float | bool] = {}

    @property
    def family(self) -> Family:
        return BY_KIND[self.kind]

    def driver(self, clock: Clock) -> Driver:
        """The one place where a configured device becomes a driver; nothing is opened yet."""
        return self.family.make(self.id, self.port, clock, **self.told)

    @property
    def told(self) -> dict[str, object]:
        """What its driver is told besides id and port."""
        return {**self.options, **({"map": self.map} if self.map else {})}


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    site: SiteConfig = SiteConfig()
    paths: PathsConfig = PathsConfig()
    broker: BrokerConfig = BrokerConfig()
    console: ConsoleConfig = ConsoleConfig()
    kiosk: KioskConfig = KioskConfig()
    points: PointsConfig = PointsConfig()
    release: ReleaseConfig = ReleaseConfig()
    devices: list[DeviceConfig] = []

    @property
    def data(self) -> Path:
        return Path(self.paths.data).expanduser()

    @property
    def sockets(self) -> Path:
        return Path(self.paths.sockets).expanduser() if self.paths.sockets else self.data / "run"

    @property
    def room_socket(self) -> Path:
        return self.sockets / "room.sock"

    @property
    def rows_url(self) -> str:
        return f"sqlite:///{self.data / 'rows.sqlite'}"


def broker_address(config: Config) -> BrokerAddress:
    """Where the broker listens, with the password out of its file.

    Raises:
        ConfigError: the file of the password cannot be read.
    """
    secret = config.broker.secret
    try:
        password = Path(secret).expanduser().read_text("utf-8").strip() if secret else ""
    except OSError as error:
        raise ConfigError(f"broker.secret: {secret} cannot be read ({error.strerror}); name the right file") from None
    return BrokerAddress(config.broker.host, config.broker.port, password)


def load(path: Path | None) -> Config:
    """The configuration from a file (or only defaults) and the environment.

    Raises:
        ConfigError: file missing, not TOML, or a field that is not as it must be.
    """
    table: dict[str, Any] = {}
    name = str(path) if path else "defaults"
    if path:
        try:
            table = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror}); see deploy/xinyi.toml for a start") from None
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path}: not valid TOML: {error}") from None
    for section in Config.__struct_fields__:
        for variable, text in os.environ.items():
            prefix = f"XINYI_{section.upper()}_"
            if variable.startswith(prefix) and section != "devices":
                table.setdefault(section, {})[variable.removeprefix(prefix).lower()] = text
                name = f"{path or 'environment'} and {variable}"
    try:
        config = msgspec.convert(table, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {error}; every key is documented in deploy/xinyi.toml") from None
    try:
        zone_of(config.release.zone)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None
    check_devices(name, config.devices)
    return config


def check_devices(name: str, devices: list[DeviceConfig]) -> None:
    """Whether these devices can be what they are said to be.

    Raises:
        ConfigError: the first that cannot; `name` is where they are said.
    """
    ids = [device.id for device in devices]
    if len(set(ids)) != len(ids):
        raise ConfigError(f"{name}: two devices have the same id; ids are {', '.join(ids)}")
    for device in devices:
        where = f"{name}: devices, {device.id}"
        family = BY_KIND.get(device.kind)
        if family is None:
            raise ConfigError(f"{where}: no kind {device.kind!r}; `xinyi devices drivers` lists those that there are")
        try:
            medium = parse(device.port).medium
        except AddressError as error:
            raise ConfigError(f"{where}: port: {error}") from None
        if medium not in family.media:
            by = ", ".join(sorted(family.media))
            raise ConfigError(f"{where}: port: a {device.kind} is not reached by {medium}, but by {by}")
        if device.chair and device.chair not in ids:
            raise ConfigError(f"{where}: chair: no device {device.chair!r}; ids are {', '.join(ids)}")
        if family.needs_map != bool(device.map):
            remedy = "name a register map" if family.needs_map else "this kind takes none"
            raise ConfigError(f"{where}: map: {remedy}; see {family.page}")


def to_toml(config: Config) -> str:
    """A configuration as TOML text (strings, numbers and a list of device tables are all it holds)."""
    lines: list[str] = []
    builtins: dict[str, Any] = msgspec.to_builtins(config)
    devices = builtins.pop("devices")
    sections = [(f"[{name}]", values) for name, values in builtins.items()]
    sections += [("[[devices]]", {key: value for key, value in device.items() if value != {}}) for device in devices]
    for head, values in sections:
        lines.append(head)
        lines += [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in values.items()]
        lines.append("")
    return "\n".join(lines)
