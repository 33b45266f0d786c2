"""A small, true billing core: customers, plans, subscriptions, invoices, payments, dunning and loyalty."""
