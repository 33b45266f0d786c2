"""
What a template may contain: enough to say something well, too little to reach Python or to run long.

There is no arithmetic, no gluing of texts, no macro, include, recursion or range: a loop goes over what the trigger
carries, at most two deep, so the work a template can ask for is bounded by its own length times its data.
"""

from collections.abc import Iterator

from jinja2 import nodes

FILTERS = frozenset({
    "money", "date", "weekday", "day_before", "month", "moment", "number", "listed", "short", "default", "length",
    "upper", "e",
})  # fmt: skip
TESTS = frozenset({"defined", "none", "eq", "ne", "in"})
GETTEXT = frozenset({"_", "gettext", "ngettext", "pgettext", "npgettext"})
LOOPS = 2

_NODES: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const,
    nodes.If, nodes.CondExpr, nodes.For, nodes.Assign, nodes.Filter, nodes.Test, nodes.Call, nodes.Keyword,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Tuple,
)  # fmt: skip


def refusals(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """Yield (line, what is wrong and what to do instead) for everything a template may not contain."""
    yield from _walk(tree, 0)


def _walk(node: nodes.Node, loops: int) -> Iterator[tuple[int, str]]:
    if said := _refused(node, loops):
        yield node.lineno or 1, said
    inside = loops + isinstance(node, nodes.For)
    for child in node.iter_child_nodes():
        yield from _walk(child, inside)


def _refused(node: nodes.Node, loops: int) -> str:
    match node:
        case nodes.Filter(name=name) if name not in FILTERS:
            return f"There is no filter {name!r} in messages. There are: {', '.join(sorted(FILTERS))}."
        case nodes.Test(name=name) if name not in TESTS:
            return f"There is no test {name!r} in messages. There are: {', '.join(sorted(TESTS))}."
        case nodes.Call() if not _may_call(node):
            return "Only translations of a text written out can be called."
        case nodes.For(recursive=True):
            return "A loop may not call itself."
        case nodes.For() if loops >= LOOPS:
            return f"Loops may be nested {LOOPS} deep."
        case nodes.Getattr(attr=attr) if attr.startswith("_"):
            return f"{attr!r} is not a field."
        case _ if not isinstance(node, _NODES):
            return f"{type(node).__name__} has no place in a message; let the trigger carry the finished value."
    return ""


def _may_call(node: nodes.Call) -> bool:
    # A text that is not written out cannot be found by whoever translates it.
    if node.dyn_args or node.dyn_kwargs or not (node.args and isinstance(node.args[0], nodes.Const)):
        return False
    return isinstance(node.node, nodes.Name) and node.node.name in GETTEXT
