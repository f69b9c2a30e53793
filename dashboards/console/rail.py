"""Left: which room this is, its devices and how they are, the way to the service station, the language switch.

What is wrong with a device stands under its name in words, with what to do now; shapes, not only colours, tell states
apart.
"""

from dashboards.console import theme
from dashboards.console.elements import box, drawn, mark, put, show, words
from dashboards.console.words import Texts
from gateway.live import DeviceView, Health, LiveFrame

ICONS = {
    Health.CONNECTED: '<circle cx="12" cy="12" r="9"/><path d="M8 12.4l2.8 2.8L16 9.6"/>',
    Health.SEARCHING: '<circle cx="12" cy="12" r="9" stroke-dasharray="3.2 3.2"/><path d="M12 8v4.5l2.6 1.8"/>',
    Health.FAULT: '<path d="M12 3.6 21.6 20H2.4z"/><path d="M12 10v4.6M12 17.2v.4"/>',
}


class Rail:
    """The left column.

    Attributes:
        foot: where others may say a line.
    """

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._rows: dict[str, _Device] = {}
        with box("rail", "aside", aria_label=texts("rail.devices")):
            with box("brand"):
                drawn(theme.RINGS, "icon brand-icon")
                with box("brand-words"):
                    words("brand-name", texts("page.product"))
                    self._site = words("brand-site", "")
            words("rail-title", texts("rail.devices"), "h2")
            self._list = box("devices")
            self._none = words("rail-none gone", texts("rail.none"))
            with box("rail-foot") as self.foot:
                self._demo = words("rail-demo gone", "")
                self._uplink = words("rail-uplink", texts("rail.uplink_away"), role="status")
                words(
                    "language",
                    texts("page.other_language"),
                    "a",
                    href=f"/?lang={texts('page.other_code')}",
                    lang=texts("page.other_code"),
                )

    def show(self, frame: LiveFrame | None) -> None:
        """Show the devices of this picture."""
        texts = self._texts
        if frame is None:
            self._uplink.text = texts("rail.uplink_away")
            for row in self._rows.values():
                row.show(None)
            return
        self._site.text = frame.site_name or frame.site
        self._uplink.text = texts("rail.uplink_up" if frame.uplink == "up" else "rail.uplink_down")
        mark(self._uplink, "is-down", frame.uplink != "up")
        show(self._demo, frame.speed != 1)
        self._demo.text = texts("page.demo", speed=f"{frame.speed:g}")
        here = {device.id for device in frame.devices}
        for gone in [name for name in self._rows if name not in here]:
            self._rows.pop(gone).remove()
        for device in frame.devices:
            if device.id not in self._rows:
                with self._list:
                    self._rows[device.id] = _Device(texts)
            self._rows[device.id].show(device)
        show(self._none, not frame.devices)


class _Device:
    """One device: icon, name, state in a word, what to do, counters."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        with box("device") as self._box:
            with box("device-icons"):
                self._icons = {health: drawn(paths, f"icon is-{health}") for health, paths in ICONS.items()}
            with box("device-words"):
                self._name = words("device-name")
                self._health = words("device-health")
                self._advice = words("device-advice gone", role="status")
                self._counters, self._more = words("device-counters"), words("device-counters")
                self._air = words("device-counters gone")

    def remove(self) -> None:
        """The device is no longer part of the room."""
        self._box.delete()

    def show(self, device: DeviceView | None) -> None:
        """Show one device; None: the room cannot be asked."""
        texts = self._texts
        for health, icon in self._icons.items():
            show(icon, device is not None and health is device.health)
        mark(self._box, "unknown", device is None)
        if device is None:
            self._health.text = texts("rail.waiting")
            show(self._advice, on=False)
            show(self._counters, on=False)
            show(self._more, on=False)
            show(self._air, on=False)
            return
        self._name.text = device.name
        self._health.text = " · ".join(
            filter(None, (texts.named("kind", device.kind), texts.named("health", device.health)))
        )
        ill = bool(device.problem) or device.health is Health.FAULT
        show(self._advice, ill)
        self._advice.text = texts.advice(device.problem or device.health, device.advice) if ill else ""
        show(self._counters, on=True)
        show(self._more, on=True)
        self._counters.text = texts("rail.counters", frames=f"{device.frames:,}", lost=device.lost_frames)
        self._more.text = texts("rail.counters_more", errors=device.crc_errors, reconnects=device.reconnects)
        air = []
        if device.battery_percent is not None:
            air.append(texts("rail.battery", percent=device.battery_percent))
        if device.rssi_dbm is not None:
            air.append(texts("rail.rssi", dbm=device.rssi_dbm))
        show(self._air, bool(air))
        self._air.text = " · ".join(air)
        put(self._box, "title", " · ".join(filter(None, (device.model, device.serial, device.firmware, device.port))))
