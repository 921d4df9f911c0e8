"""Several at one import at the same time: applied once, undone once, and nothing left of one undone while it ran."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest

from ejd.kernel.events import CATALOGUE
from ejd.kernel.void import MARKER_NAMES, void_versions
from tests.http.conftest import Web, problem
from tests.http.test_imports import packed, post, upload

CLIENTS = 4
SECONDS_MAX = 60.0


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an import have many batches."""
    monkeypatch.setattr("ejd.imports.import_run.PART_COMMANDS_MAX", 2)
    monkeypatch.setattr("ejd.imports.roster_list.PART_COMMANDS_MAX", 2)


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Start all calls at the same moment and answer what each got."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(SECONDS_MAX)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result(SECONDS_MAX) for each in [pool.submit(run, call) for call in calls]]


def looked_at(web: Web) -> dict[str, Any]:
    """Upload the roster and answer its difference."""
    found: dict[str, Any] = upload(web, packed(), kind="oneroster", file_name="roster.zip").json()
    return found


def standing(web: Web) -> int:
    """Answer how many events of imports are not void, those about the imports themselves left out."""
    store, found = web.tiny.school.store, 0
    recorded = store.read_page(0, 10_000)
    for stream in {each.stream for each in recorded}:
        own = [each for each in recorded if each.stream == stream]
        void = void_versions(CATALOGUE.decode(each.name, each.state) for each in own if each.name in MARKER_NAMES)
        brought = [each for each in own if each.client.startswith("ejd-import-") and each.version not in void]
        found += sum(not each.name.startswith("import-") for each in brought)
    return found


@pytest.mark.parametrize("logins", [("deputy",), ("deputy", "head")])
@pytest.mark.usefixtures("small_parts")
def test_who_applies_second_hears_that_it_is_applied_or_to_look_again(web: Web, logins: tuple[str, ...]) -> None:
    seen = looked_at(web)
    path, body = f"/{seen['import_id']}/apply", {"digest": seen["digest"]}
    who = [logins[number % len(logins)] for number in range(CLIENTS)]
    answers = at_once([lambda login=login: post(web, path, body, login=login) for login in who])  # type: ignore[misc]
    assert {each.status_code for each in answers} <= {200, 409}, [each.text for each in answers]
    after = [post(web, path, body, login=login) for login in who]
    assert {(each.status_code, each.json()["state"]) for each in after} == {(200, "applied")}
    assert standing(web) == seen["added"]
    assert looked_at(web)["state"] == "unchanged"


def test_who_undoes_second_hears_that_it_was_undone(web: Web) -> None:
    seen = looked_at(web)
    post(web, f"/{seen['import_id']}/apply", {"digest": seen["digest"]})
    who = ("deputy", "head", "deputy", "head")
    calls = [lambda login=login: post(web, f"/{seen['import_id']}/undo", login=login) for login in who]
    answers = at_once(calls)
    assert [each.status_code for each in answers] == [200] * len(who)
    assert sorted(each.json()["repeated"] for each in answers) == [False, True, True, True]
    assert {each.json()["events"] for each in answers} == {seen["added"]}
    assert standing(web) == 0


@pytest.mark.usefixtures("small_parts")
def test_undone_between_two_batches_the_rest_does_not_come(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = looked_at(web)
    handle, batches = web.tiny.school.handler.handle, []
    third, undone = Event(), Event()

    def slow(requests: Any, *args: Any, **options: Any) -> Any:
        if options.get("batch_id"):
            batches.append(options["batch_id"])
            if len(batches) == 3:
                third.set()
                assert undone.wait(SECONDS_MAX)
        return handle(requests, *args, **options)

    monkeypatch.setattr(web.tiny.school.handler, "handle", slow)
    with ThreadPoolExecutor(1) as pool:
        body = {"digest": seen["digest"]}
        applying = pool.submit(post, web, f"/{seen['import_id']}/apply", body)
        assert third.wait(SECONDS_MAX)
        answer = post(web, f"/{seen['import_id']}/undo")
        undone.set()
        refused = applying.result(SECONDS_MAX)
    assert (answer.status_code, answer.json()["repeated"]) == (200, False)
    problem(refused, 409, "import-ended")
    assert (standing(web), len(batches)) == (0, 3)
    assert web.get(f"/imports/{seen['import_id']}").json()["state"] == "undone"
    again = looked_at(web)
    assert (again["state"], again["added"], again["import_id"] != seen["import_id"]) == ("rehearsed", 19, True)


@pytest.mark.usefixtures("small_parts")
def test_a_batch_that_comes_while_the_undoing_is_decided_is_undone_too(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = looked_at(web)
    store = type(web.tiny.school.store)
    append = store.append
    stored: list[str] = []
    third, decided, fourth = Event(), Event(), Event()

    def slow(self: Any, commit: Any) -> Any:
        names = [each.name for each in commit.commands]
        if names == ["undo-import"] and not decided.is_set():
            decided.set()
            assert fourth.wait(SECONDS_MAX)
        elif commit.batch_id and len(stored) == 3:
            third.set()
            assert decided.wait(SECONDS_MAX)
        answer = append(self, commit)
        if commit.batch_id:
            stored.append(commit.batch_id)
            if len(stored) == 4:
                fourth.set()
        return answer

    monkeypatch.setattr(store, "append", slow)
    with ThreadPoolExecutor(1) as pool:
        applying = pool.submit(post, web, f"/{seen['import_id']}/apply", {"digest": seen["digest"]})
        assert third.wait(SECONDS_MAX)
        answer = post(web, f"/{seen['import_id']}/undo")
        refused = applying.result(SECONDS_MAX)
    assert (answer.status_code, answer.json()["repeated"], answer.json()["left"]) == (200, False, [])
    assert refused.status_code == 409, refused.text
    assert standing(web) == 0
    assert len(stored) >= 4
    assert answer.json()["events"] == 2 * len(stored) < seen["added"]
    assert post(web, f"/{seen['import_id']}/undo").json()["repeated"] is True


@pytest.mark.usefixtures("small_parts")
def test_undone_and_applied_freely_at_once_it_is_applied_whole_or_nothing_is_left(web: Web) -> None:
    seen = looked_at(web)
    path, body = f"/{seen['import_id']}", {"digest": seen["digest"]}
    calls = [lambda: post(web, f"{path}/apply", body), lambda: post(web, f"{path}/undo", login="head")]
    applying, undoing = at_once(calls)
    assert applying.status_code in {200, 409}, applying.text
    assert undoing.status_code in {200, 404}, undoing.text
    state = web.get(f"/imports/{seen['import_id']}").json()["state"]
    assert standing(web) == (0 if state == "undone" else seen["added"])
