"""Which providers there are, and which of them are ways to a channel, in order."""

import os
from collections.abc import Iterator, Mapping, Sequence

from notifier.errors import Misconfigured
from notifier.providers import configured
from notifier.providers.contract import Channel, Provider, Route
from notifier.providers.sendgrid.mails import SendGrid
from notifier.providers.transport import Transport
from notifier.providers.twilio.messages import Twilio
from notifier.settings import Settings, secret_key

CHANNELS: tuple[Channel, ...] = ("email", "sms", "whatsapp")


class NoProvider(Misconfigured):
    """No provider is configured for a channel."""


class Providers(Mapping[str, Provider]):
    """Providers by name, and the routes to each channel."""

    def __init__(
        self,
        providers: Sequence[Provider],
        transport: Transport | None = None,
        *,
        routes: Sequence[Route] | None = None,
    ) -> None:
        """Without `routes` every provider serves all it can, an earlier one going before a later one."""
        self._by_name = {provider.name: provider for provider in providers}
        self._transport = transport
        given = routes if routes is not None else _in_order(providers)
        self._routes: dict[Channel, tuple[Route, ...]] = {
            channel: tuple(
                sorted(
                    (route for route in given if route.channel == channel),
                    key=lambda route: (route.priority, route.provider.name),
                )
            )
            for channel in CHANNELS
        }

    def __getitem__(self, name: str) -> Provider:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def by_name(self) -> Mapping[str, Provider]:
        return self._by_name

    @property
    def channels(self) -> frozenset[Channel]:
        """The channels somebody serves."""
        return frozenset(channel for channel, routes in self._routes.items() if routes)

    def routes(self, channel: Channel) -> tuple[Route, ...]:
        """Return every way to a channel, by priority, then name."""
        return self._routes[channel]

    def for_channel(self, channel: Channel) -> Provider:
        """
        Return the provider that goes first for a channel.

        Raises:
            NoProvider: none is configured for it.
        """
        if not self._routes[channel]:
            raise NoProvider(f"No provider is configured for {channel}.")
        return self._routes[channel][0].provider


def build(settings: Settings, environ: Mapping[str, str] | None = None) -> Providers:
    """
    Build every provider the settings speak of: the default ones, then those of NOTIFIER_PROVIDERS.

    Raises:
        Misconfigured: an entry of NOTIFIER_PROVIDERS is wrong; names it and its field.
    """
    transport = Transport()
    plan = configured.read(settings, os.environ if environ is None else environ)
    providers = _default(settings, transport)
    names = {provider.name for provider in providers}
    plan.check(names)
    providers += [entry.build(name, transport, settings) for name, entry in plan.added.items()]
    return Providers(providers, transport, routes=_routes(providers, plan))


def _default(settings: Settings, transport: Transport) -> list[Provider]:
    providers: list[Provider] = []
    if settings.twilio_account_sid:
        providers.append(
            Twilio(
                transport,
                account_sid=settings.twilio_account_sid,
                auth_token=settings.twilio_auth_token,
                api_url=settings.twilio_api_url,
                sms_from=settings.twilio_sms_from,
                whatsapp_from=settings.twilio_whatsapp_from,
                secret=secret_key(settings),
            )
        )
    if settings.sendgrid_api_key:
        providers.append(
            SendGrid(
                transport,
                api_key=settings.sendgrid_api_key,
                api_url=settings.sendgrid_api_url,
                webhook_keys=settings.sendgrid_webhook_key,
                email_from=settings.email_from,
                reply_to=settings.email_reply_to,
            )
        )
    if settings.smtp_url:
        providers.append(configured.mail_server("smtp", settings.smtp_url, settings))
    return providers


def _routes(providers: Sequence[Provider], plan: configured.Plan) -> list[Route]:
    """SendGrid goes before SMTP unless the plan says otherwise."""
    has_sendgrid = any(provider.name == "sendgrid" for provider in providers)
    routes = []
    for provider in providers:
        for channel in provider.can.channels:
            standard = 2 if provider.name == "smtp" and has_sendgrid else 1
            limits = plan.limits(provider.name, channel)
            routes.append(
                Route(
                    provider=provider,
                    channel=channel,
                    priority=limits.priority or standard,
                    weight=limits.weight,
                    per_second=limits.per_second,
                    burst=limits.burst,
                )
            )
    return routes


def _in_order(providers: Sequence[Provider]) -> list[Route]:
    return [
        Route(provider=provider, channel=channel, priority=number)
        for number, provider in enumerate(providers, start=1)
        for channel in provider.can.channels
    ]
