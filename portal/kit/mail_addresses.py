"""E-mail addresses, in the one form in which they are kept."""


def read(typed: str) -> str:
    """An address that could exist; no look-up in the DNS, so that an answer never depends on somebody's servers.

    Raises ValueError with the reason, in English.

    >>> read("Anna@EXAMPLE.com")
    'Anna@example.com'
    """
    from email_validator import validate_email  # here: it makes patterns for 20 ms, for which no server's start waits

    return validate_email(typed, check_deliverability=False, allow_smtputf8=False).normalized
