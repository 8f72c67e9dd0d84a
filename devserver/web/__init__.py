"""The DevServer in a browser and over HTTP: runs are started, watched, looked up and taken home from here."""

from otel_tracking.extras import Extra

with Extra("server", "Pages and the HTTP API need"):
    from devserver.web.app import create_app
    from devserver.web.web_settings import WebSettings

__all__ = ["WebSettings", "create_app"]
