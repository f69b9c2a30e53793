"""The one configuration file of a site, `xinyi.toml`; every key is documented in `deploy/xinyi.toml`.

Over it lies what the site above has set (`gateway/settings_above.py`), and over that the environment:
`XINYI_<SECTION>_<KEY>`, e.g. `XINYI_BROKER_PORT=1884`. Errors are one line with the file, the field and what is wrong.
Devices are a list and come from the file only.
"""

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from devices.address import AddressError, parse
from devices.clock import Clock
from devices.families import BY_KIND, Family
from gateway import settings_above
from gateway.duty import config as duty_config
from gateway.duty.config import CareConfig, DutyConfig
from gateway.link import BrokerAddress
from gateway.messages import RecordKind
from gateway.releases.config import ReleaseConfig, zone_of
from gateway.routing import DEFAULT_POLICY, Routing
from gateway.topics import KIOSKS, SITE_PATTERN
from gateway.trust.identity import Identity

if TYPE_CHECKING:
    from devices.supervisor import Driver


class ConfigError(ValueError):
    """The configuration cannot be used; one line that names file, field and remedy."""


class SiteConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Which site this is: its path in one segment (a room "huadu.xinhua.0007", its town "huadu.xinhua", the district
    "huadu"), and its name on faces. What begins with an id is below it.

    Attributes:
        demonstration: nobody real comes here; unsigned wording is shown under a watermark.
    """

    id: Annotated[str, Meta(pattern=SITE_PATTERN)] = "demo.demo.0001"
    name: str = "心理服务室"
    demonstration: bool = False


class PathsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Where things lie. `sockets` "" is `<data>/run`; a socket's path may have at most 107 bytes."""

    data: str = "~/.local/share/xinyi/site"
    sockets: str = ""


class BrokerConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The site's broker. `secret` names a file (mode 0600) with the password of our processes; "" is no password.

    Attributes:
        sites_port: where sites below come in with their certificates; 0: there are none.
        sites_names: host names and addresses by which they call this broker, with commas.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    secret: str = ""
    sites_port: Annotated[int, Meta(ge=0, le=65535)] = 0
    sites_names: str = ""


class CentreConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The centre of this site.

    Attributes:
        level: what its receipts call it, "room", "town", "district".
        rows_url: another database than the embedded file, "postgresql+psycopg://user@host/xinyi".
        worker: name of this centre among several of one site that share `rows_url`; "" when it is alone.
        zone: in which a day begins and ends, for counts.
    """

    level: Annotated[str, Meta(min_length=1)] = "room"
    rows_url: str = ""
    worker: Annotated[str, Meta(pattern=r"^[a-z0-9-]*$")] = ""
    zone: str = "Asia/Shanghai"


class UpConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The site above. `site` "" is none. Certificates are those that `xinyi enrol` has put into the data folder.

    Attributes:
        secret: file with a password, for a broker above that knows no certificates.
        policy: record kind → whether it goes up, over `gateway/routing.py`'s defaults.
    """

    site: Annotated[str, Meta(pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+){0,4})?$")] = ""
    host: str = ""
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    secret: str = ""
    policy: dict[RecordKind, bool] = {}


class OutboxConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """What a process keeps until the centre has it. `waves`: raw signals too, the first to go at `max_mb`."""

    max_mb: Annotated[int, Meta(ge=16)] = 1024
    waves: bool = False


class ConsoleConfig(Struct, frozen=True, forbid_unknown_fields=True):
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8760
    language: Literal["zh", "en"] = "zh"


class KioskConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`window` "1280x800" opens a window; "" takes the whole screen. Sizes on the screen follow `mm_per_px`.

    Attributes:
        producer: under which name it sends; each of several kiosks of a site has its own.
        seat: what a pager says of where the person is.
        maintenance: file with the digits that lead out of the kiosk; "": nothing does.
        printer: of slips, as `lpstat -e` names it; "" is none.
        dim_s, ask_s, forget_s: seconds without a touch until the screen dims, asks, and forgets.
        library: the site's own pieces and recordings; "" is `<data>/library`.
        volume: of sounds, 0-1.
        voice: reads aloud into a headset, or not at all.
        voice_device: ALSA card of the headset, as /proc/asound/cards has it in brackets.
        voice_rate: of the usual speed.
    """

    producer: Annotated[str, Meta(pattern=r"^kiosk-[1-8]$")] = KIOSKS[0]
    language: Literal["zh", "en"] = "zh"
    window: Annotated[str, Meta(pattern=r"^(\d+x\d+)?$")] = ""
    mm_per_px: Annotated[float, Meta(gt=0.05, lt=2)] = 0.277
    motion: bool = True
    seat: Annotated[str, Meta(min_length=1, max_length=20)] = "1"
    maintenance: str = ""
    printer: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]*$")] = ""
    dim_s: Annotated[float, Meta(gt=0)] = 45.0
    ask_s: Annotated[float, Meta(gt=0)] = 60.0
    forget_s: Annotated[float, Meta(gt=0)] = 80.0
    library: str = ""
    volume: Annotated[float, Meta(ge=0, le=1)] = 0.6
    voice: Literal["off", "headset"] = "off"
    voice_device: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]*$")] = ""
    voice_rate: Annotated[float, Meta(ge=0.8, le=1.2)] = 1.0


class RowsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How long rows of the bulk kinds (raw signals, device minutes) are kept; all others stay."""

    bulk_days: Annotated[int, Meta(ge=1)] = 90


class PointsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The picture of the data for plots: an embedded file, InfluxDB (2's write API, 1's /query), or VictoriaMetrics
    (fleet metrics only); with `victoria_url`, VictoriaMetrics beside one of the first two.
    """

    kind: Literal["sqlite", "influx", "victoria"] = "sqlite"
    url: str = ""
    token: str = ""
    org: str = "xinyi"
    bucket: str = "xinyi"
    bucket_1s: str = ""
    bucket_1min: str = ""
    victoria_url: str = ""
    raw_days: Annotated[int, Meta(ge=1)] = 30
    seconds_days: Annotated[int, Meta(ge=1)] = 180
    minutes_days: Annotated[int, Meta(ge=1)] = 3650


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

    def driver(self, clock: Clock) -> "Driver":
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
    centre: CentreConfig = CentreConfig()
    up: UpConfig = UpConfig()
    outbox: OutboxConfig = OutboxConfig()
    console: ConsoleConfig = ConsoleConfig()
    kiosk: KioskConfig = KioskConfig()
    rows: RowsConfig = RowsConfig()
    points: PointsConfig = PointsConfig()
    care: CareConfig = CareConfig()
    duty: DutyConfig = DutyConfig()
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
    def centre_socket(self) -> Path:
        return self.sockets / "centre.sock"

    @property
    def packs(self) -> Path:
        """Folder of the content packs of questionnaires."""
        return Path(self.care.packs).expanduser() if self.care.packs else self.data / "packs"

    @property
    def reviews(self) -> Path:
        """Folder of what the site's reviewers have signed."""
        return self.data / "reviews"

    @property
    def risk_rules(self) -> Path | None:
        """The site's own rules of risk; None: those that ship."""
        return Path(self.care.risk).expanduser() if self.care.risk else None

    @property
    def handoff_rules(self) -> Path | None:
        """The site's own rules of who is called when; None: those that ship."""
        return Path(self.care.handoff).expanduser() if self.care.handoff else None

    @property
    def hotlines(self) -> Path | None:
        """The site's own numbers to call; None: those that ship."""
        return Path(self.care.hotlines).expanduser() if self.care.hotlines else None

    @property
    def library(self) -> Path:
        return Path(self.kiosk.library).expanduser() if self.kiosk.library else self.data / "library"

    @property
    def store(self) -> str:
        """URL of the rows."""
        return self.centre.rows_url or f"sqlite:///{self.data / 'rows.sqlite'}"

    @property
    def routing(self) -> Routing:
        """What goes where from this site."""
        return Routing(self.site.id, self.up.site, DEFAULT_POLICY | self.up.policy)


SECTIONS: dict[str, Any] = {each.name: each.type for each in msgspec.structs.fields(Config)}
"""Section → its struct."""


def broker_address(config: Config) -> BrokerAddress:
    """Where the broker listens, with the password out of its file.

    Raises:
        ConfigError: the file of the password cannot be read.
    """
    broker = config.broker
    return BrokerAddress(broker.host, broker.port, password_of("broker.secret", broker.secret))


def upper_address(config: Config) -> BrokerAddress:
    """Where the broker of the site above listens.

    Raises:
        ConfigError: it has no address, or the file of its password cannot be read.
    """
    up = config.up
    if not up.host:
        raise ConfigError(f"up.host is empty; name the broker of {up.site}, or leave up.site empty")
    if up.secret:
        return BrokerAddress(up.host, up.port, password_of("up.secret", up.secret))
    return BrokerAddress(up.host, up.port, tls=Identity(config.data / "identity").tls_files)


def password_of(key: str, file: str) -> str:
    """What stands in a file of one password; "" without a file.

    Raises:
        ConfigError: the file cannot be read; `key` names it.
    """
    try:
        return Path(file).expanduser().read_text("utf-8").strip() if file else ""
    except OSError as error:
        raise ConfigError(f"{key}: {file} cannot be read ({error.strerror}); name the right file") from None


def sites_names(config: Config) -> list[str]:
    """How sites below call this broker.

    Raises:
        ConfigError: nobody said so.
    """
    names = [name.strip() for name in config.broker.sites_names.split(",") if name.strip()]
    if not names:
        raise ConfigError("broker.sites_names: is empty; name the address by which sites below call this broker")
    return names


def load(path: Path | None) -> Config:
    """The configuration from a file (or only defaults), what the site above has set, and the environment.

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
    settings_above.lay_over(table, settings_above.read(_data_of(table), SECTIONS))
    for section in SECTIONS:
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
        zone_of(config.centre.zone, "centre.zone")
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None
    try:
        duty_config.check(name, config.duty)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    check_devices(name, config.devices)
    return config


def _data_of(table: dict[str, Any]) -> Path:
    """The data folder, before the rest is known to be good."""
    paths = table.get("paths")
    said = os.environ.get("XINYI_PATHS_DATA") or (paths.get("data") if isinstance(paths, dict) else None)
    return Path(said if isinstance(said, str) else PathsConfig().data).expanduser()


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
    policy = builtins["up"].pop("policy")
    sections = [(f"[{name}]", values) for name, values in builtins.items()]
    sections += [("[up.policy]", policy)] if policy else []
    sections += [("[[devices]]", {key: value for key, value in device.items() if value != {}}) for device in devices]
    for head, values in sections:
        lines.append(head)
        lines += [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in values.items()]
        lines.append("")
    return "\n".join(lines)
