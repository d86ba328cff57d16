"""What each mail is about, in a few words: for whoever asks which ones were sent. By the name of its templates."""

from babel.support import LazyProxy

from portal.kit.texts import lazy_gettext as _l

LETTERS: dict[str, LazyProxy] = {
    "administrator_added": _l("An administrator was added"),
    "administrator_disabled": _l("A user name was disabled"),
    "cancellation_confirmed": _l("Cancelled: what follows, and when"),
    "cancellation_undone": _l("The cancellation is undone"),
    "cancelled_reminder": _l("Reminder: cancelled, the end comes near"),
    "credits_granted": _l("SMS credits given by us"),
    "credits_reminder": _l("Reminder: SMS credits expire"),
    "deletion_certificate": _l("The data are deleted"),
    "dormant_reminder": _l("Reminder: not used, and deleted soon"),
    "email_changed": _l("The e-mail address has changed, with the way back"),
    "email_confirm": _l("Link to confirm a new e-mail address"),
    "email_confirmed": _l("The new e-mail address counts"),
    "email_restored": _l("The former e-mail address is back"),
    "email_taken_off": _l("This address is taken off"),
    "export_asked": _l("An export was asked for"),
    "export_ready": _l("The export is ready"),
    "factor_changed": _l("Second factor added or taken off"),
    "factor_removal_asked": _l("Lost second factor: it goes unless somebody stops it"),
    "factor_removal_done": _l("Lost second factor: taken off"),
    "factor_removal_stopped": _l("Lost second factor: it stays"),
    "grace_extended": _l("Exception: renewable for longer"),
    "invitation": _l("Invitation with the link to the first password"),
    "new_device": _l("Sign-in from a new device"),
    "order_received": _l("Order received"),
    "password_known": _l("Somebody knows the password, and not the second factor"),
    "password_set": _l("The password was set"),
    "payment_failed": _l("The payment did not go through"),
    "payment_not_used": _l("The payment could not be used"),
    "payment_received": _l("Paid, with the invoice"),
    "payment_short": _l("Money is still missing"),
    "reset_link": _l("Link to set a new password"),
    "second_factor_demanded": _l("A second factor is demanded"),
    "sign_in_trouble": _l("Somebody guesses the password"),
    "staff_factor_forgotten": _l("Staff: second factor taken off"),
    "staff_invitation": _l("Staff: link to set the password"),
    "staff_password_set": _l("Staff: the password was set"),
    "taken_back": _l("Signed out everywhere: set a new password"),
    "term_reminder": _l("Reminder: the subscription expires"),
    "transfer_awaited": _l("Bank transfer: where to, and how much"),
    "trial_confirm": _l("Trial: link to confirm the address"),
    "trial_known": _l("Trial: there is one already"),
    "trial_ready": _l("Trial: it is ready"),
    "trial_reminder": _l("Reminder: the trial ends"),
    "user_names": _l("The user names"),
    "view_allowed": _l("Our support may look at the pages"),
    "view_begun": _l("Our support looks at the pages"),
}


def letter(name: str) -> str:
    """What the mail is about; its name for one of an earlier version."""
    return str(LETTERS.get(name, name))
