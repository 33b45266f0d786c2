"""Every table, gathered for the migrations."""

import notifier.brakes.models
import notifier.clock
import notifier.clock_moves
import notifier.consent.models
import notifier.customers.models
import notifier.intake.models
import notifier.journeys.models
import notifier.messages.models
import notifier.rendering.models
import notifier.replies.models
import notifier.sending.models
import notifier.staff.models
import notifier.surveys.models
import notifier.tracking.models  # noqa: F401 - imported for the tables
from notifier.db import Base

metadata = Base.metadata
