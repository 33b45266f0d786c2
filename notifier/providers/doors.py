"""Where a provider's status reports come in: each instance has a door of its own, since each signs with its own key."""


def status_url(callback_url: str, name: str) -> str:
    """Return an attempt's callback address at the door of the provider called `name`; without one, what was given."""
    root, found, token = callback_url.rpartition("/status/")
    return f"{root.rpartition('/')[0]}/{name}/status/{token}" if found else callback_url
