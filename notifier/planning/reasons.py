"""Every reason a decision may give, as a sentence with named placeholders: what support and marketers read."""

from collections.abc import Mapping
from typing import Any


def N_(sentence: str) -> str:  # noqa: N802 - gettext's customary name: marks a sentence that is translated when shown
    """Mark a sentence for the catalogs."""
    return sentence


#: Of triggers and runs.
JOURNEYS = {
    "journey-started": N_("This started a journey."),
    "no-journey": N_("No journey starts or ends with this."),
    "nothing-to-end": N_("Nothing was under way that this could end; it is remembered in case the start comes late."),
    "condition-unmet": N_("The journey's condition did not hold: %(when)s"),
    "already-ended": N_("It had already ended before this came, so nothing was started."),
    "too-old": N_("It happened too long ago to be news, so nothing was started."),
    "run-open": N_("A journey about the same matter is already under way."),
    "already-run": N_(
        "A journey about the same matter has already been gone through, and it is gone through only once."
    ),
    "happened-again": N_("It happened again while this journey was under way."),
    "older-than-start": N_("This happened before the journey started, so it does not end it."),
    "ended-by-trigger": N_("Something happened that made this pointless, so it was taken back."),
    "run-ended": N_("Something happened that made this pointless, so it was taken back."),
    "replayed": N_("It had been set aside after errors; somebody had it tried again."),
}
#: Of planning, and of asking again right before sending.
PLANNING = {
    "may-go-now": N_("Nothing speaks against sending it at once."),
    "waits-for-decent-hour": N_("It waits for a decent hour where the person is."),
    "no-decent-hour": N_("There is no hour that is decent everywhere the person may be."),
    "no-decent-hour-before-expiry": N_("No decent hour comes before it would be old news."),
    "no-address": N_("The customer has no address on this channel."),
    "bad-address": N_("The provider says that this address does not exist."),
    "address-changed": N_("The customer's address has changed since this was planned."),
    "no-consent": N_("The customer does not want messages about this."),
    "suppressed-stop": N_("The person asked us to stop writing to this address."),
    "suppressed-hard-bounce": N_("An earlier message to this address came back for good."),
    "suppressed-complaint": N_("The person marked an earlier message as spam."),
    "suppressed-provider": N_("The address is on the provider's own list of those not to be written to."),
    "suppressed-staff": N_("Somebody of our staff blocked this address."),
    "expired": N_("It would have been old news."),
    "trigger-pending": N_("Something has just happened with this customer that has to be looked at first."),
    "overtaken": N_("The message went by another channel in the meantime."),
}
#: Of sending, and of what providers report.
SENDING = {
    "not-on-the-allow-list": N_("This is no production system, and the address is not on its list of recipients."),
    "unrenderable": N_("The text could not be written: %(why)s"),
    "no-provider": N_("No provider is set up for this channel."),
    "lease-expired": N_("The process that was sending it died, so it is not known whether it was sent."),
    "claim-too-old": N_("It was given back before it was sent, because the process had been held up."),
    "no-answer": N_("The provider did not answer, so it is not known whether it was sent."),
    "found-at-provider": N_("The provider's own list shows that it was accepted."),
    "not-at-provider": N_("The provider's own list shows that it was never accepted."),
    "no-evidence": N_("No sign that it was sent was found in the time we wait for one."),
    "no-evidence-send-again": N_("No sign that it was sent was found; being important, it is sent again."),
    "no-evidence-give-up": N_(
        "No sign that it was sent was found; it is not sent again, for fear of sending it twice."
    ),
    "tries-used-up": N_("It was tried as often as makes sense."),
    "mailbox-full": N_("The mailbox is full."),
    "unreachable": N_("The phone could not be reached."),
    "blocked": N_("The carrier or the mail server blocked it."),
    "spam": N_("It was taken for spam."),
    "opted-out": N_("The person told the provider to stop."),
    "suppressed": N_("The provider has this address on its own list of those not to be written to."),
    "content": N_("The provider does not accept the text or the template."),
    "window": N_("WhatsApp allows only approved templates when the person has not written in the last 24 hours."),
    "pacing": N_("The provider asked us to send more slowly."),
    "account": N_("Our account at the provider is not in order: somebody has to look at it."),
    "refused": N_("The provider refused it."),
    "refused-bad-address": N_("The provider refused it: the address does not exist."),
    "other": N_("The provider gave a reason we do not know."),
    "stop": N_("The person asked us to stop."),
    "hard-bounce": N_("The message came back for good."),
    "complaint": N_("The person marked it as spam."),
    "provider": N_("The provider's own list says so."),
    "staff": N_("Somebody of our staff said so."),
    "delivered": N_("The provider says that it arrived."),
    "accepted": N_("The provider took it."),
}

SENTENCES: Mapping[str, str] = {**JOURNEYS, **PLANNING, **SENDING}


def sentence(code: str, facts: Mapping[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
    """
    Return the msgid for a code and the values for its placeholders; a fact that was not kept reads `—`.

    A code without a sentence returns itself, its hyphens as spaces.
    """
    found = SENTENCES.get(code)
    if found is None:
        return code.replace("-", " ").replace("%", "%%"), {}
    given = facts or {}
    return found, {name: given.get(name, "—") for name in ("when", "why") if f"%({name})s" in found}
