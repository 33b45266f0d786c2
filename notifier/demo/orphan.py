"""A child of the demo ends when the process that started it is gone, however that one ended."""

import os
import signal
import threading


def follow_parent() -> None:
    """End this process (by SIGTERM, so that it finishes what it has in hand) when its standard input is closed."""

    def wait() -> None:
        while os.read(0, 1024):  # unbuffered: a buffered reader's lock would be missed when the interpreter ends
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="orphan", daemon=True).start()
