"""Every number of the rules that the business may change: one name, one unit, one reason each.

Other modules import these names; a number that decides something about a customer stands nowhere else.
`tests/rules/test_terms.py` holds this file to that: every name is used by a rule and stands in a boundary table.
"""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

# --- dates -------------------------------------------------------------------------------------------------
BUSINESS_ZONE = ZoneInfo("Europe/Rome")  # default of the setting TIMEZONE: where calendar days are counted
GRACE_DAYS = 10  # calendar days after E in which a platform can still be renewed
GRACE_EXTENSION_MOST = 30  # calendar days after E+10 for which a recorded exception keeps a platform renewable at most
RENEW_FROM_DAYS = 90  # days before E from which the next term may be bought: one cycle of notices
TRIAL_DAYS = 30  # calendar days of a trial, the first one included: E = start + 29
CARD_CONFIRMATION = timedelta(hours=24)  # a card payment begun inside the grace may be confirmed this much later
TRANSFER_CONFIRMATION_BANK_DAYS = 5  # bank working days staff have to confirm a transfer whose value date was inside

# --- reminders: days before (negative) or after (positive) E -----------------------------------------------
REMINDER_DAYS = (-90, -30, -15, -7, -1, 0, 1, 5, 8, 10)  # E+1 is the first day of grace, E+10 the last
EXTENDED_GRACE_REMINDER_DAYS = (-2, 0)  # days from the last day of a grace that is longer than usual
YEARLY_ONLY_REMINDER_DAYS = (-90,)  # too early for a term shorter than a year
YEARLY_TERM_MONTHS = 12  # a term of at least this many months is yearly
CREDIT_REMINDER_DAYS = (60, 30, 7, 1)  # days before the last day of a lot

# --- deletion ----------------------------------------------------------------------------------------------
PURGE_DELAY = timedelta(hours=24)  # between the mark and the first row that goes: for a hold that comes late

# --- nights ------------------------------------------------------------------------------------------------
NIGHT_FROM = time(4)  # business time from which the night of a day is worked: the day has begun in UTC too
NIGHTS_MADE_UP = 31  # days back for which missed nights are made up: a month in which no worker ran
PAYMENTS_ASKED_FOR = timedelta(days=30)  # how long a provider is asked every night how a payment ended

# --- how long rows stay that nobody needs any more ---------------------------------------------------------
OUTBOX_KEPT = timedelta(days=90)  # of a mail or task that is done: support may be asked whether a mail has left
LINKS_KEPT = timedelta(days=120)  # of a mailed link past its end: longer than its mail, and old mails get a true answer
HALFWAY_LINKS_KEPT = timedelta(days=1)  # of a step past its end that waited in one browser and was never mailed
SESSIONS_KEPT = timedelta(days=90)  # of a session that has ended: long enough to be asked about it
SESSIONS_LISTED = 10  # sessions that have ended, the newest of a person: they are shown, and stay whatever their age
EMAIL_CHANGES_KEPT = timedelta(days=365)  # of a confirmed change of the address: a take-over may be told late
WINDOWS_KEPT = timedelta(days=2)  # of a counted request: longer than any window in which requests are counted
FAILURES_KEPT = timedelta(days=365)  # of failures in a row without a new one: slower guessing gets nowhere
NIGHTS_KEPT = 400  # days of the record of the nights: one year can be laid beside another

# --- credits -----------------------------------------------------------------------------------------------
SMS_ONLY_LOT_MONTHS = 24  # life of a lot on a platform without e-mail, through the whole last day
SMS_ONLY_DORMANT_MONTHS = 12  # without credits and without sign-in: then due for deletion
SMS_ONLY_NOTICE_DAYS = (60, 30, 7, 1)  # days before a dormant platform becomes due for deletion

# --- seats, quotes, orders ---------------------------------------------------------------------------------
INCLUDED_SEATS = 1  # every platform has its first administrator
MOST_ADDITIONAL = 1_000  # additional administrators in one order: more is a slip of the keyboard
QUOTE_LIFE = timedelta(minutes=30)  # how long a price stands still while somebody decides
ORDER_LIFE = timedelta(hours=24)  # how long an order waits for its payment
TRANSFER_ORDER_DAYS = 30  # calendar days after the order for which it waits for a bank transfer
ITALIAN_VAT_PERMILLE = 220  # 22 %, in thousandths so that no rate needs a float

# --- sessions ----------------------------------------------------------------------------------------------
IDLE_TIMEOUT = timedelta(minutes=30)  # default of IDLE_TIMEOUT_SECONDS; 29:59 is in, 30:00 is out
IDLE_WARNING = timedelta(minutes=2)  # how long before the time-out the person is warned
SESSION_LIFE = timedelta(hours=12)  # absolute, whatever the activity
REAUTHENTICATION_LIFE = timedelta(minutes=10)  # how long a repeated password counts for sensitive acts
ACTIVITY_WRITE_INTERVAL = timedelta(seconds=60)  # the session row may lag the signed cookie by this much

# --- throttle ----------------------------------------------------------------------------------------------
SIGN_IN_FAILURES = 5  # failures of one user name inside the window before it has to wait
SIGN_IN_WINDOW = timedelta(minutes=5)
SIGN_IN_FIRST_WAIT = timedelta(seconds=30)  # doubled by every further failure
SIGN_IN_LONGEST_WAIT = timedelta(minutes=15)  # never a permanent lock-out
SIGN_IN_CALM = timedelta(hours=1)  # without a failure for this long, the waits start from the first again
SIGN_IN_NETWORK_FAILURES = 20  # failures of one client network inside the window
FORCED_RESET_FAILURES = 100  # failures in a row, however slow, after which only a reset lets in
NETWORK_PREFIX_V4 = 24  # bits of an IPv4 address that make a client network
NETWORK_PREFIX_V6 = 64  # bits of an IPv6 address that make a client network

# --- recovery ----------------------------------------------------------------------------------------------
RECOVERY_MAILS_PER_ACCOUNT = 5  # recovery mails to one account inside the window
RECOVERY_ACCOUNT_WINDOW = timedelta(days=1)
RECOVERY_REQUESTS_PER_NETWORK = 20  # recovery requests of one client network inside the window
RECOVERY_NETWORK_WINDOW = timedelta(hours=1)
RESET_LINK_LIFE = timedelta(minutes=60)  # asked for by the person
SUPPORT_LINK_LIFE = timedelta(hours=24)  # sent by staff, who may be on the phone about it
INVITATION_LIFE = timedelta(days=7)
EMAIL_CHANGE_LIFE = timedelta(hours=24)
EMAIL_CHANGE_UNDO = timedelta(days=7)
TAKE_OVER_LIFE = timedelta(minutes=5)  # how long a proven password waits at the take-over question
DRAFT_LIFE = timedelta(hours=24)  # how long a half-filled form waits for its owner to sign in again

# --- trial -------------------------------------------------------------------------------------------------
TRIAL_LINK_LIFE = timedelta(hours=24)  # the link that confirms the address and starts the trial
TRIAL_MAILS_PER_ADDRESS = 3  # mails about a trial to one address inside the window: anybody may type it
TRIAL_ADDRESS_WINDOW = timedelta(days=1)
TRIAL_REQUESTS_PER_NETWORK = 10  # requests for a trial of one client network inside the window
TRIAL_NETWORK_WINDOW = timedelta(hours=1)

# --- passwords ---------------------------------------------------------------------------------------------
PASSWORD_MIN = 15  # characters, where the password is the only factor
PASSWORD_MIN_SECOND_FACTOR = 8  # characters, where a second factor is on
PASSWORD_MAX = 256  # characters
PASSWORD_MAX_BYTES = 4096  # of UTF-8, so that a hash never chews on more
PASSWORD_CONTEXT_WORD_MIN = 4  # characters: a shorter name (m12, ann) stands by chance in many a sentence

# --- second factors ----------------------------------------------------------------------------------------
CODE_DIGITS = 6  # of a code of an authenticator app
CODE_PERIOD = timedelta(seconds=30)  # how long the app shows a code
CODE_TOLERANCE = timedelta(seconds=10)  # how much before and after that it counts: clocks differ, fingers are slow
APP_SETUP_LIFE = timedelta(minutes=30)  # how long a new app waits for its first code: time to install one
SECOND_FACTOR_LIFE = timedelta(minutes=5)  # how long a proven password waits for the second factor
RECOVERY_CODES = 10  # in a set
RECOVERY_CODE_LENGTH = 10  # characters of 31: 49 bits
PASSKEYS_MAX = 10  # of a person
PASSKEY_LIFE = timedelta(minutes=5)  # how long a challenge waits for the answer of a key
PASSKEY_REQUESTS_PER_NETWORK = 60  # sign-ins by a passkey alone that one client network begins inside the window
PASSKEY_NETWORK_WINDOW = timedelta(minutes=5)  # an office may come in at nine, but nobody fills a table
FACTOR_REMOVAL_WAIT = timedelta(hours=72)  # between staff asking that lost factors be taken off, and it happening

# --- devices -----------------------------------------------------------------------------------------------
DEVICE_COOKIE_LIFE = timedelta(days=400)  # the longest that browsers keep a cookie
NOT_ME_LIFE = timedelta(days=7)  # how long the link in the notice of a new device says "this was not me"
KNOWN_DEVICES_MAX = 20  # of a person, the ones used last: more than anybody has
ALARM_MAILS = 1  # of one kind to one person about guessed passwords or codes, inside the window
ALARM_WINDOW = timedelta(days=1)

# --- user names --------------------------------------------------------------------------------------------
PLATFORM_DIGITS = 9  # longest platform ID
SUFFIX_LENGTH = 32  # longest name after the dash, its first character included
MOVED_IN_ID_MAX = 899_999_999  # largest platform ID of an import: trials take the numbers after it, and need some

# --- exports -----------------------------------------------------------------------------------------------
EXPORT_LIFE = timedelta(days=7)  # how long a finished export can be downloaded
EXPORTS_PER_PLATFORM = 3  # exports of a platform that may be asked for inside the window
EXPORT_WINDOW = timedelta(days=1)

# --- staff -------------------------------------------------------------------------------------------------
REASON_MIN = 4  # characters of the reason for an act: a ticket's number has as many
TRANSFER_APPROVAL = 100_000  # cents: more than this is taken by two people
CREDITS_APPROVAL = 10_000  # SMS credits: more than this are given by two people
APPROVAL_LIFE = timedelta(hours=24)  # how long what was asked for waits for a second person
STAFF_INVITATION_LIFE = timedelta(hours=24)  # the link with which one of the staff sets the first password
VIEW_LIFE = timedelta(minutes=15)  # how long a customer lets the staff look at the pages: a call, not a day

# --- support -----------------------------------------------------------------------------------------------
SUPPORT_WINDOWS = ((time(9), time(13)), (time(14), time(18)))  # working hours of a working day, business zone
TAKEN_IN_CHARGE_HOURS = 4  # working hours until a ticket is taken in charge
SOLVED_FIRST_LEVEL_DAYS = 1  # working days
SOLVED_SECOND_LEVEL_DAYS = 4  # working days
CALL_BACK_HOURS = (2, 4)  # working hours, premium: called back not before, not after
ROUND_THE_CLOCK_RESPONSE = timedelta(hours=24)  # ticket-style support, all days
CONTACTS_MAX = 50  # contacts of a platform, all kinds together: an office, not a mailing list
PIN_DIGITS = 6
PIN_LIFE = timedelta(minutes=15)
