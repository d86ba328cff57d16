"""One sentence for each tag of every `events.py`, with its kind and who does such a thing as a rule."""

from dataclasses import dataclass
from enum import StrEnum

from babel.support import LazyProxy

from portal.kit.texts import lazy_gettext as _l
from portal.rules.staff import SeenPage


class Kind(StrEnum):
    """What the list can be narrowed to."""

    SECURITY = "security"
    PEOPLE = "people"
    SUBSCRIPTION = "subscription"
    ORDERS = "orders"
    CONTACTS = "contacts"


class By(StrEnum):
    """Who does something as a rule; the details may name somebody else."""

    PERSON = "person"  # whom the event is about
    STRANGER = "stranger"
    STAFF = "staff"
    PAYMENT = "payment"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class Told:
    """How an event is told. plain: where the details lack what the text names."""

    kind: Kind
    text: LazyProxy
    plain: LazyProxy | None = None
    by: By = By.PERSON


KIND_NAMES = {
    Kind.SECURITY: _l("Sign-in and security"),
    Kind.PEOPLE: _l("People"),
    Kind.SUBSCRIPTION: _l("Subscription"),
    Kind.ORDERS: _l("Orders and invoices"),
    Kind.CONTACTS: _l("Contacts"),
}
SENTENCES = {
    "accounts.signed_in": Told(Kind.SECURITY, _l("Signed in.")),
    "accounts.signed_out": Told(Kind.SECURITY, _l("Signed out.")),
    "accounts.taken_over": Told(Kind.SECURITY, _l("Signed in, and ended the session that was open elsewhere.")),
    "accounts.reset_link_sent": Told(
        Kind.SECURITY,
        _l("A link to set a new password was mailed to %(username)s."),
        _l("A link to set a new password was mailed."),
    ),
    "accounts.reset_disowned": Told(
        Kind.SECURITY,
        _l("The link to set a new password for %(username)s was withdrawn: nobody there had asked for it."),
        _l("A link to set a new password was withdrawn: nobody there had asked for it."),
        By.STRANGER,
    ),
    "accounts.password_set": Told(Kind.SECURITY, _l("Set a new password.")),
    "accounts.user_names_sent": Told(
        Kind.SECURITY,
        _l("The user names of the address of %(username)s were mailed to it."),
        _l("The user names of an address were mailed to it."),
        By.STRANGER,
    ),
    "accounts.administrator_created": Told(
        Kind.PEOPLE, _l("%(username)s became an administrator."), _l("Somebody became an administrator.")
    ),
    "accounts.administrator_invited_again": Told(
        Kind.PEOPLE, _l("%(username)s was invited again."), _l("An administrator was invited again.")
    ),
    "accounts.administrator_enabled": Told(
        Kind.PEOPLE, _l("%(username)s was let in again, by a new invitation."), _l("An administrator was let in again.")
    ),
    "accounts.administrator_disabled": Told(
        Kind.PEOPLE, _l("%(username)s can no longer sign in."), _l("An administrator can no longer sign in.")
    ),
    "accounts.session_ended": Told(
        Kind.SECURITY, _l("%(username)s was signed out."), _l("Somebody was signed out."), By.STAFF
    ),
    "accounts.profile_changed": Told(Kind.PEOPLE, _l("Changed the own name or language.")),
    "accounts.email_change_asked": Told(Kind.SECURITY, _l("Asked to change the own e-mail address.")),
    "accounts.email_changed": Told(Kind.SECURITY, _l("Confirmed the new e-mail address.")),
    "accounts.email_change_undone": Told(
        Kind.SECURITY,
        _l("The change of the e-mail address of %(username)s was undone."),
        _l("The change of an e-mail address was undone."),
        By.STRANGER,
    ),
    "accounts.app_added": Told(Kind.SECURITY, _l("Added an authenticator app as second factor.")),
    "accounts.app_moved": Told(Kind.SECURITY, _l("Moved the authenticator app to another device.")),
    "accounts.app_removed": Told(Kind.SECURITY, _l("Took the authenticator app off.")),
    "accounts.passkey_added": Told(Kind.SECURITY, _l("Added a passkey.")),
    "accounts.passkey_removed": Told(Kind.SECURITY, _l("Took a passkey off.")),
    "accounts.recovery_codes_made": Told(Kind.SECURITY, _l("Made new recovery codes.")),
    "accounts.recovery_code_used": Told(Kind.SECURITY, _l("Used a recovery code.")),
    "accounts.factors_removed": Told(
        Kind.SECURITY,
        _l("The second factors of %(username)s were taken off."),
        _l("Somebody's second factors were taken off."),
        By.STAFF,
    ),
    "accounts.new_factors_removed": Told(
        Kind.SECURITY,
        _l("The second factors that %(username)s got since the e-mail address was changed were taken off."),
        _l("Second factors that were added since an e-mail address was changed were taken off."),
        By.STRANGER,
    ),
    "accounts.factor_removal_asked": Told(
        Kind.SECURITY,
        _l("It was asked that the lost second factors of %(username)s be taken off."),
        _l("It was asked that lost second factors be taken off."),
        By.STAFF,
    ),
    "accounts.factor_removal_stopped": Told(
        Kind.SECURITY,
        _l("The second factors of %(username)s stay: taking them off was stopped."),
        _l("Somebody's second factors stay: taking them off was stopped."),
    ),
    "accounts.factors_taken_back": Told(
        Kind.SECURITY,
        _l("The second factors that %(username)s got since a sign-in that was somebody else's were taken off."),
        _l("Second factors that were added since a sign-in that was somebody else's were taken off."),
        By.STRANGER,
    ),
    "accounts.devices_forgotten": Told(Kind.SECURITY, _l("Had the portal forget the other browsers it knew.")),
    "accounts.sign_in_trouble": Told(
        Kind.SECURITY,
        _l("Somebody guessed the password of %(username)s, many times and in vain."),
        _l("Somebody guessed a password, many times and in vain."),
        By.STRANGER,
    ),
    "accounts.password_known": Told(
        Kind.SECURITY,
        _l("Somebody knew the password of %(username)s, but not the second factor."),
        _l("Somebody knew a password, but not the second factor."),
        By.STRANGER,
    ),
    "accounts.not_me": Told(
        Kind.SECURITY,
        _l("A sign-in as %(username)s was reported as somebody else's: everybody was signed out."),
        _l("A sign-in was reported as somebody else's: everybody was signed out."),
        By.STRANGER,
    ),
    "accounts.view_allowed": Told(Kind.SECURITY, _l("Let our staff look at the own pages for a while.")),
    "accounts.view_ended": Told(
        Kind.SECURITY,
        _l("Our staff can no longer look at the pages of %(username)s."),
        _l("Our staff can no longer look at somebody's pages."),
    ),
    "accounts.view_begun": Told(
        Kind.SECURITY,
        _l("Our staff began to look at the portal as %(username)s sees it."),
        _l("Our staff began to look at the portal as somebody sees it."),
        By.STAFF,
    ),
    "accounts.page_seen": Told(
        Kind.SECURITY,
        _l("Our staff looked as %(username)s at: %(page)s"),
        _l("Our staff looked at a page as somebody sees it."),
        By.STAFF,
    ),
    "subscription.second_factor_demanded": Told(
        Kind.SECURITY, _l("From now on nobody comes in without a second factor.")
    ),
    "subscription.second_factor_left_free": Told(Kind.SECURITY, _l("A second factor is everybody's own choice again.")),
    "staff.signed_in": Told(Kind.SECURITY, _l("Came to the desk."), by=By.STAFF),
    "staff.signed_out": Told(Kind.SECURITY, _l("Left the desk."), by=By.STAFF),
    "staff.password_set": Told(Kind.SECURITY, _l("Set a new password for the desk."), by=By.STAFF),
    "staff.app_added": Told(Kind.SECURITY, _l("Added an authenticator app for the desk."), by=By.STAFF),
    "staff.app_forgotten": Told(Kind.SECURITY, _l("A second factor for the desk was taken off."), by=By.STAFF),
    "staff.member_created": Told(Kind.PEOPLE, _l("Somebody may come to the desk."), by=By.STAFF),
    "staff.member_disabled": Told(Kind.PEOPLE, _l("Somebody comes to the desk no more."), by=By.STAFF),
    "subscription.platform_created": Told(Kind.SUBSCRIPTION, _l("The platform was created."), by=By.PORTAL),
    "subscription.moved_in": Told(Kind.SUBSCRIPTION, _l("Moved in from the former system."), by=By.STAFF),
    "subscription.seat_granted": Told(Kind.PEOPLE, _l("A seat for one more administrator was granted."), by=By.STAFF),
    "subscription.cancelled": Told(Kind.SUBSCRIPTION, _l("The subscription was cancelled."), by=By.PORTAL),
    "subscription.cancellation_undone": Told(Kind.SUBSCRIPTION, _l("The cancellation was undone."), by=By.PORTAL),
    "subscription.edition_planned": Told(
        Kind.SUBSCRIPTION,
        _l("The edition %(edition)s was chosen for the next term."),
        _l("Another edition was chosen for the next term."),
    ),
    "subscription.edition_plan_undone": Told(
        Kind.SUBSCRIPTION, _l("The edition chosen for the next term was taken back.")
    ),
    "subscription.seats_reduced": Told(
        Kind.PEOPLE,
        _l("From %(day)s there are fewer seats, as ordered."),
        _l("There are fewer seats, as ordered."),
        By.PORTAL,
    ),
    "subscription.trial_link_sent": Told(Kind.SUBSCRIPTION, _l("A trial was asked for."), by=By.STRANGER),
    "subscription.trial_asked_again": Told(
        Kind.SUBSCRIPTION, _l("A trial was asked for again, with the address of this one."), by=By.STRANGER
    ),
    "subscription.trial_started": Told(Kind.SUBSCRIPTION, _l("The trial began.")),
    "subscription.blocked": Told(
        Kind.SUBSCRIPTION, _l("The platform was blocked: %(reason)s"), _l("The platform was blocked."), By.STAFF
    ),
    "subscription.unblocked": Told(
        Kind.SUBSCRIPTION, _l("A block was lifted: %(reason)s"), _l("A block was lifted."), By.STAFF
    ),
    "subscription.grace_extended": Told(
        Kind.SUBSCRIPTION,
        _l("The last day to renew or to purchase was moved to %(day)s."),
        _l("The last day to renew or to purchase was moved."),
        By.STAFF,
    ),
    "subscription.purge_marked": Told(
        Kind.SUBSCRIPTION, _l("The time to renew is over: the data are going to be deleted."), by=By.PORTAL
    ),
    "subscription.purge_stopped": Told(
        Kind.SUBSCRIPTION, _l("The data are not going to be deleted now."), by=By.PORTAL
    ),
    "subscription.purged": Told(Kind.SUBSCRIPTION, _l("The data were deleted."), by=By.PORTAL),
    "subscription.export_asked": Told(Kind.SECURITY, _l("Asked for an export of everything on the platform.")),
    "subscription.export_ready": Told(
        Kind.SECURITY,
        _l("The export that %(username)s had asked for is ready."),
        _l("An export is ready."),
        By.PORTAL,
    ),
    "subscription.export_failed": Told(
        Kind.SECURITY,
        _l("The export that %(username)s had asked for could not be made."),
        _l("An export could not be made."),
        By.PORTAL,
    ),
    "subscription.export_downloaded": Told(Kind.SECURITY, _l("Downloaded an export of the platform.")),
    "subscription.legal_hold": Told(
        Kind.SUBSCRIPTION, _l("For a legal reason the data are kept from being deleted."), by=By.STAFF
    ),
    "subscription.legal_hold_released": Told(
        Kind.SUBSCRIPTION, _l("The legal reason to keep the data from being deleted is gone."), by=By.STAFF
    ),
    "billing.data_changed": Told(Kind.ORDERS, _l("The billing data were changed.")),
    "billing.payment_method_changed": Told(Kind.ORDERS, _l("The payment method was changed.")),
    "billing.order_placed": Told(Kind.ORDERS, _l("Order %(order)s was placed."), _l("An order was placed.")),
    "billing.order_cancelled": Told(Kind.ORDERS, _l("Order %(order)s was taken back."), _l("An order was taken back.")),
    "billing.order_delivered": Told(
        Kind.ORDERS, _l("What order %(order)s bought was switched on."), _l("An order was switched on."), By.PORTAL
    ),
    "billing.payment_received": Told(
        Kind.ORDERS, _l("Money for order %(order)s arrived."), _l("Money arrived."), By.PAYMENT
    ),
    "billing.payment_failed": Told(
        Kind.ORDERS,
        _l("A payment of order %(order)s did not go through."),
        _l("A payment did not go through."),
        By.PAYMENT,
    ),
    "billing.staff_asked": Told(
        Kind.ORDERS,
        _l("Our staff were asked to look at the money for order %(order)s."),
        _l("Our staff were asked to look at a payment."),
        By.PORTAL,
    ),
    "billing.credit_note_issued": Told(
        Kind.ORDERS,
        _l("Credit note %(credit_note)s of %(amount)s was issued for invoice %(invoice)s."),
        _l("A credit note was issued."),
        By.STAFF,
    ),
    "desk.transfer_taken": Told(
        Kind.ORDERS,
        _l("A bank transfer of %(amount)s was taken for order %(order)s."),
        _l("A bank transfer was taken."),
        By.STAFF,
    ),
    "desk.money_given_back": Told(
        Kind.ORDERS,
        _l("Of the money that had arrived, %(amount)s were given back."),
        _l("Money that had arrived was given back."),
        By.STAFF,
    ),
    "desk.money_kept": Told(
        Kind.ORDERS,
        _l("Of the money that had arrived, %(amount)s stay with us."),
        _l("Money that had arrived stays with us."),
        By.STAFF,
    ),
    "desk.money_settled": Told(
        Kind.ORDERS,
        _l("Our staff have looked at %(amount)s that had arrived."),
        _l("Our staff have looked at money that had arrived."),
        By.STAFF,
    ),
    "desk.credits_granted": Told(
        Kind.ORDERS, _l("SMS credits were given: %(credits)s."), _l("SMS credits were given."), By.STAFF
    ),
    "support.contact_added": Told(Kind.CONTACTS, _l("A contact was added.")),
    "support.contact_changed": Told(Kind.CONTACTS, _l("A contact was changed.")),
    "support.contact_removed": Told(Kind.CONTACTS, _l("A contact was removed.")),
}
SEEN_PAGES = {
    SeenPage.SUBSCRIPTION: _l("My subscription"),
    SeenPage.BUY: _l("Buy"),
    SeenPage.RENEW: _l("Renew the subscription"),
    SeenPage.PURCHASE: _l("Purchase the platform"),
    SeenPage.BUY_ADMINISTRATORS: _l("Additional administrators"),
    SeenPage.BUY_CREDITS: _l("Buy SMS credits"),
    SeenPage.EDITION: _l("Change the edition"),
    SeenPage.CANCEL: _l("Cancel the subscription"),
    SeenPage.CREDITS: _l("SMS credits"),
    SeenPage.ADMINISTRATORS: _l("Administrators"),
    SeenPage.CONTACTS: _l("Contacts"),
    SeenPage.BILLING: _l("Billing data"),
    SeenPage.INVOICES: _l("Invoices"),
    SeenPage.INVOICE: _l("an invoice"),
    SeenPage.INVOICE_FILE: _l("an invoice as PDF"),
    SeenPage.ORDER: _l("an order"),
    SeenPage.ACTIVITY: _l("Activity"),
}
