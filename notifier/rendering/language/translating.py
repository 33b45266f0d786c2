"""
Translate the parts of a message into one Python function that writes them all.

Jinja's code asks its environment for every field, hands every piece through a generator, and knows one part of a
message at a time. The function made here has the constant words joined beforehand, in HTML already as they stand in
JSON, and reads, formats, cleans and escapes each value once for all parts. It knows only what goes well: a template
that holds something else (`Unfit`), and a message at which the function fails, are left to Jinja, whose words and whose
errors are the measure.

As in Jinja's sandbox a template reaches nothing by attributes. Of values the function asks `get` alone, everything that
it calls is ours, and what a template has written stands in it as a literal, or as the name of a known filter.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from jinja2 import nodes
from msgspec import Struct

from notifier.rendering.language import allowed, cleaning
from notifier.rendering.language.writing import SPACE

Piece = tuple[str, str]
"""Constant words, or the name of a variable."""
_WRITTEN = "{0} if type({0}) is str and {0}.isascii() and {0}.isprintable() else written({0})"
"""Nearly every value is such a text, and asking here takes a third of a call."""
_TESTED = {"defined": "type({}) is not Absent", "none": "{} is None"}
_COMPARED = {"eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "in": "in", "notin": "not in"}
_STRANGE = allowed.GETTEXT | {"loop", "self", "super"}
"""Names that stand for more than a value."""


class Unfit(Exception):
    """A template holds something that is not translated here."""


class Translated(Struct, frozen=True):
    """The source of the function `write`, and the constant pieces of its HTML, by whose numbers messages are kept."""

    source: str
    pieces: tuple[str, ...]


def translated(parts: Sequence[tuple[nodes.Template, bool]]) -> Translated:
    """
    Translate; `parts` are trees whose fields are items, and whether each is HTML.

    Raises:
        Unfit, Unrenderable: Jinja has to do it, or to say why nobody can.
    """
    made = _Translation()
    names = [made.part(tree, is_html=is_html) for tree, is_html in parts]
    source = "\n".join(["def write(values):", *made.lines, f"    return {', '.join(names)},"])
    return Translated(source, tuple(made.pieces))


class _Scope:
    """A block of the function."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        """Source of an expression → the variable that holds it."""
        self.blocks: dict[str, _Scope] = {}
        """Those inside it, by the condition under which they are run."""


class _Translation:
    """A function in the making. No variable is set twice, so what two expressions mean is the same if they read so."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.scopes = [_Scope()]
        self.pieces: dict[str, int] = {}
        self.is_html = False
        self.out = ""
        """The variable that holds the pieces of the part; behind it a k: the one that holds what is kept of them."""
        self.run: list[Piece] = []
        """Pieces that are not written out yet."""
        self.constant = 0
        self.has_loop = False
        self.loops: dict[str, str] = {}
        """Name of a loop's variable → ours."""
        self.lazy = 0
        """Above 0 inside an expression that may not be evaluated at all."""
        self.count = 0

    def part(self, tree: nodes.Template, *, is_html: bool) -> str:
        """Add a part; return the expression for it when all was run."""
        self.is_html, self.out, self.constant, self.has_loop = is_html, self.new("o"), 0, False
        if not is_html:
            self.line(f"{self.out} = []")
            self.block(tree.body)
            return f"text({self.out})"
        if not _has_edges(tree.body):
            raise Unfit("HTML without an edge")
        # The pieces are a string together. What is kept begins with nothing, so that all else begins with a comma.
        self.line(f"{self.out}, {self.out}k = [{_QUOTE}], [{_BEGUN}]")
        self.block(tree.body)
        self.line(f"{self.out} += {_QUOTE},")
        self.line(f"{self.out}k += {_ENDED},")
        return f"html({self.out}, {self.out}k, {0 if self.has_loop else self.constant})"

    def block(self, body: list[nodes.Node]) -> None:
        for node in body:
            match node:
                case nodes.Output():
                    for child in node.nodes:
                        self.piece(child)
                case nodes.If():
                    self.condition(node)
                case nodes.For(target=nodes.Name(name=name), test=None, else_=[], recursive=False):
                    self.loop(node, name)
                case _:
                    raise Unfit(type(node).__name__)
        self.flush()

    def condition(self, node: nodes.If) -> None:
        self.flush()
        test = self.value(node.test)
        with self.inside(f"if {test}:", f"if {test}"):
            self.block(node.body)
        if node.elif_ or node.else_:
            with self.inside("else:", f"if not {test}"):
                if node.elif_:
                    first, *others = node.elif_
                    self.condition(nodes.If(first.test, first.body, others, node.else_))
                else:
                    self.block(node.else_)

    def loop(self, node: nodes.For, name: str) -> None:
        self.flush()
        self.has_loop = True
        values, item, outside = self.value(node.iter), self.new("i"), self.loops
        with self.inside(f"for {item} in {values}:", item):
            self.loops = {**outside, name: item}
            self.block(node.body)
        self.loops = outside

    def piece(self, node: nodes.Expr) -> None:
        if isinstance(node, nodes.TemplateData):
            cleaning.require_storable(node.data)
            self.run.append((node.data, ""))
        else:
            text = self.bound(_WRITTEN.format(self.value(node)))
            self.run.append(("", self.bound(f"quoted({text})") if self.is_html else text))

    def flush(self) -> None:
        """Write out the pieces there are since the last time."""
        pieces, self.run = _joined(self.run), []
        if pieces and self.is_html:
            self.constant += sum(len(words) for words, _ in pieces)
            self.line(f"{self.out} += {', '.join(name or repr(_in_json(words)) for words, name in pieces)},")
            kept = _joined([part for words, name in pieces for part in self.kept(words, name)])
            self.line(f"{self.out}k += {', '.join(name or repr(words.encode()) for words, name in kept)},")
        elif pieces:
            self.line(f"{self.out} += {', '.join(name or repr(words) for words, name in pieces)},")

    def kept(self, words: str, name: str) -> list[Piece]:
        """Return a piece of HTML as it is kept: an item of a JSON array."""
        if name:
            return [(',"', ""), ("", name), ('"', "")]
        return [(f",{self.pieces.setdefault(words, len(self.pieces))}", "")]

    def value(self, node: nodes.Node) -> str:
        """Return a name or literal that stands for an expression's value."""
        match node:
            case nodes.Const(value=value) if value is None or isinstance(value, (str, int)):
                return f"({value!r})"
            case nodes.MarkSafeIfAutoescape(expr=nodes.Const(value=str(text))):
                return f"Markup({text!r})" if self.is_html else repr(text)
            case nodes.Name(name=name) if name not in _STRANGE:
                otherwise = "scales" if name == "scales" else "absent"
                return self.loops.get(name) or self.bound(f"values.get({name!r}, {otherwise})")
            case nodes.Getitem() | nodes.Filter() | nodes.Call():
                return self.bound(self.got(node))
            case _:
                return self.bound(self.reckoned(node))

    def got(self, node: nodes.Getitem | nodes.Filter | nodes.Call) -> str:
        """Return the source of a field or a call."""
        match node:
            # All that templates see is dicts; of what is none, or of a name that dicts have themselves, Jinja decides.
            case nodes.Getitem(arg=nodes.Const(value=str(name))) if not hasattr(dict, name):
                return f"{self.value(node.node)}.get({name!r}, absent)"
            case nodes.Getitem():
                return f"item({self.value(node.node)}, {self.value(node.arg)})"
            case nodes.Filter(node=nodes.Expr() as given, dyn_args=None, dyn_kwargs=None):
                return f"filter_{node.name}({self.arguments([given, *node.args], node.kwargs)})"
            case nodes.Call(node=nodes.Name(name="ngettext"), dyn_args=None, dyn_kwargs=None):
                return f"{'plural_html' if self.is_html else 'plural'}({self.arguments(node.args, node.kwargs)})"
            case _:
                raise Unfit(type(node).__name__)

    def reckoned(self, node: nodes.Node) -> str:
        """Return the source of something true or false, or chosen by it."""
        match node:
            case nodes.Test(node=given, name="defined" | "none" as name, args=[]):
                return _TESTED[name].format(self.value(given))
            case nodes.Not():
                return f"not {self.value(node.node)}"
            case nodes.And():
                return f"{self.value(node.left)} and {self.perhaps(node.right)}"
            case nodes.Or():
                return f"{self.value(node.left)} or {self.perhaps(node.right)}"
            case nodes.CondExpr(expr2=nodes.Expr() as other):
                return f"{self.perhaps(node.expr1)} if {self.value(node.test)} else {self.perhaps(other)}"
            case nodes.Compare(ops=[nodes.Operand(op=op, expr=other)]):
                return f"{self.value(node.expr)} {_COMPARED[op]} {self.value(other)}"
            case _:
                raise Unfit(type(node).__name__)

    def arguments(self, given: Sequence[nodes.Node], named: Sequence[nodes.Node]) -> str:
        words = [self.value(node) for node in given]
        words += [f"{node.key}={self.value(node.value)}" for node in named if isinstance(node, nodes.Keyword)]
        return ", ".join(words)

    def perhaps(self, node: nodes.Node) -> str:
        """Return an expression that is evaluated only when it comes to it."""
        self.lazy += 1
        found = self.value(node)
        self.lazy -= 1
        return found

    def bound(self, source: str) -> str:
        """Return the variable that holds what this computes; inside something lazy, the computation itself."""
        for scope in self.scopes:
            if source in scope.known:
                return scope.known[source]
        if self.lazy:
            return f"({source})"
        name = self.scopes[-1].known[source] = self.new("v")
        self.line(f"{name} = {source}")
        return name

    def new(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    def line(self, source: str) -> None:
        self.lines.append("    " * len(self.scopes) + source)

    @contextmanager
    def inside(self, head: str, when: str) -> Iterator[None]:
        """Indent what follows; what is computed there is known again under the same condition in the same block."""
        self.line(head)
        self.scopes.append(self.scopes[-1].blocks.setdefault(when, _Scope()))
        self.line("pass")
        yield
        self.scopes.pop()


def _has_edges(body: list[nodes.Node]) -> bool:
    """Say whether words stand first and last, so that there is no space to be trimmed when they are said."""
    match body:
        case [nodes.Output(nodes=[first, *_]), *_, nodes.Output(nodes=[*_, last])]:
            pass
        case [nodes.Output(nodes=[first, *_, last])]:
            pass
        case _:
            return False
    edges = [node.data for node in (first, last) if isinstance(node, nodes.TemplateData)]
    return len(edges) == 2 and edges[0][:1] not in SPACE and edges[1][-1:] not in SPACE


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces, constant ones that stand beside each other made one."""
    made: list[Piece] = []
    for words, name in pieces:
        if made and not name and not made[-1][1]:
            made[-1] = made[-1][0] + words, ""
        elif words or name:
            made.append((words, name))
    return made


def _in_json(words: str) -> bytes:
    return msgspec.json.encode(words)[1:-1]


_QUOTE, _BEGUN, _ENDED = (repr(raw) for raw in (b'"', b'[""', b"]"))
