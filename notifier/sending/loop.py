"""The event loop of this process on which provider calls run: one thread, started when first needed, kept."""

import asyncio
import sys
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the sending loop and wait for it, from any thread but the loop's own."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = _made()
    threading.Thread(target=loop.run_forever, name="sending", daemon=True).start()
    return loop


def _made() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()
