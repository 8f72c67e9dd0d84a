"""A server in a process of its own, which may be killed: `a_server.py DATA held|open [PORT]`; says its address."""

import sys
import threading
from pathlib import Path

from web_stage import HeldTranslator, engines

from devserver.settings import Settings
from devserver.web import WebSettings, create_app
from devserver.web.serving import serving
from devserver.wiring import open_devserver


def main(data_dir, mode, port=0):
    held = HeldTranslator()
    if mode == "open":
        held.open()
    web = WebSettings(port=port, slots=1, token="teacher-0123456789abcdef", class_token="class-0123456789abcdef")
    with (
        open_devserver(Settings(data_dir=data_dir, journal=False), engines=engines(translator=held)) as devserver,
        serving(create_app(devserver, web), web) as address,
    ):
        print(address, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
