"""What goes of the support when a platform is purged."""

from portal.kit.erasing import Step
from portal.support.tables import contacts

STEPS = (Step("contacts", contacts, lambda platform_id: contacts.c.platform_id == platform_id),)
