"""What web tests may ask for: a DevServer, and a client of its application."""

import pytest
from web_stage import client_of, devserver_in


@pytest.fixture
def devserver(tmp_path):
    """A DevServer with scripted engines."""
    with devserver_in(tmp_path / "data") as devserver:
        yield devserver


@pytest.fixture
def client(devserver):
    """A test client of the application."""
    with client_of(devserver) as client:
        yield client
