"""Turn what is said together into a function for one language: translations written in, fields looked up directly."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from gettext import NullTranslations
from types import CodeType
from typing import Any

from jinja2 import Template, nodes
from jinja2.visitor import NodeTransformer

from notifier.errors import Invalid
from notifier.providers.contract import Html
from notifier.rendering.language import allowed, cleaning, translating, writing
from notifier.rendering.language.environment import Kind, environment, filters

_FOLDABLE = {"_": 0, "gettext": 0, "pgettext": 1}
"""Name of the function → where its msgid stands among the arguments. Plurals depend on a number and stay calls."""
_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")


class NotAllowed(Invalid):
    """A template contains something no message may contain."""


class Compiled:
    """Texts that are said together, compiled for a language."""

    def __init__(self, texts: Sequence[tuple[Kind, str]], locale: str, words: NullTranslations) -> None:
        """
        `words` are the locale's.

        Raises:
            NotAllowed: see `allowed`.
            jinja2.TemplateSyntaxError: it is no Jinja.
        """
        self._texts, self._locale, self._words = texts, locale, words
        trees = [(self._tree(kind, source, locale), kind == "html") for kind, source in texts]
        self.pieces: tuple[str, ...] = ()
        """The constant pieces of HTML, by whose numbers a message is kept."""
        self._code: CodeType | None = None
        with suppress(translating.Unfit, cleaning.Unrenderable, SyntaxError):
            made = translating.translated(trees)
            self._code = compile(made.source, "<message>", "exec")
            self.pieces = made.pieces

    def in_region(self, region: str) -> "Wording":
        """Return them with money and dates as in `region` (a Babel locale)."""
        if self._code is None:
            return Wording(self, region, None)
        kind = self._texts[0][0]
        get = environment(kind, self._locale, self._locale).getitem
        return Wording(self, region, writing.writer(self._code, get, filters(kind, region), self._words))

    def templates(self, region: str) -> list[tuple[Kind, Template]]:
        """Return Jinja's template of each."""
        return [
            (kind, environment(kind, self._locale, region).from_string(self._tree(kind, source, region)))
            for kind, source in self._texts
        ]

    def _tree(self, kind: Kind, source: str, region: str) -> nodes.Template:
        tree = environment(kind, self._locale, region).parse(source)
        for line, said in allowed.refusals(tree):
            raise NotAllowed(f"line {line}: {said}")
        made: nodes.Template = _Quicken().visit(_Fold(self._words).visit(tree))
        return made


class Wording:
    """Texts that are said together, in one language as in one region."""

    def __init__(self, compiled: Compiled, region: str, write: writing.Writer | None) -> None:
        self.pieces = compiled.pieces
        self.write = write
        """The function that says nearly all of them; without it, Jinja does."""
        self._compiled, self._region = compiled, region
        self._templates = None if write else compiled.templates(region)

    def say(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """
        Return the texts with these values in them, no space around them: plain text as `str`, HTML as `Html`.

        Raises:
            Unrenderable: this message cannot be made.
            jinja2.TemplateError, and what Python raises for values that do not fit: as above.
        """
        if self.write:
            try:
                return self.write(values)
            except Exception:  # noqa: BLE001, S110 - whatever it is, Jinja says it
                pass
        return self.say_plainly(values)

    def say_plainly(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the same, by Jinja's templates alone."""
        if self._templates is None:
            self._templates = self._compiled.templates(self._region)
        return tuple(_said(kind, template, values) for kind, template in self._templates)


def _said(kind: Kind, template: Template, values: Mapping[str, Any]) -> str | Html:
    text = template.render(values)
    if len(text) > writing.LONGEST:
        raise cleaning.Unrenderable(f"The text has {len(text)} characters; {writing.LONGEST} is the most.")
    cleaning.require_storable(text)
    text = text.strip(writing.SPACE)
    return Html.of(text) if kind == "html" else text


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
