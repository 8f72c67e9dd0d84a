"""Take the pictures of docs/pictures: the pages of a real DevServer in a real browser.

`make pictures` runs this.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import httpx
from chromium import open_chromium
from PIL import Image
from web_stage import HeldTranslator, begin, server_of

from devserver.settings import Settings
from devserver.wiring import open_devserver, open_engines

LARGEST = 200_000
PROMPT = "Eine blaue Blume auf der Wiese erzählt dem alten Mond eine lange Geschichte."
WOLF = "Ein Fuchs und ein Rabe teilen sich im Regen einen Regenschirm."


def save(folder, name, png):
    """A PNG below 200 KB: with fewer colours where all of them are too many."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (None, 256, 128, 96, 64, 48):
        buffer = io.BytesIO()
        chosen = picture if colours is None else picture.quantize(colours, Image.Quantize.MEDIANCUT)
        chosen.save(buffer, "PNG", optimize=True)
        if buffer.tell() < LARGEST:
            break
    (folder / f"{name}.png").write_bytes(buffer.getvalue())
    print(f"{name}.png  {buffer.tell() // 1000} KB  {picture.size[0]} × {picture.size[1]}")


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as data,
        open_engines(settings := Settings(data_dir=Path(data), journal=False)) as real,
    ):
        held = HeldTranslator(real.translator)
        with (
            open_devserver(settings, engines=replace(real, translator=held)) as devserver,
            server_of(devserver) as client,
            open_chromium() as browser,
        ):
            take(folder, client, browser, held)
            take_a_room(folder, client, browser)


def take(folder, client, browser, held):
    address = str(client.base_url)
    wide = {"width": 1280, "height": 800}
    start = browser.page(**wide, language="de")
    start.go(f"{address}/")
    start.type("#prompt", PROMPT)
    save(folder, "start-de", start.picture(whole=True))
    run = begin(client, schema="stillepost", input_text=PROMPT, safety_level="youth")
    for _ in range(4):
        held.wait_until_asked()
        held.release()
    held.wait_until_asked()
    working = """document.querySelector('[data-key="s2-interception_iteration-5"]').dataset.state === 'working'"""
    for name, options in {
        "live-de": {**wide, "language": "de"},
        "live-en-dark": {**wide, "language": "en", "dark": True},
        "live-de-390": {"width": 390, "height": 844, "language": "de", "scale": 2},
        "live-de-projector": {"width": 1920, "height": 1080, "language": "de"},
    }.items():
        page = browser.page(**options)
        page.go(f"{address}{run['run_url']}", working)
        save(folder, name, page.picture(whole="390" not in name))
    held.open()
    page.until("document.querySelector('.exports')")
    save(folder, "arrived-de", page.picture(whole=True))
    for text in (WOLF, "Ein Haus aus Glas am Meer"):
        client.post(
            "/api/schema/pipeline/execute",
            json={"schema": "image_comparison", "input_text": text, "safety_level": "youth"},
        )
    pictures = client.get("/api/runs?limit=1").json()["executions"][0]["run_url"]
    vampire = {"schema": "image_comparison", "input_text": "Ein gruseliger Vampir im Wald"}
    client.post("/api/schema/pipeline/execute", json=vampire)
    outputs = client.get("/api/runs?limit=1").json()["executions"][0]["run_url"]
    client.post("/api/schema/pipeline/execute", json={"schema": "stillepost", "input_text": "Zeichne eine ISIS Flagge"})
    blocked = client.get("/api/runs?status=blocked").json()["executions"][0]["run_url"]
    for schema in ("theopposite", "dada", "image_and_music", "bauhaus"):
        client.post("/api/schema/pipeline/execute", json={"schema": schema, "input_text": WOLF})
    music = client.get("/api/runs?config=image_and_music").json()["executions"][0]["run_url"]
    twins = [
        client.post("/api/schema/pipeline/execute", json={"schema": "bauhaus", "input_text": text}).json()
        for text in (WOLF, WOLF.replace("Fuchs", "Bär"))
    ]
    both = "/compare?left={}&right={}".format(*(run["execution_id"] for run in twins))
    # Pictures below the window are not fetched before somebody scrolls there.
    eager = "[...document.images].map((one) => Object.assign(one, { loading: 'eager' }))"
    loaded = f"document.readyState === 'complete' && {eager}.every((one) => one.complete)"
    for name, where, options in (
        ("pictures-de", pictures, {**wide, "language": "de"}),
        ("pictures-en-dark", pictures, {**wide, "language": "en", "dark": True}),
        ("music-en", music, wide),
        ("blocked-de", blocked, {**wide, "language": "de"}),
        ("blocked-outputs-en", outputs, wide),
        ("blocked-en-dark", blocked, {**wide, "dark": True}),
        ("research-en", f"{run['run_url']}?audience=researcher", wide),
        ("compare-de", both, {**wide, "language": "de"}),
        ("runs-en", "/runs", wide),
        ("runs-de-dark", "/runs", {**wide, "language": "de", "dark": True}),
        ("runs-de-390", "/runs", {"width": 390, "height": 844, "language": "de", "scale": 2}),
        ("start-en-dark", "/", {**wide, "dark": True}),
        ("start-de-390", "/", {"width": 390, "height": 844, "language": "de", "scale": 2}),
    ):
        page = browser.page(**options)
        page.go(f"{address}{where}", loaded)
        save(folder, name, page.picture(whole="390" not in name))


CLASS = {
    "Mia": ("stillepost", PROMPT),
    "": ("bauhaus", WOLF),
    "Ben": ("stillepost", "Zeichne eine ISIS Flagge"),
    "Zoë": ("dada", "Ein Haus aus Glas am Meer"),
}


def take_a_room(folder, client, browser):
    """The board of a class, and where its pupils come in; nobody is asked for a token here, so whoever joins is one."""
    address, room = (
        str(client.base_url).rstrip("/"),
        client.post("/rooms", data={"title": "7b Kunst"}).headers["Location"],
    )
    code = re.search(r"big-code\">([^<]+)<", client.get(room).text)[1]
    for nickname, (schema, text) in CLASS.items():
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as pupil:
            pupil.post("/join", data={"code": code, "nickname": nickname}, headers={"Accept-Language": "de"})
            pupil.post("/api/schema/pipeline/execute", json={"schema": schema, "input_text": text})
    cards = f"document.querySelectorAll('.room-card').length === {len(CLASS)}"
    loaded = "[...document.images].every((one) => one.naturalWidth > 0)"
    for name, where, until, options in (
        ("room-de", room, f"{cards} && {loaded}", {"width": 1280, "height": 800}),
        ("room-de-dark", room, f"{cards} && {loaded}", {"width": 1280, "height": 800, "dark": True}),
        ("join-de-390", "/join", "true", {"width": 390, "height": 844, "scale": 2}),
    ):
        page = browser.page(**options, language="de")
        page.go(f"{address}{where}", until)
        save(folder, name, page.picture(whole="390" not in name))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
