"""Which point store a site has, and how long it keeps things, as its configuration says."""

from pathlib import Path

from gateway.config import Config, ConfigError, PointsConfig
from gateway.points import PointStore
from gateway.retention import Retention


def open_points(config: PointsConfig, data: Path) -> PointStore:
    """The embedded file in the data folder, InfluxDB or VictoriaMetrics; or VictoriaMetrics beside one of the others.

    Raises:
        ConfigError: a server without an address.
        StoreError: the embedded file cannot be used.
    """
    if config.kind == "victoria" and config.victoria_url:
        raise ConfigError('points.victoria_url is for a second store; with kind = "victoria" name it as points.url')
    if not config.victoria_url:
        return _open(config, data)
    from gateway.points_both import BothPoints
    from gateway.points_victoria import VictoriaAddress, VictoriaPoints

    return BothPoints(_open(config, data), VictoriaPoints(VictoriaAddress(config.victoria_url, config.minutes_days)))


def _open(config: PointsConfig, data: Path) -> PointStore:
    if config.kind == "sqlite":
        from gateway.points_sqlite import POINTS_FILE, SqlitePoints

        return SqlitePoints(data / POINTS_FILE)
    if not config.url:
        name, port = ("InfluxDB", 8086) if config.kind == "influx" else ("VictoriaMetrics", 8428)
        raise ConfigError(f"points.url is empty; name the {name}, for example http://127.0.0.1:{port}")
    if config.kind == "victoria":
        from gateway.points_victoria import VictoriaAddress, VictoriaPoints

        return VictoriaPoints(VictoriaAddress(config.url, config.minutes_days))
    from gateway.points_influx import InfluxAddress, InfluxPoints

    buckets = (config.bucket, config.bucket_1s, config.bucket_1min)
    return InfluxPoints(InfluxAddress(config.url, config.token, config.org, *buckets))


def retention_of(config: Config) -> Retention:
    """How long rows and points are kept."""
    points = config.points
    return Retention(config.rows.bulk_days, points.raw_days, points.seconds_days, points.minutes_days)
