"""Put plans on offer and find them."""

from sqlalchemy.orm import Session

from billing.models import Plan
from notifier.errors import Missing


class UnknownPlan(Missing):
    """No plan has that id."""


def get(db: Session, plan_id: str) -> Plan:
    """
    Look a plan up.

    Raises:
        UnknownPlan: when there is none.
    """
    plan = db.get(Plan, plan_id)
    if plan is None:
        raise UnknownPlan(f"There is no plan {plan_id!r}.")
    return plan
