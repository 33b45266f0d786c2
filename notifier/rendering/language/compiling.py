"""Turn a source into a function for one language: translations written in, fields looked up directly."""

import re
from collections.abc import Mapping
from gettext import NullTranslations
from typing import Any

from jinja2 import Environment, Template, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import escape

from notifier.errors import Invalid
from notifier.rendering.language import allowed

_FOLDABLE = {"_": 0, "gettext": 0, "pgettext": 1}
"""Name of the function → where its msgid stands among the arguments. Plurals depend on a number and stay calls."""
_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ('"', "&#34;"))
"""The ampersand first, or it would escape the others' own."""


class Part:
    """Part of a message, compiled once for a language, ready to be said as in one of its regions."""

    __slots__ = ("_environment", "_known", "_root")

    def __init__(self, template: Template, environment: Environment) -> None:
        """`environment` is the region's; `template` was compiled in one of the same kind and language."""
        self._root, self._known, self._environment = template.root_render_func, template.globals, environment

    def render(self, values: Mapping[str, Any]) -> str:
        """Say it with these values; what `jinja2.Template.render` does, without what messages have no use for."""
        environment = self._environment
        context = environment.context_class(environment, {**self._known, **values}, None, {})
        return environment.concat(self._root(context, environment=environment))  # type: ignore[call-arg]  # generated code takes it


class NotAllowed(Invalid):
    """A template contains something no message may contain."""


def compiled(environment: Environment, source: str, words: NullTranslations) -> Template:
    """
    Compile a source.

    Raises:
        NotAllowed: see `allowed`.
        jinja2.TemplateSyntaxError: it is no Jinja.
    """
    tree = environment.parse(source)
    for line, said in allowed.refusals(tree):
        raise NotAllowed(f"line {line}: {said}")
    tree = _Fold(words).visit(tree)
    template = environment.from_string(_Quicken().visit(tree))
    if environment.autoescape:
        template.root_render_func.__globals__["escape"] = escaped  # what the compiled code calls
    template.globals = dict(template.globals)  # jinja2 chains two maps, and copies the chain at every rendering
    return template


def escaped(value: Any) -> str:
    """Return a value as HTML: the same text as `markupsafe.escape`, at a third of its time; `Markup` stays as it is."""
    if type(value) is not str:
        return str(escape(value))
    text: str = value
    for letter, entity in _ENTITIES:
        if letter in text:
            text = text.replace(letter, entity)
    return text


class _Fold(NodeTransformer):
    """Replace each translated text by its translation, with the expressions in their places."""

    def __init__(self, words: NullTranslations) -> None:
        self.words = words

    def visit_Output(self, node: nodes.Output) -> nodes.Output:  # noqa: N802 - named by jinja2's visitor
        parts: list[nodes.Expr] = []
        for child in node.nodes:
            pieces = self._pieces(child)
            if pieces is None:
                self.generic_visit(child)
                pieces = [child]
            parts += pieces
        node.nodes = parts
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - named by jinja2's visitor
        pieces = self._pieces(node)
        if pieces is None:
            return self.generic_visit(node)
        texts: list[nodes.Expr] = [
            nodes.MarkSafeIfAutoescape(nodes.Const(piece.data)) if isinstance(piece, nodes.TemplateData) else piece
            for piece in pieces
        ]
        return texts[0] if len(texts) == 1 else nodes.Concat(texts, lineno=node.lineno)

    def _pieces(self, node: nodes.Node) -> list[nodes.Expr] | None:
        """Return translation and expressions in turn, or None when this is nothing to fold."""
        if not (isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in _FOLDABLE):
            return None
        at = _FOLDABLE[node.node.name]
        if len(node.args) != at + 1 or not all(isinstance(argument, nodes.Const) for argument in node.args):
            return None
        given = [str(argument.as_const()) for argument in node.args]
        text = self.words.pgettext(*given) if at else self.words.gettext(*given)
        values = {keyword.key: self.visit(keyword.value) for keyword in node.kwargs}
        pieces: list[nodes.Expr] = []
        end = 0
        for found in _PLACEHOLDER.finditer(text):
            pieces.append(nodes.TemplateData(text[end : found.start()]))
            pieces.append(values[found[1]] if found[1] else nodes.TemplateData("%"))
            end = found.end()
        pieces.append(nodes.TemplateData(text[end:]))
        return [piece for piece in pieces if not (isinstance(piece, nodes.TemplateData) and not piece.data)] or [
            nodes.TemplateData("")
        ]


class _Quicken(NodeTransformer):
    """Look fields up as items: all that templates see is dicts, and the sandbox would try attributes first."""

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802 - named by jinja2's visitor
        self.generic_visit(node)
        return nodes.Getitem(node.node, nodes.Const(node.attr), "load", lineno=node.lineno)
