"""Settings: read once, typed, and every fault told at once with its remedy."""

import json
import logging
import pickle
import stat
import threading
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from portal.kit.db import Database
from portal.setting_values import EXAMPLE_PRICES, Secret
from portal.settings import NAMES, Settings, SettingsError, load

KEY = "Zq7-not-a-real-one-but-long-and-mixed-0123456789"
OLDER = "Ab3-another-one-that-was-in-use-before-987654321"
HIDDEN = "s3cr3t-hidden-words"
SELLER = {
    "SELLER_NAME": "Posta Chiara S.r.l.",
    "SELLER_STREET": "Via Roma 1",
    "SELLER_POSTCODE": "20121",
    "SELLER_CITY": "Milano",
    "SELLER_PROVINCE": "MI",
    "SELLER_VAT_NUMBER": "00743110157",
}
PRICES = {"PRICE_LIST": str(EXAMPLE_PRICES)}
SECURE = {"PUBLIC_URL": "https://portal.example.com", "SUPPORT_EMAIL": "help@example.com"} | SELLER | PRICES


def loaded(folder: Path, **environ: str) -> Settings:
    given = {"INSTANCE_PATH": str(folder), "SECRET_KEY": KEY} | environ
    return load({f"PORTAL_{name}": value for name, value in given.items()})


def faults(folder: Path, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        loaded(folder, **environ)
    return caught.value.faults


def write(folder: Path, text: str) -> None:
    (folder / "config.toml").write_text(text, "utf-8")


def test_a_key_is_all_that_has_to_be_given(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert found.database_url == f"sqlite:///{tmp_path / 'portal.db'}"
    assert found.idle_timeout_seconds == timedelta(minutes=30)
    assert found.timezone == ZoneInfo("Europe/Rome")
    assert found.throttle


def test_every_fault_is_listed_at_once_each_with_its_name(tmp_path: Path) -> None:
    write(tmp_path, 'colour = "red"\n')
    found = faults(
        tmp_path,
        SECRET_KEY="short",
        MAIL_SERVER="mail.example.com",
        MAIL_PORT="0",
        PUBLIC_URL="portal.example.com",
        TIMEZONE="Europe/Roma",
        THROTTLE="perhaps",
        SUPPORT_EMAIL="nobody",
        DATABASE_URL="mysql://host/name",
    )
    named = {fault.split()[0] for fault in found}
    assert named == {
        "PORTAL_COLOUR",
        "PORTAL_SECRET_KEY",
        "PORTAL_MAIL_SERVER",
        "PORTAL_MAIL_PORT",
        "PORTAL_PUBLIC_URL",
        "PORTAL_TIMEZONE",
        "PORTAL_THROTTLE",
        "PORTAL_SUPPORT_EMAIL",
        "PORTAL_DATABASE_URL",
    }
    assert all(any(word in fault for word in ("write", "set", "make", "mend", "take")) for fault in found)


def test_the_message_of_the_exception_holds_every_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, SECRET_KEY="", MAIL_PORT="x")
    assert all(fault in str(caught.value) for fault in caught.value.faults)
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "missing"),
        ("a" * 31, "too weak"),
        ("a" * 64, "too weak"),
        ("0123456789abcdefghijklmnopqrstu", "too weak"),  # 31 characters
        ("change-me-change-me-change-me-change-me-1234567", "too weak"),
        ("My-Very-SECRET-key-that-everybody-knows-0123", "too weak"),
    ],
)
def test_a_missing_short_or_default_key_is_refused(tmp_path: Path, key: str, words: str) -> None:
    (fault,) = faults(tmp_path, SECRET_KEY=key)
    assert fault.startswith("PORTAL_SECRET_KEY")
    assert words in fault
    assert "token_urlsafe" in fault


def test_a_key_of_32_mixed_characters_is_enough(tmp_path: Path) -> None:
    key = "0123456789abcdefghijklmnopqrstuv"
    assert loaded(tmp_path, SECRET_KEY=key).keys == (key,)


def test_earlier_keys_follow_the_present_one(tmp_path: Path) -> None:
    assert loaded(tmp_path, SECRET_KEY_FALLBACKS=f"{OLDER},{OLDER[::-1]}").keys == (KEY, OLDER, OLDER[::-1])


def test_a_weak_earlier_key_is_refused_too(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, SECRET_KEY_FALLBACKS=f"{OLDER},short")
    assert fault.startswith("PORTAL_SECRET_KEY_FALLBACKS")


def test_a_fault_never_repeats_the_secret(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        SECRET_KEY=HIDDEN,
        SECRET_KEY_FALLBACKS=HIDDEN,
        DATABASE_URL=f"postgresql://portal:{HIDDEN}@host:notaport/name",
    )
    assert len(found) == 3
    assert HIDDEN not in "".join(found)


@pytest.mark.parametrize("server", ["127.0.0.1", "localhost", "::1"])
def test_plain_mail_is_accepted_on_this_machine(tmp_path: Path, server: str) -> None:
    assert loaded(tmp_path, MAIL_SERVER=server).mail_server == server


@pytest.mark.parametrize("server", ["mail.example.com", "10.0.0.1", "127.0.0.1.example.com", "localhost.example.com"])
def test_plain_mail_is_refused_on_any_other_machine(tmp_path: Path, server: str) -> None:
    (fault,) = faults(tmp_path, MAIL_SERVER=server)
    assert "PORTAL_MAIL_USE_TLS=1" in fault


@pytest.mark.parametrize("name", ["MAIL_USE_TLS", "MAIL_USE_SSL"])
def test_encrypted_mail_is_accepted_anywhere(tmp_path: Path, name: str) -> None:
    assert loaded(tmp_path, MAIL_SERVER="mail.example.com", **{name: "1"}).mail_server == "mail.example.com"


def test_two_ways_to_encrypt_mail_at_once_are_refused(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, MAIL_SERVER="mail.example.com", MAIL_USE_TLS="1", MAIL_USE_SSL="1")
    assert "exclude each other" in fault


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://portal.example.com", "https://portal.example.com"),
        ("https://portal.example.com/", "https://portal.example.com"),
        ("HTTPS://Portal.Example.com:8443", "https://portal.example.com:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_public_address_is_an_origin(tmp_path: Path, given: str, origin: str) -> None:
    assert loaded(tmp_path, **SECURE | {"PUBLIC_URL": given}).public_url == origin


@pytest.mark.parametrize(
    "given",
    [
        "",
        "portal.example.com",
        "http://portal.example.com",
        "http://127.0.0.1.example.com",
        "ftp://portal.example.com",
        "https://",
        "https://:443",
        "https://portal.example.com/portal",
        "https://portal.example.com?a=1",
        "https://portal.example.com#a",
        "https://user@portal.example.com",
        "https://portal example.com",
        "https://portal.example.com:https",
        "https://portal.example.com:99999",
        "https://[::1",
        "https://portal.example.com\\@evil.example",
        "https://-",
    ],
)
def test_what_is_no_origin_is_refused_with_an_example(tmp_path: Path, given: str) -> None:
    (fault,) = faults(tmp_path, PUBLIC_URL=given)
    assert fault.startswith("PORTAL_PUBLIC_URL is wrong: write https://host")


@pytest.mark.parametrize("given", ["Europe/Roma", "", "Europe", "../../etc/passwd", "CEST", "/etc/localtime"])
def test_an_unknown_zone_is_refused(tmp_path: Path, given: str) -> None:
    (fault,) = faults(tmp_path, TIMEZONE=given)
    assert "Europe/Rome" in fault


@pytest.mark.parametrize(("given", "meant"), [("1", True), ("TRUE", True), ("on", True), ("0", False), (" no ", False)])
def test_a_flag_is_read_as_people_write_it(tmp_path: Path, given: str, meant: bool) -> None:
    assert loaded(tmp_path, THROTTLE=given).throttle is meant


@pytest.mark.parametrize("given", ["", "2", "ja", "truee"])
def test_what_is_no_flag_is_refused(tmp_path: Path, given: str) -> None:
    (fault,) = faults(tmp_path, THROTTLE=given)
    assert fault == "PORTAL_THROTTLE is wrong: write 1 or 0."


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("MAIL_PORT", 1, 65535),
        ("TRUSTED_PROXIES", 0, 9),
        ("IDLE_TIMEOUT_SECONDS", 2, 86_400),
        ("ARGON2_MEMORY_KIB", 1024, 4_194_304),
        ("ARGON2_SIMULTANEOUS", 1, 1024),
    ],
)
def test_a_number_is_held_to_its_bounds(tmp_path: Path, name: str, low: int, high: int) -> None:
    for inside in (low, high):
        loaded(tmp_path, **{name: str(inside)})
    for outside in (low - 1, high + 1):
        (fault,) = faults(tmp_path, **{name: str(outside)})
        assert str(low) in fault
        assert str(high) in fault


@pytest.mark.parametrize("given", ["", "1.0", "1e3", "+5", "٥", "²", "0x10", "9" * 5000])
def test_what_is_no_whole_number_is_refused(tmp_path: Path, given: str) -> None:
    (fault,) = faults(tmp_path, MAIL_PORT=given)
    assert fault.startswith("PORTAL_MAIL_PORT is wrong")


@pytest.mark.parametrize(
    "given", ["", "nobody", "a@b", "a@b.it,c@d.it", "a b@c.it", "Portal <a@b.it>", "a@b@c.it", "@b.it"]
)
def test_an_address_is_exactly_one(tmp_path: Path, given: str) -> None:
    (fault,) = faults(tmp_path, SUPPORT_EMAIL=given)
    assert fault == "PORTAL_SUPPORT_EMAIL is wrong: write one e-mail address."


@pytest.mark.parametrize(
    "given",
    ["mysql://host/name", "sqlite://", "sqlite:///:memory:", "postgresql://host:port/name", "postgresql://host", "x"],
)
def test_a_database_that_is_not_ours_is_refused(tmp_path: Path, given: str) -> None:
    (fault,) = faults(tmp_path, DATABASE_URL=given)
    assert fault.startswith("PORTAL_DATABASE_URL is wrong: write sqlite:///path or postgresql+psycopg://")


@pytest.mark.parametrize(
    "given",
    ["sqlite:////var/lib/portal.db", "postgresql://portal:p%40ss@host/portal", "postgresql+psycopg://host:5433/portal"],
)
def test_the_two_databases_are_accepted(tmp_path: Path, given: str) -> None:
    assert loaded(tmp_path, DATABASE_URL=given).database_url == given


def test_an_empty_database_url_is_the_one_of_the_instance(tmp_path: Path) -> None:
    assert loaded(tmp_path, DATABASE_URL="").database_url.endswith("portal.db")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    write(tmp_path, 'brand = "From the file"\nmail_port = 2525\n')
    found = loaded(tmp_path, BRAND="From the environment")
    assert (found.brand, found.mail_port) == ("From the environment", 2525)


def test_what_is_given_in_code_wins_over_both(tmp_path: Path) -> None:
    write(tmp_path, 'brand = "From the file"\n')
    environ = {"PORTAL_SECRET_KEY": KEY, "PORTAL_BRAND": "From the environment"}
    assert load(environ, instance_path=tmp_path, brand="From the code").brand == "From the code"


def test_the_file_may_use_the_types_of_toml(tmp_path: Path) -> None:
    write(
        tmp_path,
        f'secret_key = "{KEY}"\nsecret_key_fallbacks = ["{OLDER}", "{OLDER[::-1]}"]\n'
        'mail_server = "mail.example.com"\nmail_use_tls = true\nthrottle = false\nmail_port = 587\n',
    )
    found = load({}, instance_path=tmp_path)
    assert found.mail_use_tls is True
    assert found.throttle is False
    assert found.mail_port == 587
    assert found.keys == (KEY, OLDER, OLDER[::-1])


def test_a_file_that_is_no_toml_is_a_fault_beside_the_others(tmp_path: Path) -> None:
    write(tmp_path, "brand = Portal\n")
    found = faults(tmp_path, MAIL_PORT="x")
    assert any("config.toml cannot be read" in fault for fault in found)
    assert any("PORTAL_MAIL_PORT" in fault for fault in found)


def test_the_file_cannot_say_where_it_lies(tmp_path: Path) -> None:
    write(tmp_path, 'instance_path = "/elsewhere"\n')
    (fault,) = faults(tmp_path)
    assert "PORTAL_INSTANCE_PATH" in fault


def test_an_unknown_portal_name_is_a_fault_and_any_other_is_not_ours(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, SECRET_KEYS="x")
    assert fault.startswith("PORTAL_SECRET_KEYS is not a setting")
    assert load({"PORTAL_SECRET_KEY": KEY, "SECRET_KEYS": "x"}, instance_path=tmp_path).keys == (KEY,)


def test_a_house_on_https_must_know_its_support_address(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, PUBLIC_URL="https://portal.example.com", **SELLER, **PRICES)
    assert fault.startswith("PORTAL_SUPPORT_EMAIL is missing")


def test_a_house_on_https_must_name_its_own_prices(tmp_path: Path) -> None:
    """Else somebody would sell at the example's."""
    (fault,) = faults(tmp_path, **{name: text for name, text in SECURE.items() if name != "PRICE_LIST"})
    assert fault.startswith("PORTAL_PRICE_LIST is missing")
    assert loaded(tmp_path).price_list == EXAMPLE_PRICES


def test_a_price_list_lies_in_the_instance_folder_or_where_its_whole_path_says(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(EXAMPLE_PRICES.read_text("utf-8"), "utf-8")
    assert loaded(tmp_path, PRICE_LIST="ours.toml").price_list == tmp_path / "ours.toml"
    assert loaded(tmp_path, PRICE_LIST=str(tmp_path / "ours.toml")).price_list == tmp_path / "ours.toml"
    write(tmp_path, 'price_list = "ours.toml"\n')
    assert loaded(tmp_path).price_list == tmp_path / "ours.toml"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read"),
        ("list = 480.00 EUR", "is no TOML"),
        ("x = " + "9" * 5000, "is no TOML"),
        ("x = " + "[" * 5000, "is no TOML"),
        ("", "list is missing: write at least one"),
    ],
)
def test_a_price_list_that_cannot_be_used_refuses_the_start(tmp_path: Path, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / "ours.toml").write_text(text, "utf-8")
    (fault,) = faults(tmp_path, PRICE_LIST="ours.toml")
    assert fault.startswith("PORTAL_PRICE_LIST: ")
    assert words in fault


def test_every_fault_of_a_price_list_is_told_beside_those_of_the_settings(tmp_path: Path) -> None:
    text = EXAMPLE_PRICES.read_text("utf-8").replace('"480.00"', "480.00").replace('support = "standard"', "")
    (tmp_path / "ours.toml").write_text(text, "utf-8")
    found = faults(tmp_path, PRICE_LIST="ours.toml", MAIL_PORT="x")
    assert any(fault.startswith("PORTAL_MAIL_PORT") for fault in found)
    told = [fault for fault in found if fault.startswith("PORTAL_PRICE_LIST: list ")]
    assert len(told) == 5  # one amount, and four editions without their support


@pytest.mark.parametrize("given", ["", "two\nlines"])
def test_the_path_of_a_price_list_is_one_line(tmp_path: Path, given: str) -> None:
    assert faults(tmp_path, PRICE_LIST=given) == ["PORTAL_PRICE_LIST is wrong: write the path of a file."]


@pytest.mark.parametrize("name", SELLER)
@pytest.mark.parametrize("given", [None, ""])
def test_a_house_on_https_must_know_who_sells(tmp_path: Path, name: str, given: str | None) -> None:
    """Else the example's name and number would stand on real invoices."""
    rest = {other: text for other, text in SECURE.items() if other != name}
    found = faults(tmp_path, **rest if given is None else rest | {name: given})
    assert all(fault.startswith(f"PORTAL_{name} is") for fault in found)


def test_the_seller_of_the_example_stands_in_where_nobody_pays_real_money(tmp_path: Path) -> None:
    assert loaded(tmp_path).seller_vat_number == "12345670785"


@pytest.mark.parametrize("given", ["00743110157", "IT00743110157", "IT 00743110157"])
def test_the_sellers_vat_number_is_kept_without_its_country(tmp_path: Path, given: str) -> None:
    assert loaded(tmp_path, SELLER_VAT_NUMBER=given).seller_vat_number == "00743110157"


@pytest.mark.parametrize("given", ["00743110158", "0074311015", "DE136695976", "x"])
def test_a_vat_number_with_a_slip_is_a_fault(tmp_path: Path, given: str) -> None:
    (fault,) = faults(tmp_path, SELLER_VAT_NUMBER=given)
    assert fault.startswith("PORTAL_SELLER_VAT_NUMBER is wrong: write the eleven digits")


@pytest.mark.parametrize(("given", "ok"), [("x" * 200, True), ("x" * 201, False), ("two\nlines", False)])
def test_the_sellers_name_is_one_line(tmp_path: Path, given: str, ok: bool) -> None:
    if ok:
        assert loaded(tmp_path, SELLER_NAME=given).seller_name == given
    else:
        assert faults(tmp_path, SELLER_NAME=given) == [
            "PORTAL_SELLER_NAME is wrong: write one line of at most 200 characters."
        ]


def test_the_limits_can_be_switched_off_only_on_this_machine(tmp_path: Path) -> None:
    assert not loaded(tmp_path, THROTTLE="0").throttle
    (fault,) = faults(tmp_path, THROTTLE="0", **SECURE)
    assert fault.startswith("PORTAL_THROTTLE")


def test_the_cookie_carries_the_host_prefix_where_there_is_https(tmp_path: Path) -> None:
    secure = loaded(tmp_path, **SECURE)
    assert (secure.secure, secure.cookie_name) == (True, "__Host-portal")
    assert loaded(tmp_path).cookie_name == "portal"


def test_the_settings_never_show_a_secret(tmp_path: Path) -> None:
    url = f"postgresql://portal:{HIDDEN}@host/name"
    found = loaded(tmp_path, MAIL_PASSWORD=HIDDEN, SECRET_KEY_FALLBACKS=OLDER, DATABASE_URL=url)
    for shown in (repr(found), str(found), f"{found}"):
        assert KEY not in shown
        assert OLDER not in shown
        assert HIDDEN not in shown
    assert found.mail_password.reveal() == HIDDEN


def test_no_ordinary_way_of_writing_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(HIDDEN)
    logging.getLogger("test").warning("key %s %r", secret, secret, extra={"key": secret})
    shown = [
        str(secret),
        repr(secret),
        f"{secret} {secret!s} {secret!r} {secret:>30}",
        "%s %r" % (secret, secret),  # noqa: UP031 - one of the ways
        "{} {!r}".format(secret, secret),  # noqa: UP032 - another one
        json.dumps({"key": secret}, default=str),
        str([secret]),
        str({"key": (secret,)}),
        caplog.text,
    ]
    assert [text for text in shown if HIDDEN in text] == []


def test_a_secret_is_no_text_that_could_slip_into_another() -> None:
    secret = Secret(HIDDEN)
    with pytest.raises(TypeError):
        "".join([secret])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)


def test_secrets_are_compared_by_what_they_hold() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert hash(Secret("a")) == hash(Secret("a"))
    assert not Secret("")


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        loaded(tmp_path).brand = "Another"  # type: ignore[misc]


def test_every_setting_has_its_words_for_the_readme() -> None:
    assert "SECRET_KEY" in NAMES
    assert all(field.metadata["help"] for field in Settings.__dataclass_fields__.values())


def test_the_demonstration_needs_nothing_and_keeps_its_own_key_and_database(tmp_path: Path) -> None:
    first = load({"PORTAL_DEMO": "1"}, instance_path=tmp_path)
    again = load({"PORTAL_DEMO": "1"}, instance_path=tmp_path)
    assert first.secret_key == again.secret_key
    assert len(first.secret_key.reveal()) >= 32
    assert first.database_url.endswith("demo.db")


def test_the_key_of_the_demonstration_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    load({"PORTAL_DEMO": "1"}, instance_path=tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new" / "demo.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["demo.key"]


def test_processes_that_start_together_share_one_demonstration_key(tmp_path: Path) -> None:
    start, found = threading.Barrier(8), []

    def one() -> None:
        start.wait()
        found.append(load({"PORTAL_DEMO": "1"}, instance_path=tmp_path).secret_key)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert found[0]


def test_the_demonstration_may_not_keep_a_key_that_was_given_to_it(tmp_path: Path) -> None:
    found = load({"PORTAL_DEMO": "1", "PORTAL_SECRET_KEY": KEY}, instance_path=tmp_path)
    assert found.keys == (KEY,)
    assert not (tmp_path / "demo.key").exists()


def test_a_password_in_the_database_url_is_used_as_it_was_meant() -> None:
    database = Database("postgresql://portal:p%40ss@host/portal")
    assert database.writer.url.password == "p@ss"
    database.close()


def test_the_demonstration_is_for_this_machine_only(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PORTAL_DEMO"):
        load({}, instance_path=tmp_path, demo=True, public_url="https://portal.example")


STRIPE = {"STRIPE_SECRET_KEY": "sk_test_51" + HIDDEN, "STRIPE_WEBHOOK_SECRET": "whsec_" + HIDDEN}
IBAN = "it60 x054 2811 1010 0000 0123 456"
BANK = {"BANK_HOLDER": "Posta Chiara S.r.l.", "BANK_IBAN": IBAN, "BANK_BIC": "bpmoit22xxx"}


def test_nobody_has_to_say_how_to_pay(tmp_path: Path) -> None:
    found = loaded(tmp_path, **dict.fromkeys((*STRIPE, *BANK), ""))
    assert not found.stripe_secret_key
    assert (found.bank_holder, found.bank_iban, found.bank_bic) == ("", "", "")


def test_the_account_is_kept_as_banks_write_it(tmp_path: Path) -> None:
    found = loaded(tmp_path, **STRIPE, **BANK)
    assert found.stripe_secret_key == Secret(STRIPE["STRIPE_SECRET_KEY"])
    assert (found.bank_iban, found.bank_bic) == ("IT60X0542811101000000123456", "BPMOIT22XXX")


@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        ("STRIPE_SECRET_KEY", ["STRIPE_SECRET_KEY"]),
        ("STRIPE_WEBHOOK_SECRET", ["STRIPE_WEBHOOK_SECRET"]),
        ("BANK_HOLDER", ["BANK_HOLDER"]),
        ("BANK_IBAN", ["BANK_IBAN", "BANK_IBAN"]),  # for the holder and for the BIC
        ("BANK_BIC", []),
    ],
)
def test_half_a_way_to_pay_is_refused(tmp_path: Path, left_out: str, named: list[str]) -> None:
    given = {name: value for name, value in (STRIPE | BANK).items() if name != left_out}
    if named:
        assert [fault.split()[0] for fault in faults(tmp_path, **given)] == [f"PORTAL_{name}" for name in named]
    else:
        assert loaded(tmp_path, **given).bank_bic == ""


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("STRIPE_SECRET_KEY", "pk_live_" + HIDDEN),  # the one that is meant for browsers
        ("STRIPE_SECRET_KEY", "sk_live_ " + HIDDEN),
        ("STRIPE_WEBHOOK_SECRET", "sk_live_" + HIDDEN),
        ("BANK_IBAN", "IT61X0542811101000000123456"),
        ("BANK_IBAN", "IT60"),
        ("BANK_BIC", "BPM"),
        ("BANK_HOLDER", "x" * 71),
    ],
)
def test_a_mistyped_way_to_pay_is_noticed_at_the_start(tmp_path: Path, name: str, wrong: str) -> None:
    found = faults(tmp_path, **(STRIPE | BANK | {name: wrong}))
    assert any(fault.startswith(f"PORTAL_{name} is wrong: write ") for fault in found)
    assert not any(HIDDEN in fault for fault in found)


def test_the_secrets_of_stripe_do_not_show_themselves(tmp_path: Path) -> None:
    assert HIDDEN not in repr(loaded(tmp_path, **STRIPE))


SERVICE = {"SERVICE_URL": "https://send.example/api/v2", "SERVICE_SECRET": "Vm7-not-a-real-one-but-long-0123456789"}


def test_nobody_has_to_name_a_sending_service(tmp_path: Path) -> None:
    found = loaded(tmp_path, **dict.fromkeys(SERVICE, ""))
    assert (found.service_url, bool(found.service_secret)) == ("", False)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://send.example", "https://send.example"),
        ("https://send.example/", "https://send.example"),
        ("https://SEND.example:8443/api/v2/", "https://send.example:8443/api/v2"),
        ("http://127.0.0.1:9000/x", "http://127.0.0.1:9000/x"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_the_address_of_the_service_is_kept_without_its_last_slash(tmp_path: Path, given: str, kept: str) -> None:
    found = loaded(tmp_path, **SERVICE | {"SERVICE_URL": given})
    assert (found.service_url, found.service_secret) == (kept, Secret(SERVICE["SERVICE_SECRET"]))
    assert SERVICE["SERVICE_SECRET"] not in repr(found)


@pytest.mark.parametrize(
    "wrong",
    [
        "http://send.example",
        "send.example",
        "ftp://send.example",
        "https://user:word@send.example",
        "https://send.example?",
        "https://send.example/?a=b",
        "https://send.example/#",
        "https://send.example/a b",
        "https://send.example/a//b",
        "https://send.example/%0d",
        "https://send.example/è",
        "https://",
        "https://[::1",
    ],
)
def test_the_service_is_told_by_https_or_on_this_machine(tmp_path: Path, wrong: str) -> None:
    found = faults(tmp_path, **SERVICE | {"SERVICE_URL": wrong})
    assert found[0].startswith("PORTAL_SERVICE_URL is wrong: write https://host")


@pytest.mark.parametrize(
    "wrong", ["Vm7-short-0123456789-0123456789", "x" * 32, SERVICE["SERVICE_SECRET"] + " x", "è" * 40]
)
def test_the_secret_of_the_service_is_a_long_one(tmp_path: Path, wrong: str) -> None:
    found = faults(tmp_path, **SERVICE | {"SERVICE_SECRET": wrong})
    assert found[0] == "PORTAL_SERVICE_SECRET is wrong: write 32 random characters or more, without blanks."


@pytest.mark.parametrize("left_out", sorted(SERVICE))
def test_half_a_service_is_refused(tmp_path: Path, left_out: str) -> None:
    (fault,) = faults(tmp_path, **{name: value for name, value in SERVICE.items() if name != left_out})
    assert fault.startswith(f"PORTAL_{left_out} is missing")
