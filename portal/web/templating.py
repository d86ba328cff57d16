"""Templates, compiled once for each language, with whatever is the same on every page of it put in already.

A page of ours asks for a hundred words and addresses that never change while the process runs: the words of the
language, the address of a page without parts, the hashed name of a file, a drawing. They are put in when the template
is compiled instead of on each page (measured: `make bench`, overview and sign-in page). What depends on anything else
stays as it is written. So a template has a name for each language, "it:layout.html", which only this module knows.
"""

from collections.abc import Callable, MutableMapping
from typing import Any

from flask.templating import Environment as FlaskEnvironment
from jinja2 import BaseLoader, Template, nodes
from jinja2 import Environment as JinjaEnvironment
from jinja2.visitor import NodeTransformer
from werkzeug.routing import BuildError, MapAdapter

from portal.kit import texts

MARK = ":"
WORDS = ("_", "gettext")


class Environment(FlaskEnvironment):
    """Flask's, in which a name means the template in the present language, and in what it includes the same one."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self.facts: dict[str, Any] = {}  # names that mean the same in every template: texts and numbers
        if self.loader is not None:
            self.loader = _AnyLanguage(self.loader)

    def get_template(
        self, name: str | Template, parent: str | None = None, globals: MutableMapping[str, Any] | None = None
    ) -> Template:
        if isinstance(name, str) and parent is None:
            name = texts.language() + MARK + name
        return super().get_template(name, parent, globals)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Those of all templates as they are: the library's chain of two is copied name by name for each page."""
        return self.globals if d is None else super().make_globals(d)

    def join_path(self, template: str, parent: str) -> str:
        return parent.partition(MARK)[0] + MARK + template

    def tree(self, name: str) -> nodes.Template:
        """What is written in a template, with what is known of it put in."""
        assert self.loader is not None  # noqa: S101 - Flask gives one
        source, filename, _changed = self.loader.get_source(self, name)
        return self._parse(source, name, filename)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """The library's one place between reading a template and writing its code; public hooks see text or tokens."""
        tree = super()._parse(source, name, filename)
        language, mark, _rest = (name or "").partition(MARK)
        if mark:
            with texts.speaking(language):
                found: nodes.Template = Folding(self, name).visit(tree)
            return found
        return tree


class _AnyLanguage(BaseLoader):
    """The files, which are the same for each language."""

    def __init__(self, files: BaseLoader) -> None:
        self._files = files

    def get_source(
        self, environment: JinjaEnvironment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        return self._files.get_source(environment, template.partition(MARK)[2])

    def list_templates(self) -> list[str]:
        return self._files.list_templates()


class Folding(NodeTransformer):
    """Puts into the tree of a template what is known when it is compiled. Works in the present language."""

    def __init__(self, environment: Environment, name: str | None) -> None:
        self._environment = environment
        choose = environment.autoescape
        self._facts = environment.facts
        self._escaped = choose(name) if callable(choose) else choose
        self._addresses: MapAdapter = environment.app.url_map.bind("localhost")

    def visit_Template(self, node: nodes.Template) -> nodes.Node:
        """A name that the template gives to something of its own is no longer what it means everywhere."""
        own = {name.name for name in node.find_all(nodes.Name) if name.ctx != "load"}
        self._facts = {name: value for name, value in self._environment.facts.items() if name not in own}
        return self.generic_visit(node)

    def visit_Name(self, node: nodes.Name) -> nodes.Node:
        known = node.ctx == "load" and node.name in self._facts
        return nodes.Const(self._facts[node.name], lineno=node.lineno) if known else node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        given = node.args[0] if len(node.args) == 1 and not (node.dyn_args or node.dyn_kwargs) else None
        if not isinstance(node.node, nodes.Name) or not isinstance(given, nodes.Const):
            return node
        if node.node.name in WORDS:
            return self._words(given.value, node)
        if node.node.name == "url_for" and not node.kwargs:
            return self._address(given.value, node)
        if node.node.name == "asset":
            asset: Any = self._environment.globals["asset"]
            return nodes.Const(asset(given.value), lineno=node.lineno)
        return node

    def _words(self, text: str, node: nodes.Call) -> nodes.Node:
        """The translation; with what is to be put into it, where there is something."""
        found = texts.gettext(text)
        if not node.kwargs:
            return self._constant(found % {}, node)
        parts = [nodes.Pair(nodes.Const(one.key), one.value, lineno=node.lineno) for one in node.kwargs]
        return nodes.Mod(self._constant(found, node), nodes.Dict(parts), lineno=node.lineno)

    def _constant(self, text: str, node: nodes.Node) -> nodes.Expr:
        """Our own words, which may hold HTML; what is put into them is escaped."""
        written = nodes.Const(text, lineno=node.lineno)
        return nodes.MarkSafe(written, lineno=node.lineno) if self._escaped else written

    def _address(self, endpoint: str, node: nodes.Call) -> nodes.Node:
        """A path of ours. What needs the request (a page that this portal does not have, say) stays a question."""
        try:
            return nodes.Const(self._addresses.build(endpoint), lineno=node.lineno)
        except BuildError:
            return node

    def visit_Include(self, node: nodes.Include) -> nodes.Node:
        """What is always included stands in the page itself; its own names stay its own."""
        if not isinstance(node.template, nodes.Const) or not node.with_context:
            return node
        included = self._environment.tree(texts.language() + MARK + node.template.value)
        if included.find((nodes.Extends, nodes.Block)):  # type: ignore[arg-type]  # several kinds are documented
            return node
        return nodes.Scope(included.body, lineno=node.lineno)
