"""Have the WhatsApp wordings approved: Meta lets nobody write first with words it has not seen."""

from notifier.house import House
from notifier.providers.transport import Transport
from notifier.providers.twilio.content import register
from notifier.rendering.approval import wordings
from notifier.sending import loop


def push(house: House) -> dict[str, str]:
    """
    Register every wording that is new and return `template.locale` → Content SID. Idempotent.

    Raises:
        Unavailable: Twilio did not answer, or refused one.
    """
    settings = house.settings

    async def registered() -> dict[str, str]:
        transport = Transport()
        try:
            return await register(
                transport,
                wordings(house.library, public_url=settings.public_url.rstrip("/")),
                api_url=settings.twilio_api_url,
                account_sid=settings.twilio_account_sid,
                auth_token=settings.twilio_auth_token,
            )
        finally:
            await transport.close()

    return loop.run(registered())
