"""The product as it runs here, used by HTTP, and what happens when parts of it fail."""

from __future__ import annotations

import io
import threading
import time

import httpx
import pytest
from PIL import Image

from cinema_local.running import Running
from tests.local.client import Somebody, eventually, picture, speaking_to
from tests.local.conftest import SomebodyAt

WORKERS = 8

# It is brought up once, so one worker has all of these.
pytestmark = pytest.mark.xdist_group("whole")


@pytest.fixture
def somebody(whole: Running, somebody_at: SomebodyAt) -> Somebody:
    return somebody_at(whole.api)


def test_what_the_program_declares_is_proven_before_it_runs(whole: Running) -> None:
    assert whole.proven
    page = httpx.get(whole.landing, trust_env=False)
    assert page.status_code == 200
    assert "all claims proven or waived" in page.text
    report = httpx.get(f"{whole.landing}report/", trust_env=False)
    assert "claims proven" in report.text
    # The page's own style and script, and nothing else.
    assert "script-src 'sha256-" in report.headers["content-security-policy"]
    assert "unsafe" not in report.headers["content-security-policy"]


def test_there_are_films_from_the_first_moment(somebody: Somebody) -> None:
    films = somebody.http.get("/movies").json()
    assert len(films) >= 40
    poster = httpx.get(films[0]["ImagePath"], trust_env=False)
    assert poster.headers["content-type"] == "image/svg+xml"


def test_the_site_is_served_from_its_bucket_and_knows_the_api(whole: Running) -> None:
    page = httpx.get(whole.site, trust_env=False)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    config = httpx.get(f"{whole.site}config.json", trust_env=False)
    assert config.json() == {"api": whole.api}
    assert config.headers["cache-control"] == "no-cache"


def test_the_browser_may_call_the_api_from_the_site(whole: Running) -> None:
    origin = whole.landing.rstrip("/")
    answer = httpx.get(f"{whole.api}/healthz", headers={"Origin": origin}, trust_env=False)
    assert answer.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_an_upload_gets_its_thumbnail_from_the_function(somebody: Somebody, kind: str) -> None:
    original = picture(kind)
    answer = somebody.upload(original, f"{somebody.username}.{kind.lower()}")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert somebody.http.get(made["Url"]).content == original
    assert eventually(lambda: made["ThumbnailKey"] in somebody.stored())
    thumbnail = somebody.http.get(made["ThumbnailUrl"])
    with Image.open(io.BytesIO(thumbnail.content)) as small:
        assert small.size == (320, 240)


def test_the_instances_take_turns(whole: Running, somebody: Somebody) -> None:
    assert len(whole.instances()) == 3
    for _ in range(9):
        assert somebody.http.get("/movies?page=1").status_code == 200
    logs = [(whole.state.logs / f"{one.name}.log").read_text() for one in whole.instances()]
    assert all('"/movies"' in log for log in logs)


def test_an_instance_killed_under_load_fails_only_what_was_in_flight(
    whole: Running, somebody: Somebody
) -> None:
    before = {one.pid for one in whole.instances()}
    stop = threading.Event()
    answers: list[int] = []
    failures: list[str] = []

    def ask() -> None:
        with speaking_to(whole.api) as me:
            me.headers["Authorization"] = somebody.http.headers["Authorization"]
            while not stop.is_set():
                try:
                    answers.append(me.get("/movies?page=1").status_code)
                except httpx.HTTPError as problem:
                    failures.append(repr(problem))

    asking = [threading.Thread(target=ask) for _ in range(WORKERS)]
    for thread in asking:
        thread.start()
    time.sleep(0.5)
    whole.kill("api-2")
    assert eventually(
        lambda: len(whole.healthy()) == 3 and {o.pid for o in whole.instances()} != before
    )
    stop.set()
    for thread in asking:
        thread.join()
    failures += [str(status) for status in answers if status != 200]
    # Each worker has one request in flight, and at most those can have been on the one killed.
    assert len(failures) <= WORKERS, failures
    assert len(answers) > 10 * WORKERS


def test_the_database_goes_and_comes_back(
    whole: Running, somebody: Somebody, somebody_at: SomebodyAt
) -> None:
    whole.stop("database")
    try:
        assert somebody.http.get("/healthz").status_code == 200
        assert somebody.http.get("/readyz").status_code == 503
        answer = somebody.http.get("/movies")
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
    finally:
        whole.start("database")
    assert eventually(lambda: somebody.http.get("/readyz").status_code == 200)
    assert len(whole.instances()) == 3
    # What was acknowledged before is there.
    assert somebody_at(whole.api, somebody.username).http.get("/movies").status_code == 200


def test_the_emulator_goes_and_comes_back(whole: Running, somebody: Somebody) -> None:
    kept = somebody.upload(picture(), f"{somebody.username}.jpg").json()
    assert eventually(lambda: kept["ThumbnailKey"] in somebody.stored())
    whole.stop("emulator")
    try:
        assert somebody.http.get("/movies?page=1").status_code == 200
        lost = somebody.upload(picture(), "lost.jpg")
        assert lost.status_code == 503
        assert somebody.http.get("/images").status_code == 503
    finally:
        whole.start("emulator")
    assert kept["Key"] in somebody.stored()
    assert "orig/lost.jpg" not in somebody.stored()
    again = somebody.upload(picture("PNG"), f"{somebody.username}.png").json()
    assert eventually(lambda: again["ThumbnailKey"] in somebody.stored())
