"""What we post to SendGrid is what SendGrid's own package makes of the same mail."""

from uuid import UUID

import msgspec
from sendgrid.helpers.mail import (
    Category,
    ClickTracking,
    Content,
    CustomArg,
    Header,
    Mail,
    Personalization,
    ReplyTo,
    SubscriptionTracking,
    To,
    TrackingSettings,
)
from sendgrid.helpers.mail import Email as Address

from notifier.providers.contract import Email, Html, Outgoing
from notifier.providers.sendgrid.mails import SendGrid, reply_address
from notifier.providers.transport import Transport

ATTEMPT = UUID("01890000-0000-7000-8000-000000000001")
WORDS = Email(
    subject="Cobrança: R$ 10",
    text='Olá "Ana"\n',
    html=Html.of('<p class="a">Olá</p>\n'),
    unsubscribe_url="https://a.example/m/x/u",
    topic="billing",
)


def official() -> dict[str, object]:
    mail = Mail()
    mail.from_email = Address("billing@aurora.example", "Aurora")
    mail.subject = WORDS.subject
    person = Personalization()
    person.add_to(To("ana@example.com"))
    person.add_custom_arg(CustomArg("attempt_id", str(ATTEMPT)))
    person.add_header(Header("List-Unsubscribe", f"<{WORDS.unsubscribe_url}>"))
    person.add_header(Header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    mail.add_personalization(person)
    mail.add_content(Content("text/plain", WORDS.text))
    mail.add_content(Content("text/html", str(WORDS.html)))
    mail.reply_to = ReplyTo(reply_address("reply@aurora.example", ATTEMPT))
    mail.add_category(Category("billing"))
    tracking = TrackingSettings()
    tracking.click_tracking = ClickTracking(False, False)
    tracking.subscription_tracking = SubscriptionTracking(False)
    mail.tracking_settings = tracking
    return mail.get()


def test_the_payload_is_the_one_the_package_makes() -> None:
    provider = SendGrid(
        Transport(),
        api_key="SG.x",
        api_url="https://api.sendgrid.com",
        webhook_keys="",
        email_from="Aurora <billing@aurora.example>",
        reply_to="reply@aurora.example",
    )

    body = provider.body(Outgoing(attempt_id=ATTEMPT, channel="email", to="ana@example.com", content=WORDS))

    assert msgspec.json.decode(body) == official()
