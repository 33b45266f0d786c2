"""Mails that come back, as mail servers and mailbox providers write them."""

BOUNCES_TO = "bounces@example.com"

_REPORT = """\
Return-Path: <>
Received: from mx.example.net (mx.example.net [192.0.2.7]) by mail.example.com with ESMTP id 42
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Date: Mon, 23 Nov 2026 08:00:00 +0000
Message-ID: <{message_id}@mx.example.net>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={report_type}; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b1
{report}
--b1
Content-Type: {within}

Return-Path: <{from_}>
From: news@example.com
To: ana@example.net
Subject: Sua fatura
Message-ID: <0189@example.com>

--b1--
"""


def report(
    to: str,
    action: str,
    status: str,
    diagnostic: str = "",
    *,
    message_id: str = "m1",
    kind: str = "message/delivery-status",
    within: str = "text/rfc822-headers",
    from_: str = "",
) -> bytes:
    """Return a delivery report (RFC 3464) in the shape Postfix gives it."""
    lines = [
        f"Content-Type: {kind}",
        "",
        "Reporting-MTA: dns; mx.example.net",
        "Arrival-Date: Mon, 23 Nov 2026 07:00:00 +0000",
        "",
        "Final-Recipient: rfc822; ana@example.net",
        "Original-Recipient: rfc822;ana@example.net",
        *([f"Action: {action}"] if action else []),
        *([f"Status: {status}"] if status else []),
        "Remote-MTA: dns; mx.example.net",
        *([f"Diagnostic-Code: {diagnostic}"] if diagnostic else []),
        "Last-Attempt-Date: Mon, 23 Nov 2026 07:59:00 +0000",
        "",
    ]
    text = _REPORT.format(
        to=to, report="\n".join(lines), message_id=message_id, report_type="delivery-status", within=within, from_=from_
    )
    return text.replace("\n", "\r\n").encode()


def complaint(mail_from: str, word: str = "abuse", *, to: str = "fbl@example.com", envelope: bool = True) -> bytes:
    """Return a feedback report (RFC 5965): to the address registered for them, with the envelope sender or not."""
    lines = [
        "Content-Type: message/feedback-report",
        "",
        f"Feedback-Type: {word}",
        "User-Agent: SomeGenerator/1.0",
        "Version: 1",
        *([f"Original-Mail-From: <{mail_from}>"] if envelope else []),
        "Original-Rcpt-To: <redacted@example.net>",
        "Arrival-Date: Mon, 23 Nov 2026 07:30:00 +0000",
        "Source-IP: 192.0.2.1",
        "",
    ]
    text = _REPORT.format(
        to=to,
        report="\n".join(lines),
        message_id="f1",
        report_type="feedback-report",
        within="message/rfc822",
        from_="" if envelope else mail_from,
    )
    return text.encode()


def vacation(to: str) -> bytes:
    """Return an out-of-office note."""
    return (
        f"From: ana@example.net\nTo: {to}\nSubject: Estou de férias\nAuto-Submitted: auto-replied\n"
        "Message-ID: <v1@example.net>\n\nAté já.\n"
    ).encode()


def nested(to: str, depth: int = 3000) -> bytes:
    """Return a mail within a mail within a mail, which exhausts the stack of who reads it."""
    head = f"To: {to}\nMIME-Version: 1.0\n"
    return (
        head + "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    ).encode()
