"""ComfyUI: a graph of nodes, filled in, sent as a whole, and recorded as it was sent."""

from devserver.backends.comfyui.engine import ComfyUI

__all__ = ["ComfyUI"]
