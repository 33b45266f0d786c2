"""Give somebody access to the console."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from notifier.errors import Conflict, Invalid
from notifier.i18n import catalogs
from notifier.staff import passwords
from notifier.staff.models import ROLES, Staff


class AlreadyStaff(Conflict):
    """Somebody has that email address already."""


def add(db: Session, *, email: str, name: str, role: str, password: str = "", locale: str = "en") -> tuple[Staff, str]:
    """
    Add a member of staff; without a `password` one is made. Return them and the password, which nobody can read again.

    Raises:
        AlreadyStaff: there is an account with that address.
        Invalid: the role is not one of ours, the address is none, or the password is too short.
    """
    email = email.strip().lower()
    if "@" not in email:
        raise Invalid("That is no email address.", {"email": "Write it as name@example.com."})
    if role not in ROLES:
        raise Invalid("There is no such role.", {"role": f"Choose one of {', '.join(ROLES)}."})
    if db.scalar(select(Staff.id).where(Staff.email == email)):
        raise AlreadyStaff(f"{email} has access already.")
    password = password or passwords.generated()
    member = Staff(
        email=email,
        name=name.strip() or email,
        role=role,
        locale=catalogs.match(locale),
        password_hash=passwords.hashed(password),
    )
    db.add(member)
    db.flush()
    return member, password
