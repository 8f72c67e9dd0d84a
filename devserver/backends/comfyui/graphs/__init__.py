"""Graphs that come with the server, as ComfyUI's API takes them."""
