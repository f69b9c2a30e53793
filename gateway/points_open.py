"""Which point store a site has, as its configuration says."""

from pathlib import Path

from gateway.config import ConfigError, PointsConfig
from gateway.points import PointStore


def open_points(config: PointsConfig, data: Path) -> PointStore:
    """The embedded file in the data folder, or InfluxDB.

    Raises:
        ConfigError: InfluxDB without an address.
        StoreError: the embedded file cannot be used.
    """
    if config.kind == "sqlite":
        from gateway.points_sqlite import SqlitePoints

        return SqlitePoints(data / "points.sqlite")
    from gateway.points_influx import InfluxAddress, InfluxPoints

    if not config.url:
        raise ConfigError("points.url is empty; name the InfluxDB, for example http://127.0.0.1:8086")
    return InfluxPoints(InfluxAddress(config.url, config.token, config.org, config.bucket))
