"""Templates: what is the same on every page of a language is put in when they are compiled, and nothing else is."""

from typing import Any

import pytest
from flask import render_template
from jinja2 import DictLoader, meta, nodes

from portal.kit import texts
from portal.web.application import Application
from portal.web.templating import Environment
from tests.helpers.house import House

PAGE = "page.html"


def written(house: House, language: str, text: str, *, name: str = PAGE, **facts: Any) -> tuple[str, str]:
    """(what the page says, the code it was compiled to)."""
    environment = house.app.jinja_env
    environment.loader = type(environment.loader)(DictLoader({name: text, "part.html": '{{ _("Sign out") }}'}))
    environment.cache.clear()
    with house.app.test_request_context(), texts.speaking(language):
        code = environment.compile(text, f"{language}:{name}", raw=True)
        return render_template(name, **facts), code


@pytest.mark.parametrize(("language", "words"), [("it", "Esci"), ("en", "Sign out")])
def test_words_are_put_in_when_a_template_is_compiled(house: House, language: str, words: str) -> None:
    said, code = written(house, language, '<p>{{ _("Sign out") }}</p>')
    assert said == f"<p>{words}</p>"
    assert repr(f"<p>{words}</p>")[1:-1] in code


@pytest.mark.parametrize(("language", "words"), [("it", "Esci"), ("en", "Sign out")])
def test_what_a_template_includes_speaks_the_same_language(house: House, language: str, words: str) -> None:
    assert written(house, language, '{% include "part.html" %}')[0] == words


def test_what_stands_in_a_sentence_is_put_in_on_the_page_and_escaped(house: House) -> None:
    said, _ = written(house, "it", '{{ _("Platform %(id)s", id=x) }}', x="<b>")
    assert said == "Piattaforma &lt;b&gt;"


def test_what_stands_in_a_sentence_of_a_plain_text_is_not_escaped(house: House) -> None:
    said, _ = written(house, "it", '{{ _("Platform %(id)s", id=x) }}', name="page.txt", x="<b>")
    assert said == "Piattaforma <b>"


def test_an_address_without_parts_is_put_in_when_a_template_is_compiled(house: House) -> None:
    said, code = written(house, "en", "{{ url_for('sign_in.login') }}")
    assert said == "/login"
    assert "'/login'" in code


def test_an_address_with_parts_is_asked_on_the_page(house: House) -> None:
    assert written(house, "en", "{{ url_for('sign_in.login', next=x) }}", x="a b")[0] == "/login?next=a+b"


def test_a_page_that_this_portal_does_not_have_is_asked_for_only_where_it_is_shown(house: House) -> None:
    assert written(house, "en", "{% if demo %}{{ url_for('demo.index') }}{% endif %}")[0] == ""


def test_a_drawing_stands_in_the_page_itself(house: House) -> None:
    template = house.app.jinja_env.get_template("corner.html")
    assert template.name == "it:corner.html"
    tree = house.app.jinja_env._parse('{% include "mark.svg" %}', "it:page.html", None)
    assert not list(tree.find_all(nodes.Include))


def test_macros_that_are_kept_from_page_to_page_need_nothing_of_a_page(house: House) -> None:
    """Imported without the context: a name that only a page has would be empty in them, without a word."""
    environment = house.app.jinja_env
    assert isinstance(house.app, Application)
    assert isinstance(environment, Environment)
    names = environment.list_templates(extensions=["html", "txt", "svg"])
    kept = {name for page in names for name in imported(environment, page)}
    assert "forms.html" in kept
    for name in sorted(kept):
        missing = meta.find_undeclared_variables(tree(environment, name)) - set(environment.globals)
        assert not missing, f"{name} is imported without the context: give {missing} to its macros"


def tree(environment: Environment, name: str) -> nodes.Template:
    assert environment.loader is not None
    return environment.parse(environment.loader.get_source(environment, f":{name}")[0])


def imported(environment: Environment, page: str) -> set[str]:
    found = tree(environment, page).find_all((nodes.Import, nodes.FromImport))
    return {one.template.value for one in found if not one.with_context}  # type: ignore[attr-defined]  # a constant


def test_a_name_that_is_the_same_everywhere_is_put_in_and_one_of_the_templates_own_is_not(house: House) -> None:
    said, code = written(house, "en", "{{ zone }} {% for brand in [1] %}{{ brand }}{% endfor %}")
    assert said == "Europe/Rome 1"
    assert "'Europe/Rome '" in code


def test_what_is_included_keeps_its_own_names_to_itself(house: House) -> None:
    environment = house.app.jinja_env
    parts = {PAGE: '{% set x = 1 %}{% include "part.html" %}{{ x }}', "part.html": "{% set x = x + 1 %}{{ x }}"}
    environment.loader = type(environment.loader)(DictLoader(parts))  # type: ignore[call-arg]  # ours
    with house.app.test_request_context():
        assert render_template(PAGE) == "21"
