"""What ComfyUI's progress and media types come with."""

import filetype
import websockets.sync.client
from one_run import one_run

from devserver.backends.comfyui import ComfyUI

one_run()
assert filetype.guess_mime(b"\x89PNG\r\n\x1a\n" + bytes(20)) == "image/png"
assert websockets.sync.client.connect
assert ComfyUI("http://127.0.0.1:8188")
