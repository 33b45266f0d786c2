"""Which providers there are: those the settings speak of."""

from collections.abc import Iterator, Mapping, Sequence

from notifier.errors import Misconfigured
from notifier.providers.contract import Channel, Provider
from notifier.providers.sendgrid.mails import SendGrid
from notifier.providers.smtp.mails import SMTP
from notifier.providers.transport import Transport
from notifier.providers.twilio.messages import Twilio
from notifier.settings import Settings, secret_key


class NoProvider(Misconfigured):
    """No provider is configured for a channel."""


class Providers(Mapping[str, Provider]):
    """Providers by name; the first that serves a channel is the one for it."""

    def __init__(self, providers: Sequence[Provider], transport: Transport | None = None) -> None:
        self._by_name = {provider.name: provider for provider in providers}
        self._transport = transport

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
        return frozenset(channel for provider in self._by_name.values() for channel in provider.can.channels)

    def for_channel(self, channel: Channel) -> Provider:
        """
        Return the provider of a channel.

        Raises:
            NoProvider: none is configured for it.
        """
        for provider in self._by_name.values():
            if channel in provider.can.channels:
                return provider
        raise NoProvider(f"No provider is configured for {channel}.")


def build(settings: Settings) -> Providers:
    """Build every provider that has its settings. SendGrid goes before SMTP when both are set."""
    transport = Transport()
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
        providers.append(SMTP(settings.smtp_url, email_from=settings.email_from, reply_to=settings.email_reply_to))
    return Providers(providers, transport)
