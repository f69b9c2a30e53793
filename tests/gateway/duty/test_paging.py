"""Pagers ring real servers: once for each level, never lost by a crash, and never with more than seat and site."""

import asyncio
import contextlib
import datetime as dt
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest
from duty_parts import AT, RULES, S, Stopwatch, Wall, an_alert, state, steps
from gateway_parts import placement, until
from levels import ROOM, TOWN
from people_parts import Messenger, PostOffice

from care.alerts import AlertEvent, AlertStep, Deadline
from devices.clock import Clock
from gateway.box import new_id
from gateway.config import Config
from gateway.duty.config import DutyConfig
from gateway.duty.keeper import pagers_of
from gateway.duty.mail import Mail
from gateway.duty.paging import INCOMPLETE_S, Page, PagerFailed, Paging
from gateway.duty.webhook import Webhook
from gateway.messages import DutyEntry, DutyRoster
from gateway.rows import Rows
from gateway.services.alerts import alert_steps
from gateway.trust.authority import Authority

BODY = '{"msgtype": "text", "text": {"content": "{text}"}, "at": ["{seat}", 1]}'
PAGE = Page("请到 A 座（新华路心驿）", "A 座", "新华路心驿")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.duty.paging.FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("gateway.duty.paging.LONGEST_PAUSE_S", 0.02)


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[Rows]:
    with Rows.for_writing(tmp_path / "room", placement(tmp_path / "room", ROOM, TOWN)) as rows:
        yield rows


@pytest.fixture
def messenger() -> Iterator[Messenger]:
    with Messenger() as server:
        yield server


@pytest.fixture
def tls(tmp_path: Path) -> tuple[Authority, tuple[Path, Path]]:
    authority = Authority.open(tmp_path / "authority", site="huadu")
    return authority, authority.serve(["127.0.0.1", "localhost"], now=dt.datetime.now(dt.UTC))


@contextlib.asynccontextmanager
async def paging(
    rows: Rows, *pagers: object, level: str = "room", site: str = ROOM, clock: Clock | None = None
) -> AsyncIterator[Paging]:
    async def put(event: AlertEvent, target: str) -> None:
        await asyncio.to_thread(rows.put, event, event.at_utc_ns, target)

    clock = clock or Wall(time=([AT],))
    async with Paging(site, "新华路心驿", level, rows, put, RULES, pagers, clock) as work:
        yield work


def notes(rows: Rows, alert: object) -> list[str]:
    return [step.detail for step in alert_steps(rows, alert) if step.step is AlertStep.NOTED]


async def noted(rows: Rows, alert: object, count: int = 1) -> list[str]:
    await until(lambda: len(notes(rows, alert)) == count, f"{count} notes of pagers")
    return notes(rows, alert)


async def test_raised_alert_rings_once_and_says_where_to_go_and_nothing_else(rows, messenger):
    event = an_alert(cause="risk_item")
    rows.put(event, AT)
    async with paging(rows, Webhook(messenger.url, BODY, "s3cret")) as work:
        await work.turn()
        assert await noted(rows, event.alert) == ["pager webhook: delivered"]
        for _ in range(3):
            await work.turn()
    ((headers, body),) = messenger.posts
    assert body == {"msgtype": "text", "text": {"content": "请到 A 座（新华路心驿）"}, "at": ["A 座", 1]}
    assert headers["Authorization"] == "Bearer s3cret"
    assert not {"red", "risk", str(event.alert)} & set(json.dumps(body))
    assert steps(rows, event.alert)[-1] == ("noted", "room")


async def test_restart_rings_nobody_twice_and_loses_no_page(rows, messenger):
    before, after = an_alert(), an_alert(at=AT + S)
    rows.put(before, AT)
    async with paging(rows, Webhook(messenger.url, BODY)) as work:
        await work.turn()
        await noted(rows, before.alert)
    rows.put(after, AT)  # committed, and the centre dies before it has rung
    async with paging(rows, Webhook(messenger.url, BODY)) as work:
        await work.turn()
        await noted(rows, after.alert)
    assert len(messenger.posts) == 2


async def test_page_whose_note_was_lost_with_a_crash_rings_again(rows, messenger):
    event = an_alert()
    rows.put(event, AT)

    async def dies(_event: AlertEvent, _target: str) -> None:
        await asyncio.Event().wait()

    async with Paging(ROOM, "", "room", rows, dies, RULES, [Webhook(messenger.url, BODY)], Wall(time=([AT],))) as one:
        await one.turn()
        await until(lambda: len(messenger.posts) == 1, "it rings")
    async with paging(rows, Webhook(messenger.url, BODY)) as work:
        await work.turn()
        await noted(rows, event.alert)
    assert len(messenger.posts) == 2


async def test_failure_is_noted_once_and_tried_again_until_it_gets_through(rows, messenger):
    event = an_alert()
    rows.put(event, AT)
    messenger.refuses = 12
    async with paging(rows, Webhook(messenger.url, BODY)) as work:
        await work.turn()
        assert await noted(rows, event.alert, 2) == [
            "pager webhook: failed: answers 503",
            "pager webhook: delivered",
        ]


async def test_acknowledged_alert_rings_nobody_any_more(rows, messenger):
    event = an_alert()
    rows.put(event, AT)
    messenger.refuses = 10**6
    async with paging(rows, Webhook(messenger.url, BODY)) as work:
        await work.turn()
        await noted(rows, event.alert)
        rows.put(AlertEvent(event.alert, 9, AlertStep.ACKNOWLEDGED, AT, "room", "li"), AT)
        await until(lambda: all(task.done() for task in work._ringing.values()), "it stops")
        await work.turn()
        assert not any(not task.done() for task in work._ringing.values())


async def test_level_rings_when_it_is_called_and_not_before(rows, messenger):
    event = an_alert()
    rows.put(event, AT)
    async with paging(rows, Webhook(messenger.url, BODY), level="town", site=TOWN) as work:
        await work.turn()
        assert not work._ringing
        rows.put(AlertEvent(event.alert, 2, AlertStep.ESCALATED, AT + 180 * S, "town", "system"), AT)
        await work.turn()
        await noted(rows, event.alert)
    assert messenger.posts[0][1]["text"]["content"] == f"请到 A 座（{ROOM}）"
    assert steps(rows, event.alert)[-1] == ("noted", "town")


async def test_orange_rings_nobody(rows, messenger):
    rows.put(an_alert("orange", "score"), AT)
    async with paging(rows, Webhook(messenger.url, BODY)) as work:
        await work.turn()
        assert not work._ringing


async def test_pager_that_hangs_delays_neither_the_other_nor_the_centre(rows, messenger):
    first, second = an_alert(), an_alert(at=AT + S)
    with Messenger() as other:
        messenger.holds.clear()
        rows.put(first, AT)
        hanging, quick = Webhook(messenger.url, BODY), Webhook(other.url, BODY)
        quick.name = "second"
        async with paging(rows, hanging, quick) as work:
            await work.turn()
            assert await noted(rows, first.alert) == ["pager second: delivered"]
            rows.put(second, AT)
            await work.turn()
            await noted(rows, second.alert)
            assert state(rows, first.alert).status == "open"
            messenger.holds.set()
            await noted(rows, first.alert, 2)


async def test_webhook_believes_only_the_authority_that_it_was_given(tls, tmp_path):
    authority, files = tls
    with Messenger(files) as server:
        Webhook(server.url, BODY, ca=str(authority.ca_path)).send(PAGE)
        assert len(server.posts) == 1
        with pytest.raises(PagerFailed, match=r"^\w+Error$"):
            Webhook(server.url, BODY).send(PAGE)
        with pytest.raises(PagerFailed, match=r"gone\.pem cannot be read"):
            Webhook(server.url, BODY, ca=str(tmp_path / "gone.pem")).send(PAGE)


async def test_address_that_is_dead_is_tried_again_while_the_other_rings_once(rows, messenger):
    event = an_alert()
    rows.put(event, AT)
    with Messenger() as second:
        second.refuses = 12
        config = Config(duty=DutyConfig(webhook=f"{messenger.url}, {second.url}", webhook_body=BODY))
        async with paging(rows, *pagers_of(config)) as work:
            await work.turn()
            assert sorted(await noted(rows, event.alert, 3)) == [
                "pager webhook 1: delivered",
                "pager webhook 2: delivered",
                "pager webhook 2: failed: answers 503",
            ]
            await work.turn()
            assert all(task.done() for task in work._ringing.values())
    assert (len(messenger.posts), len(second.posts)) == (1, 1)


async def test_servers_that_hang_take_no_thread_from_others_and_no_second_one(rows, messenger, monkeypatch):
    monkeypatch.setattr("gateway.duty.paging.SEND_S", 0.05)
    alerts = [an_alert(at=AT + number * S) for number in range(6)]
    for event in alerts:
        rows.put(event, AT)
    with Messenger() as quick:
        messenger.holds.clear()
        async with paging(rows, Webhook(messenger.url, BODY), Webhook(quick.url, BODY, name="second")) as work:
            await work.turn()
            for event in alerts:
                await until(lambda event=event: "pager second: delivered" in notes(rows, event.alert), "the other")
                await until(
                    lambda event=event: "pager webhook: failed: has not ended after 0.05 s" in notes(rows, event.alert),
                    "what hangs is noted",
                )
            messenger.holds.set()
            for event in alerts:
                await noted(rows, event.alert, 3)
    assert len(messenger.posts) == len(alerts)


async def test_alert_without_its_first_step_rings_when_it_is_missing_for_too_long(rows, messenger):
    clock = Stopwatch(time=([AT],), ours=[0])
    event = an_alert()
    rows.put(AlertEvent(event.alert, 2, AlertStep.NOTED, AT, "room", "resident", detail="resident chose: staff"), AT)
    async with paging(rows, Webhook(messenger.url, BODY), clock=clock) as work:
        await work.turn()
        assert not work._ringing
        clock.ours[0] = int(INCOMPLETE_S * S)
        await work.turn()
        assert await noted(rows, event.alert, 2)
        await work.turn()
        assert all(task.done() for task in work._ringing.values())
    assert [body["text"]["content"] for _, body in messenger.posts] == ["请到 ?（新华路心驿）"]


async def test_answer_before_the_first_step_keeps_it_quiet(rows, messenger):
    clock = Stopwatch(time=([AT],), ours=[0])
    rows.put(AlertEvent(an_alert().alert, 2, AlertStep.ACKNOWLEDGED, AT, "room", "li"), AT)
    async with paging(rows, Webhook(messenger.url, BODY), clock=clock) as work:
        await work.turn()
        clock.ours[0] = int(99 * INCOMPLETE_S * S)
        await work.turn()
        assert not work._ringing


@pytest.mark.parametrize("change", [{"level": "station"}, {"deadlines": []}, {"tier": "violet", "cause": "new"}])
async def test_what_the_rules_do_not_know_rings_all_the_same(rows, messenger, change):
    event = msgspec.structs.replace(an_alert(), **change)
    rows.put(event, AT)
    async with paging(rows, Webhook(messenger.url, BODY)) as work:
        await work.turn()
        assert await noted(rows, event.alert) == ["pager webhook: delivered"]


async def test_level_that_the_ladder_does_not_have_rings_at_once_or_when_nobody_has_answered(rows, messenger):
    known = an_alert()
    strange = msgspec.structs.replace(known, alert=new_id(), level="station", deadlines=[Deadline("station", AT + S)])
    for event in (known, strange):
        rows.put(event, AT)
    wall = Wall(time=([AT],))
    async with paging(rows, Webhook(messenger.url, BODY), level="county", site=TOWN, clock=wall) as work:
        await work.turn()
        await noted(rows, strange.alert)
        assert not notes(rows, known.alert)
        wall.time[0][0] = known.deadlines[-1].until_utc_ns
        await work.turn()
        await noted(rows, known.alert)


def test_webhook_that_nobody_listens_at_fails_without_saying_its_address():
    with pytest.raises(PagerFailed) as caught:
        Webhook("http://127.0.0.1:1/secret-token", BODY).send(PAGE)
    assert "secret-token" not in str(caught.value)


def test_mail_goes_by_starttls_with_a_password_to_the_list_and_to_whoever_is_on_duty(tls):
    authority, files = tls
    with PostOffice(files, ("xinyi", "s3cret")) as office:
        mail = Mail(
            "127.0.0.1",
            office.port,
            "starttls",
            "room@example.org",
            ["desk@example.org"],
            "xinyi",
            "s3cret",
            str(authority.ca_path),
        )
        mail.send(PAGE._replace(reach=("pager", "mailto:li@example.org")))
    ((to, message),) = office.mails
    assert to == ["desk@example.org", "li@example.org"]
    assert message["Subject"] == "请到 A 座（新华路心驿）"
    assert message.get_content().strip() == "请到 A 座（新华路心驿）"
    assert "li@example.org" not in str(message["To"])


@pytest.mark.parametrize(("password", "ca"), [("wrong", True), ("s3cret", False)])
def test_mail_that_is_not_let_in_or_not_sure_of_the_server_fails_in_one_line(tls, password, ca):
    authority, files = tls
    with PostOffice(files, ("xinyi", "s3cret")) as office:
        where = str(authority.ca_path) if ca else ""
        mail = Mail("127.0.0.1", office.port, "starttls", "a@example.org", ["b@example.org"], "xinyi", password, where)
        with pytest.raises(PagerFailed) as caught:
            mail.send(PAGE)
    assert "\n" not in str(caught.value)
    assert not office.mails


def test_mail_without_an_address_says_so():
    with pytest.raises(PagerFailed, match=r"nobody on duty has an address, and duty\.mail_to is empty"):
        Mail("127.0.0.1", 1, "none", "a@example.org", []).send(PAGE)


async def test_who_is_on_duty_now_gets_the_mail(rows):
    roster = [
        DutyEntry("s1", "李老师", "counsellor", AT - S, AT + S, ["mailto:li@example.org"]),
        DutyEntry("s2", "王老师", "counsellor", AT + S, AT + 2 * S, ["mailto:wang@example.org"]),
    ]
    rows.put(DutyRoster(1, roster), AT)
    event = an_alert()
    rows.put(event, AT)
    with PostOffice() as office:
        async with paging(rows, Mail("127.0.0.1", office.port, "none", "room@example.org", [])) as work:
            await work.turn()
            assert await noted(rows, event.alert) == ["pager mail: delivered"]
    assert [to for to, _ in office.mails] == [["li@example.org"]]


async def test_alert_that_cannot_be_opened_silences_nobody_else(rows, messenger):
    broken, good = an_alert(), an_alert()
    rows.put(broken, AT)
    rows.put(good, AT)
    with rows.writing() as db:
        db.exec_driver_sql("UPDATE records SET body = x'00' WHERE about = ?", (broken.alert.hex,))
    async with paging(rows, Webhook(messenger.url, BODY)) as work:
        await work.turn()
        assert await noted(rows, good.alert) == ["pager webhook: delivered"]
