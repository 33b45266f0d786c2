"""
One believable sample of each trigger's data, ready to be posted; dates count from the day they are asked for.

Each type's sample speaks of a subscription and an invoice of its own: posted one after the other, none ends another's
journey.
"""

from datetime import date, timedelta
from typing import Any


def data(type_name: str, today: date, mark: str = "sample") -> dict[str, Any]:
    """Return the sample for a trigger type, with dates around `today`, as JSON values; `mark` is part of every id."""
    mark = f"{type_name}_{mark}"
    return {"customer": _CUSTOMER, "subscription": _subscription(today, mark), **_SPECIFIC[type_name](today, mark)}


_CUSTOMER = {
    "id": "cus_sample",
    "name": "Ana Souza",
    "locale": "pt_BR",
    "timezone": "America/Sao_Paulo",
    "country": "BR",
    "email": "ana.souza@example.com",
    "phone": "+5511961234567",
}
_CARD = {"brand": "Visa", "last4": "4242"}


def _subscription(today: date, mark: str) -> dict[str, Any]:
    return {
        "id": f"sub_{mark}",
        "plan": "Aurora Família",
        "amount": 3990,
        "currency": "BRL",
        "interval": "month",
        "started_on": (today - timedelta(days=365)).isoformat(),
    }


def _invoice(due: date, mark: str) -> dict[str, Any]:
    return {
        "id": f"inv_{mark}",
        "number": f"{due:%Y%m}-0042",
        "amount": 3990,
        "currency": "BRL",
        "due_on": due.isoformat(),
        "period_start": due.isoformat(),
        "period_end": (due + timedelta(days=30)).isoformat(),
        "lines": [{"description": "Aurora Família", "quantity": 1, "amount": 3990}],
    }


def _upcoming(today: date, mark: str) -> dict[str, Any]:
    return {"invoice": _invoice(today + timedelta(days=5), mark), "payment_method": _CARD}


def _paid(today: date, mark: str) -> dict[str, Any]:
    return {"invoice": _invoice(today, mark), "payment": {"id": f"pay_{mark}", "attempt": 1}, "payment_method": _CARD}


def _failed(today: date, mark: str) -> dict[str, Any]:
    payment = {
        "id": f"pay_{mark}",
        "attempt": 1,
        "reason": "insufficient-funds",
        "next_attempt_on": (today + timedelta(days=3)).isoformat(),
        "access_ends_on": (today + timedelta(days=14)).isoformat(),
    }
    return {"invoice": _invoice(today, mark), "payment": payment, "payment_method": _CARD}


def _recovered(today: date, mark: str) -> dict[str, Any]:
    return {"invoice": _invoice(today, mark), "payment": {"id": f"pay_{mark}", "attempt": 2}, "payment_method": _CARD}


def _canceled(today: date, mark: str) -> dict[str, Any]:
    ends_on = (today + timedelta(days=20)).isoformat()
    return {"subscription": {**_subscription(today, mark), "ends_on": ends_on}, "reason": "customer"}


def _feedback(_today: date, mark: str) -> dict[str, Any]:
    return {"survey": {"id": f"nps_{mark}", "question": "nps"}}


def _bonus(today: date, mark: str) -> dict[str, Any]:
    expires_on = (today + timedelta(days=90)).isoformat()
    bonus = {
        "id": f"bon_{mark}",
        "amount": 1000,
        "currency": "BRL",
        "months": 12,
        "expires_on": expires_on,
    }
    return {"bonus": bonus}


_SPECIFIC = {
    "invoice.upcoming": _upcoming,
    "payment.succeeded": _paid,
    "payment.failed": _failed,
    "payment.recovered": _recovered,
    "subscription.canceled": _canceled,
    "feedback.requested": _feedback,
    "loyalty.bonus_granted": _bonus,
}
