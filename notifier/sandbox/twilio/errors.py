"""Twilio's errors: its numbers, words and JSON."""

from notifier.sandbox.wire import JSON, Reply, reply

MESSAGES = {
    20003: (401, "Authenticate"),
    20001: (400, "Bad request"),
    20004: (405, "Method not allowed"),
    20404: (404, "The requested resource {} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service unavailable"),
    21211: (400, "Invalid 'To' Phone Number: {}"),
    21212: (400, "Invalid From Number (caller ID): {}"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21609: (400, "The StatusCallback URL {} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21655: (400, "The ContentSid is Invalid"),
    21656: (400, "The Content Variables Parameter is Invalid"),
    21910: (400, "Invalid From and To pair. From and To should be of the same channel"),
    30409: (409, "Message cannot be canceled: it has left the queue"),
    35118: (400, "MessagingServiceSid is required to schedule a message"),
}


def error(code: int, about: str = "", *, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reply:
    """Say no the way Twilio does."""
    status, message = MESSAGES[code]
    said = reply(
        status,
        {
            "code": code,
            "message": message.format(about),
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        },
    )
    return Reply(said.status, said.body, (JSON, *headers))
