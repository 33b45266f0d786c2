"""A sandbox and a notifier's hooks, each on a port of its own, as processes apart would be."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from msgspec import Struct, field
from sendgrid import SendGridAPIClient
from twilio.rest import Client

from notifier.sandbox import app as sandbox_app
from notifier.sandbox.config import SandboxConfig, generate_key
from tests.sandbox.http import Http

ACCOUNT, TOKEN, KEY = "AC" + "1" * 32, "a-token", "SG.a.key"


class Hit(Struct, frozen=True):
    """One call the notifier's hooks received."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float


class Hooks(Struct):
    """The notifier's side: keeps what it is told, and answers `status`."""

    url: str
    hits: list[Hit] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """Answers of the next calls; 200 once they are used up."""

    def on(self, path: str) -> list[Hit]:
        return [hit for hit in list(self.hits) if hit.path.startswith(path)]

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            event = await receive()
            body += event.get("body", b"")
            more = event.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.hits.append(Hit(scope["path"], headers, body, time.monotonic()))
        status = self.statuses.pop(0) if self.statuses else 200
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


@contextlib.contextmanager
def served(app: Any, *, lifespan: str = "on") -> Iterator[str]:
    """Serve an ASGI app on a free port, from a thread; give its URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="error", lifespan=lifespan, interface="asgi3", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        soon(lambda: server.started)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(5)


def soon(condition: Callable[[], Any], *, seconds: float = 5.0) -> Any:
    """Wait until the condition holds; return what it returned."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "this did not happen in time"
        time.sleep(0.005)
    return found


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    listening = Hooks(url="")
    with served(listening.app, lifespan="off") as url:
        listening.url = url
        yield listening


@pytest.fixture
def config(hooks: Hooks) -> SandboxConfig:
    return SandboxConfig(
        twilio_account_sid=ACCOUNT,
        twilio_auth_token=TOKEN,
        sendgrid_api_key=KEY,
        sendgrid_private_key=generate_key(),
        notifier_url=hooks.url,
        inbound_secret="hush",
    )


@pytest.fixture
def sandbox(config: SandboxConfig) -> Iterator[Http]:
    with served(sandbox_app.create(config)) as url, Http(url) as http:
        yield http


@pytest.fixture
def twilio(sandbox: Http) -> Iterator[Client]:
    """Give Twilio's own client, pointed at the sandbox."""
    client = Client(ACCOUNT, TOKEN)
    client.api.base_url = client.content.base_url = sandbox.url
    yield client
    client.http_client.session.close()


@pytest.fixture
def sendgrid(sandbox: Http) -> SendGridAPIClient:
    """Give SendGrid's own client, pointed at the sandbox."""
    return SendGridAPIClient(KEY, host=sandbox.url)
