"""A text from a person's phone, brought to the notifier the way Twilio brings it."""

from uuid import uuid4

from notifier.sandbox.records import Message
from notifier.sandbox.stage import Stage
from notifier.sandbox.twilio.resource import VERSION, prefixed
from notifier.sandbox.twilio.segments import segments
from notifier.sandbox.twilio.status import sign

_KEYWORDS = {
    **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), "STOP"),
    **dict.fromkeys(("START", "YES", "UNSTOP"), "START"),
    **dict.fromkeys(("HELP", "INFO"), "HELP"),
}
_ANSWERS = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


def receive(stage: Stage, message: Message, *, button: str = "") -> None:
    """Keep an inbound text and tell the notifier; on SMS Twilio itself obeys STOP and START, and answers."""
    message.segments = segments(message.text) if message.channel == "sms" else 1
    stage.store.add(message)
    keyword = _KEYWORDS.get(message.text.strip().upper(), "") if message.channel == "sms" else ""
    form = _form(stage, message, keyword=keyword, button=button)
    url = stage.config.inbound_text_url
    stage.call_back("twilio", url, lambda: sign(stage, url, form))
    if keyword:
        if keyword != "HELP":
            stage.store.note(
                "opt-outs", f"{message.person} {message.business}", stage.now() if keyword == "STOP" else None
            )
        _answer(stage, message, _ANSWERS[keyword])


def _answer(stage: Stage, message: Message, text: str) -> None:
    sid, now = f"SM{uuid4().hex}", stage.now()
    stage.store.add(
        Message(
            key=sid,
            provider_id=sid,
            channel=message.channel,
            person=message.person,
            business=message.business,
            text=text,
            received_at=now,
            updated_at=now,
            sent_at=now,
            status="delivered",
            is_own=True,
            segments=segments(text),
        )
    )


def _form(stage: Stage, message: Message, *, keyword: str, button: str) -> dict[str, str]:
    form = {
        "AccountSid": stage.config.twilio_account_sid,
        "ApiVersion": VERSION,
        "Body": message.text,
        "From": prefixed(message, message.person),
        "MessageSid": message.provider_id,
        "NumMedia": "0",
        "NumSegments": str(message.segments),
        "SmsMessageSid": message.provider_id,
        "SmsSid": message.provider_id,
        "SmsStatus": "received",
        "To": prefixed(message, message.business),
    }
    if message.channel == "sms":
        places = (f"{end}{part}" for end in ("From", "To") for part in ("City", "State", "Zip", "Country"))
        form |= dict.fromkeys(places, "")
        return form | ({"OptOutType": keyword} if keyword else {})
    form |= {
        "ProfileName": message.person,
        "WaId": message.person.removeprefix("+"),
        "ReferralNumMedia": "0",
        "MessageType": "button" if button else "text",
    }
    if button:
        form |= {"ButtonText": message.text, "ButtonPayload": button, "ButtonType": "REPLY"}
    if message.in_reply_to:
        form["OriginalRepliedMessageSid"] = message.in_reply_to
        form["OriginalRepliedMessageSender"] = prefixed(message, message.business)
    return form
