"""What goes of the staff's work when a platform is purged: what was asked for and allowed about it."""

from portal.kit.erasing import Step
from portal.staff.tables import approvals, view_permissions

STEPS = (
    Step("approvals", approvals, lambda platform_id: approvals.c.platform_id == platform_id),
    Step("view_permissions", view_permissions, lambda platform_id: view_permissions.c.platform_id == platform_id),
)
