"""The rules of passwords, asked with what is known of the person."""

from portal.accounts.queries import Administrator
from portal.rules import passwords as rules


def prepared(typed: str) -> str:
    """What is hashed for a typed password. Nothing that could have been set becomes "", which matches nobody."""
    found = rules.prepare(typed)
    return found.normalised if isinstance(found, rules.Accepted) else ""


def judge(
    typed: str, person: Administrator, *, brand: str, company: str, second_factor: bool = False
) -> rules.Accepted | rules.Refused:
    """Whether `typed` may become this person's password; beside a second factor it may be shorter."""
    return rules.judge(
        typed,
        username=person.username,
        email=person.email,
        brand=[brand],
        company=company,
        second_factor=second_factor,
        common=rules.common_passwords(),
    )
