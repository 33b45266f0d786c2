"""Take what a person wrote in an email apart from what they quoted of ours."""

import re

_QUOTED = re.compile(r"^\s*>")
_RULES = re.compile(r"^\s*(?:-{2,}\s*\w.*-{2,}|_{8,}|-{5,})\s*$|^--\s?$")
_SAID = re.compile(
    r"^\s*(?:On|Em|El|Le|Am|Il)\b.{5,200}(?:wrote|escreveu|escribió|a écrit|schrieb|ha scritto)\s*:\s*$",
    re.IGNORECASE | re.DOTALL,
)
#: No line that begins a quotation is longer; a pattern tried on an endless line would take for ever.
_LONGEST = 500
_HEADERS = re.compile(r"^\s*\*?(?:From|De|Von|Da)\s*:\*?\s*\S", re.IGNORECASE)


def unquoted(text: str) -> str:
    """
    Return the person's own words: all before the quotation, its "On … wrote:" line, a signature or copied headers.

    A text that would be left empty is returned whole: better a quotation too many than an answer lost.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    kept: list[str] = []
    for number, line in enumerate(lines):
        if _ends_at(lines, number, is_first=not any(kept)):
            break
        if not _QUOTED.match(line):
            kept.append(line)
    return "\n".join(kept).strip() or text.strip()


def _ends_at(lines: list[str], number: int, *, is_first: bool) -> bool:
    line = lines[number]
    if len(line) > _LONGEST:
        return False
    # Mail programs break "On …, … wrote:" over two lines when it is long.
    is_said = _SAID.match(line) or _SAID.match("\n".join(lines[number : number + 2]))
    return bool(is_said or _RULES.match(line) or (_HEADERS.match(line) and not is_first))
