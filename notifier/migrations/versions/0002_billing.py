"""The tables of billing."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "billing_accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_accounts")),
    )
    op.create_table(
        "billing_invoice_numbers",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_billing_invoice_numbers")),
    )
    op.create_table(
        "billing_plans",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.CheckConstraint("interval IN ('month', 'year')", name=op.f("ck_billing_plans_interval")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_billing_plans_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_plans")),
    )
    op.create_table(
        "billing_payment_methods",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["billing_accounts.id"], name=op.f("fk_billing_payment_methods_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_payment_methods")),
    )
    op.create_index(
        "uq_billing_payment_methods_on_file",
        "billing_payment_methods",
        ["account_id"],
        unique=True,
        postgresql_where="replaced_at IS NULL",
    )
    op.create_table(
        "billing_subscriptions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("periods", sa.Integer(), server_default="0", nullable=False),
        sa.Column("renew_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ask_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ask_about", sa.Text(), server_default="", nullable=False),
        sa.Column("bonus_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bonus_months", sa.Integer(), server_default="0", nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("canceled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "cancel_reason IN ('', 'customer', 'unpaid', 'business')",
            name=op.f("ck_billing_subscriptions_cancel_reason"),
        ),
        sa.CheckConstraint(
            "status IN ('active', 'past-due', 'canceled')", name=op.f("ck_billing_subscriptions_status")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["billing_accounts.id"], name=op.f("fk_billing_subscriptions_account_id")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["billing_plans.id"], name=op.f("fk_billing_subscriptions_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_subscriptions")),
    )
    op.create_index("ix_billing_subscriptions_account_id", "billing_subscriptions", ["account_id"], unique=False)
    op.create_index(
        "ix_billing_subscriptions_ask_at",
        "billing_subscriptions",
        ["ask_at"],
        unique=False,
        postgresql_where="ask_at IS NOT NULL",
    )
    op.create_index(
        "ix_billing_subscriptions_bonus_at",
        "billing_subscriptions",
        ["bonus_at"],
        unique=False,
        postgresql_where="bonus_at IS NOT NULL",
    )
    op.create_index(
        "ix_billing_subscriptions_end_at",
        "billing_subscriptions",
        ["end_at"],
        unique=False,
        postgresql_where="end_at IS NOT NULL",
    )
    op.create_index(
        "ix_billing_subscriptions_remind_at",
        "billing_subscriptions",
        ["remind_at"],
        unique=False,
        postgresql_where="remind_at IS NOT NULL",
    )
    op.create_index(
        "ix_billing_subscriptions_renew_at",
        "billing_subscriptions",
        ["renew_at"],
        unique=False,
        postgresql_where="renew_at IS NOT NULL",
    )
    op.create_table(
        "billing_invoices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("charge_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'paid', 'void', 'uncollectible')", name=op.f("ck_billing_invoices_status")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["billing_subscriptions.id"], name=op.f("fk_billing_invoices_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_invoices")),
        sa.UniqueConstraint("number", name=op.f("uq_billing_invoices_number")),
        sa.UniqueConstraint(
            "subscription_id", "period_start", name=op.f("uq_billing_invoices_subscription_id_period_start")
        ),
    )
    op.create_index(
        "ix_billing_invoices_charge_at",
        "billing_invoices",
        ["charge_at"],
        unique=False,
        postgresql_where="charge_at IS NOT NULL",
    )
    op.create_index(
        "ix_billing_invoices_give_up_at",
        "billing_invoices",
        ["give_up_at"],
        unique=False,
        postgresql_where="give_up_at IS NOT NULL",
    )
    op.create_table(
        "billing_bonuses",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["invoice_id"], ["billing_invoices.id"], name=op.f("fk_billing_bonuses_invoice_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["billing_subscriptions.id"], name=op.f("fk_billing_bonuses_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_bonuses")),
        sa.UniqueConstraint("subscription_id", "months", name=op.f("uq_billing_bonuses_subscription_id_months")),
    )
    op.create_table(
        "billing_invoice_lines",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('plan', 'bonus')", name=op.f("ck_billing_invoice_lines_kind")),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["billing_invoices.id"], name=op.f("fk_billing_invoice_lines_invoice_id")
        ),
        sa.PrimaryKeyConstraint("invoice_id", "position", name=op.f("pk_billing_invoice_lines")),
    )
    op.create_table(
        "billing_payments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('approved', 'declined')", name=op.f("ck_billing_payments_status")),
        sa.CheckConstraint("via IN ('schedule', 'customer')", name=op.f("ck_billing_payments_via")),
        sa.ForeignKeyConstraint(["invoice_id"], ["billing_invoices.id"], name=op.f("fk_billing_payments_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_payments")),
        sa.UniqueConstraint("invoice_id", "number", name=op.f("uq_billing_payments_invoice_id_number")),
    )
    op.create_index(
        "uq_billing_payments_approved",
        "billing_payments",
        ["invoice_id"],
        unique=True,
        postgresql_where="status = 'approved'",
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("uq_billing_payments_approved", table_name="billing_payments", postgresql_where="status = 'approved'")
    op.drop_table("billing_payments")
    op.drop_table("billing_invoice_lines")
    op.drop_table("billing_bonuses")
    op.drop_index(
        "ix_billing_invoices_give_up_at", table_name="billing_invoices", postgresql_where="give_up_at IS NOT NULL"
    )
    op.drop_index(
        "ix_billing_invoices_charge_at", table_name="billing_invoices", postgresql_where="charge_at IS NOT NULL"
    )
    op.drop_table("billing_invoices")
    op.drop_index(
        "ix_billing_subscriptions_renew_at", table_name="billing_subscriptions", postgresql_where="renew_at IS NOT NULL"
    )
    op.drop_index(
        "ix_billing_subscriptions_remind_at",
        table_name="billing_subscriptions",
        postgresql_where="remind_at IS NOT NULL",
    )
    op.drop_index(
        "ix_billing_subscriptions_end_at", table_name="billing_subscriptions", postgresql_where="end_at IS NOT NULL"
    )
    op.drop_index(
        "ix_billing_subscriptions_bonus_at", table_name="billing_subscriptions", postgresql_where="bonus_at IS NOT NULL"
    )
    op.drop_index(
        "ix_billing_subscriptions_ask_at", table_name="billing_subscriptions", postgresql_where="ask_at IS NOT NULL"
    )
    op.drop_index("ix_billing_subscriptions_account_id", table_name="billing_subscriptions")
    op.drop_table("billing_subscriptions")
    op.drop_index(
        "uq_billing_payment_methods_on_file",
        table_name="billing_payment_methods",
        postgresql_where="replaced_at IS NULL",
    )
    op.drop_table("billing_payment_methods")
    op.drop_table("billing_plans")
    op.drop_table("billing_invoice_numbers")
    op.drop_table("billing_accounts")
