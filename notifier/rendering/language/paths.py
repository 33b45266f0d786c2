"""Hold the fields a template speaks of against the schema of the trigger that will carry them."""

from collections.abc import Iterator
from typing import Any

from jinja2 import nodes

Schema = dict[str, Any]
Path = tuple[str, ...]

TEXT: Schema = {"type": "string"}


def known(data: Schema) -> Schema:
    """Return the schema of all a message template may name, with `data` as the trigger's."""
    links = ("view", "pay", "preferences", "unsubscribe", "subscription", "answer")
    return {
        "$defs": data.get("$defs", {}),
        **_object(
            {
                "data": data,
                "customer": _object(dict.fromkeys(("name", "first_name"), TEXT)),
                "brand": _object(dict.fromkeys(("name", "address", "support_email"), TEXT)),
                "links": _object({**dict.fromkeys(links, TEXT), "survey": {"type": "array", "items": TEXT}}),
                "scales": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}}},
                "lang": TEXT,
                "timezone": TEXT,
            }
        ),
    }


def named(names: Iterator[str]) -> Schema:
    """Return the schema of a template that knows nothing but these texts."""
    return _object(dict.fromkeys(names, TEXT))


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def faults(tree: nodes.Template, schema: Schema) -> Iterator[tuple[int, str, str]]:
    """Yield (line, what, remedy) for each field that does not exist, or may be absent and is not guarded."""
    yield from _Walk(schema).visit(tree, frozenset())


class _Walk:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.bound: dict[str, Schema] = {}
        """Loop variables and names that were set; an empty schema is anything."""

    def visit(self, node: nodes.Node, sure: frozenset[Path], *, asked: bool = False) -> Iterator[tuple[int, str, str]]:
        """`sure`: optional fields known to be there at this place; `asked`: the node is only asked whether it is."""
        path = _path(node)
        match node:
            case _ if path is not None:
                yield from self._field(node, path, sure, asked=asked)
            case nodes.If() | nodes.CondExpr():
                yield from self._branches(node, sure)
            case nodes.And() | nodes.Or():
                yield from self.visit(node.left, sure, asked=True)
                holds = _truths(node.left) if isinstance(node, nodes.And) else _falsities(node.left)
                yield from self.visit(node.right, sure | holds, asked=asked and isinstance(node, nodes.And))
            case nodes.For(target=nodes.Name(name=name)):
                yield from self.visit(node.iter, sure)
                self.bound[name] = self._items(_path(node.iter))
                for child in [*node.body, *node.else_]:
                    yield from self.visit(child, sure)
            case nodes.Assign(target=nodes.Name(name=name)):
                yield from self.visit(node.node, sure)
                self.bound[name] = {}
            case _:
                may_be_absent = isinstance(node, (nodes.Compare, nodes.Operand, nodes.Not, nodes.Test)) or (
                    isinstance(node, nodes.Filter) and node.name == "default"
                )
                for child in node.iter_child_nodes():
                    yield from self.visit(child, sure, asked=may_be_absent)

    def _branches(self, node: nodes.If | nodes.CondExpr, sure: frozenset[Path]) -> Iterator[tuple[int, str, str]]:
        yield from self.visit(node.test, sure, asked=True)
        if isinstance(node, nodes.If):
            then, otherwise = node.body, [*node.elif_, *node.else_]
        else:
            then, otherwise = [node.expr1], [node.expr2] if node.expr2 else []
        for child in then:
            yield from self.visit(child, sure | _truths(node.test))
        for child in otherwise:
            yield from self.visit(child, sure | _falsities(node.test))

    def _field(
        self, node: nodes.Node, path: Path, sure: frozenset[Path], *, asked: bool
    ) -> Iterator[tuple[int, str, str]]:
        if path[0] in {"_", "gettext", "ngettext", "pgettext", "npgettext"}:
            return
        _, missing, optional = self._follow(path)
        if missing:
            beside = ", ".join(missing[1]) or "nothing"
            yield node.lineno, f"{'.'.join(path)} is no field of the trigger.", f"At {missing[0]!r} there is: {beside}."
        elif unsure := [end for end in optional if path[:end] not in sure and not (asked and end == len(path))]:
            field = ".".join(path[: unsure[0]])
            yield node.lineno, f"{field} may be absent.", f"Write it inside {{% if {field} %}} … {{% endif %}}."

    def _follow(self, path: Path) -> tuple[Schema, tuple[str, list[str]] | None, list[int]]:
        here = self.bound.get(path[0]) if path[0] in self.bound else self.schema
        optional: list[int] = []
        for depth, name in enumerate(path):
            if depth == 0 and path[0] in self.bound:
                continue
            here = self._resolved(here or {})
            if not here:
                return {}, None, optional
            properties = here.get("properties", {})
            if name not in properties:
                if "additionalProperties" in here:
                    here = here["additionalProperties"]
                    continue
                return {}, (".".join(path[:depth]) or "the top", sorted(properties)), optional
            if name not in here.get("required", ()) or _is_nullable(properties[name]):
                optional.append(depth + 1)
            here = properties[name]
        return self._resolved(here or {}), None, optional

    def _items(self, path: Path | None) -> Schema:
        found = self._follow(path)[0] if path else {}
        return self._resolved(found.get("items") or {})

    def _resolved(self, schema: Schema) -> Schema:
        for part in schema.get("anyOf", ()):
            if part.get("type") != "null":
                return self._resolved(part)
        if "$ref" in schema:
            definitions = self.schema.get("$defs") or {}
            return self._resolved(definitions[schema["$ref"].rpartition("/")[2]])
        return schema


def _is_nullable(schema: Schema) -> bool:
    return any(part.get("type") == "null" for part in schema.get("anyOf", ()))


def _path(node: nodes.Node | None) -> Path | None:
    match node:
        case nodes.Name(name=name, ctx="load"):
            return (name,)
        case nodes.Getattr(attr=name) | nodes.Getitem(arg=nodes.Const(value=str(name))):
            above = _path(node.node)
            return (*above, name) if above else None
    return None


def _truths(test: nodes.Node) -> frozenset[Path]:
    """Return the fields that are there when `test` holds."""
    if path := _path(test):
        return frozenset({path})
    match test:
        case nodes.And():
            return _truths(test.left) | _truths(test.right)
        case nodes.Not():
            return _falsities(test.node)
        case nodes.Compare(expr=expr, ops=[nodes.Operand(op="eq", expr=nodes.Const())]) if path := _path(expr):
            return frozenset({path})
    return frozenset()


def _falsities(test: nodes.Node) -> frozenset[Path]:
    """Return the fields that are there when `test` does not hold."""
    match test:
        case nodes.Or():
            return _falsities(test.left) | _falsities(test.right)
        case nodes.Not():
            return _truths(test.node)
        case nodes.Test(name="none", node=node) if path := _path(node):
            return frozenset({path})
    return frozenset()
