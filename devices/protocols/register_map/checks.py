"""What the types of a register map cannot see: limits the wrong way round, a register with two meanings, a chair that
would move without a stop. Each mistake is (field, what is wrong).
"""

from collections.abc import Iterator
from math import isfinite

from msgspec import Struct

from devices.protocols import chair_link as wire
from devices.protocols.register_map.parts import Joint, Order, RegisterMap


def mistakes(chart: RegisterMap) -> Iterator[tuple[str, str]]:
    """(field, what is wrong) of everything that the types alone cannot see."""
    endless = list(_endless("", chart))
    yield from endless
    if endless:
        return
    for field, low, high in (
        ("recline", wire.UPRIGHT_DEG, wire.FLAT_DEG),
        ("leg_rest", wire.LEGS_DOWN_DEG, wire.LEGS_UP_DEG),
    ):
        joint: Joint | None = getattr(chart, field)
        if joint is not None:
            yield from _of_joint(field, joint, low, high)
    yield from _of_motion(chart)
    if chart.state.occupied is not None and chart.state.here is not None:
        yield "state.here", "a chair with a seat sensor needs no press; leave one of the two out"
    yield from _written_twice(chart)
    yield from _of_safe_values(chart)
    if chart.massage is not None and chart.massage.zones is not None:
        bits = chart.massage.zones.bits
        if len(set(bits)) < len(bits):
            yield "massage.zones", "the same part of the body twice"
    channels = [sensor.channel for sensor in chart.measured]
    if len(set(channels)) < len(channels):
        yield "measured", "the same channel twice"


def _endless(field: str, part: object) -> Iterator[tuple[str, str]]:
    """Numbers that TOML knows and no chair does: nan and inf."""
    if isinstance(part, Struct):
        for name in part.__struct_fields__:
            yield from _endless(f"{field}.{name}".lstrip("."), getattr(part, name))
    elif isinstance(part, tuple):
        for at, each in enumerate(part):
            yield from _endless(f"{field}[{at}]", each)
    elif isinstance(part, float) and not isfinite(part):
        yield field, f"{part} is not a number to work with"


def _of_joint(field: str, joint: Joint, low: float, high: float) -> Iterator[tuple[str, str]]:
    if not joint.lowest_deg < joint.highest_deg:
        yield f"{field}.highest_deg", f"{joint.highest_deg:g} is not above lowest_deg {joint.lowest_deg:g}"
    if joint.lowest_deg < low:
        yield f"{field}.lowest_deg", f"{joint.lowest_deg:g} is below {low:g}, the least that a programme may ask for"
    if joint.highest_deg > high:
        yield f"{field}.highest_deg", f"{joint.highest_deg:g} is above {high:g}, the most that a programme may ask for"
    least, most = (-32768, 32767) if joint.signed else (0, 65535)
    for limit in ("lowest_deg", "highest_deg"):
        counts = joint.counts(getattr(joint, limit))
        if not least <= counts <= most:
            yield f"{field}.{limit}", f"would be {counts} counts, and a register holds {least} … {most}"


def _of_motion(chart: RegisterMap) -> Iterator[tuple[str, str]]:
    """What a chair must have before it is moved."""
    if not (chart.has_watchdog and chart.dangerous):
        return
    because = f"missing; a chair with {chart.dangerous[0]} cannot do without"
    if chart.stop is None:
        yield "stop", because
    for field in ("moving", "stopped", "cleared"):
        if getattr(chart.state, field) is None:
            yield f"state.{field}", because
    if chart.state.occupied is None and chart.state.here is None:
        yield "state.occupied", f"{because} (or without state.here)"


def _of_safe_values(chart: RegisterMap) -> Iterator[tuple[str, str]]:
    """Safe values are written unasked: they must not move, warm or arm anything."""
    joints = [joint for joint in (chart.recline, chart.leg_rest) if joint is not None]
    control = (chart.stop, chart.release, chart.arm, chart.disarm, chart.watchdog)
    forbidden = {joint.target for joint in joints} | {order.register for order in control if order is not None}
    only_off = {part.level for part in (chart.massage, chart.heat) if part is not None}
    for field in ("on_open", "on_stop", "on_leave"):
        orders: tuple[Order, ...] = getattr(chart.safe, field)
        for order in orders:
            if order.register in forbidden or (order.register in only_off and order.value):
                yield f"safe.{field}", f"register {order.register} = {order.value} would move, warm or arm the chair"


def _written_twice(chart: RegisterMap) -> Iterator[tuple[str, str]]:
    """A register with two meanings. Stop, release, arm and disarm may be values of one."""
    written: list[tuple[str, int]] = []
    for field in ("recline", "leg_rest"):
        joint: Joint | None = getattr(chart, field)
        if joint is not None:
            written.append((f"{field}.target", joint.target))
            written += [(f"{field}.speed", joint.speed)] if joint.speed is not None else []
    if chart.massage is not None:
        written.append(("massage.level", chart.massage.level))
        for field in ("zones", "rhythm"):
            part = getattr(chart.massage, field)
            written += [(f"massage.{field}", part.register)] if part is not None else []
    if chart.heat is not None:
        written.append(("heat.level", chart.heat.level))
    for field in ("light", "volume", "watchdog"):
        part = getattr(chart, field)
        written += [(f"{field}.register", part.register)] if part is not None else []
    orders = {order.register for order in (chart.stop, chart.release, chart.arm, chart.disarm) if order is not None}
    known: dict[int, str] = dict.fromkeys(orders, "stop, release, arm or disarm")
    for field, register in written:
        if register in known:
            yield field, f"register {register} is that of {known[register]} already"
        known[register] = field
    if chart.stop is not None:
        for field in ("release", "arm", "disarm"):
            order: Order | None = getattr(chart, field)
            if order is not None and (order.register, order.value) == (chart.stop.register, chart.stop.value):
                yield f"{field}.value", "the same as that of stop"
