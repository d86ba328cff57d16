"""Orders, payments, invoices, billing data: what is bought, what was paid for it, and what the payment causes."""
