"""Headers in the style of the house, turned into what Doxygen reads, line by line.

The comment at the top becomes that of the file and the folder its topic; a comment behind a declaration becomes its
documentation; members that a contract explains once (contract.txt) are given that line.
"""
import re

from names import ROOT

DECLARES_SCOPE = re.compile(r"\b(struct|class|union|enum)\b")


def contract():
    """(folder, name) -> documentation: lines FOLDER NAME | TEXT; the folder `.` stands for all."""
    table = {}
    for line in (ROOT / "docs/site/contract.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            where, text = line.split("|", 1)
            folder, name = where.split()
            table[folder, name] = text.strip()
    return table


def without_templates(text):
    """The declaration without its template parameter lists and requires clauses."""
    while m := re.match(r"\s*template\s*<", text):
        depth, i = 1, m.end()
        while i < len(text) and depth:
            depth += {"<": 1, ">": -1}.get(text[i], 0)
            i += 1
        text = text[i:].lstrip()
    return text.strip()


def declared_name(statement):
    """The name that a statement in a class declares, or none that a contract could explain."""
    text = without_templates(" ".join(statement.split()))
    if m := re.match(r"using (\w+) =", text):
        return m[1]
    if m := re.match(r"(?:struct|class) (\w+)", text):
        return m[1]
    if re.match(r"(using|friend|typedef|static_assert|public|private|protected|enum)\b", text):
        return None
    if m := re.search(r"(operator\(\)|operator==|\b[\w~]+)\s*\(", text if "operator" in text else text.split("=")[0]):
        return m[1]
    if m := re.match(r"[^=({]*?\b(\w+)\s*(=|\{|;|$)", text):
        return m[1]
    return None


def bare(line):
    """The line without strings, characters and comments, for counting braces."""
    line = re.sub(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)+\'', '""', line)
    return re.sub(r"//.*", "", line)


class Scopes:
    """Which braces are open: N of a namespace, C of a class (public or not), F of anything else."""

    def __init__(self):
        self.open, self.public, self.statement = [], [], ""

    def at_declarations(self):
        return not self.open or self.open[-1] in "NC"

    def in_public_class(self):
        return bool(self.open) and self.open[-1] == "C" and all(self.public)

    def kind(self):
        text = without_templates(" ".join(self.statement.split()))
        if text.startswith(("namespace", "inline namespace", "extern")):
            return "N"
        m = DECLARES_SCOPE.match(re.sub(r"^(typedef|static|friend)\s+", "", text))
        return "C" if m and "(" not in re.sub(r"alignas\s*\([^)]*\)|__attribute__\(\(.*?\)\)", "", text) else "F"

    def read(self, code):
        for c in code:
            if c == "{":
                kind = self.kind()
                self.open.append(kind)
                private = kind == "C" and re.match(r"\s*class\b", without_templates(" ".join(self.statement.split())))
                self.public.append(not private)
                self.statement = ""
            elif c == "}":
                if self.open:
                    self.open.pop()
                    self.public.pop()
                self.statement = ""
            elif c == ";":
                self.statement = ""
            elif c == ":" and re.search(r"\b(public|private|protected)\s*$", self.statement):
                if self.public:
                    self.public[-1] = self.statement.split()[-1] == "public"
                self.statement = ""
            else:
                self.statement += c
        self.statement += " "


def statement_from(lines, i):
    text = ""
    for line in lines[i : i + 12]:
        text += bare(line) + " "
        if re.search(r"[;{]", text):
            break
    return re.split(r"(?<!=\s)[;{]", text)[0] if "{" not in text.split(";")[0] else text.split("{")[0]


def documented_before(lines, i):
    return i > 0 and re.match(r"\s*///", lines[i - 1]) is not None


def at_top_level(text, separator):
    """The pieces of a text between separators that stand in no bracket."""
    pieces, depth = [""], 0
    for c in text:
        depth += {"<": 1, "(": 1, "{": 1, ">": -1, ")": -1, "}": -1}.get(c, 0)
        if c == separator and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += c
    return [p.strip() for p in pieces]


def one_name_each(line):
    """A declaration of several members as several of one, each with the comment, which Doxygen gives to one alone."""
    m = re.match(r"(\s*)(/\*\* .* \*/ )?(\w.*?);(?:\s+///<\s?(.*))?$", line)
    names = at_top_level(m[3], ",") if m else []
    if len(names) < 2 or not all(re.match(r"\w+( = |\{|$)", n) for n in names[1:]):
        return line
    first = re.match(r"(.*?[\w>]) (\w+(?: = .*|\{.*|))$", names[0])
    if not first or first[1] in {"using", "friend"}:
        return line
    comment = m[2] or (f"/** {m[4]} */ " if m[4] else "")
    return m[1] + " ".join(f"{comment}{first[1]} {name};" for name in [first[2], *names[1:]])


def joined(lines):
    """Declarations of members over two lines on one, and an empty line behind."""
    lines = list(lines)
    for k in range(len(lines) - 1):
        if re.match(r"  static constexpr [\w:]+ \w+\{[^}]*\},$", lines[k]):
            lines[k : k + 2] = [lines[k] + " " + lines[k + 1].strip(), ""]
    return lines


def escaped(comment):
    """A line of documentation whose angle brackets outside of code are no HTML."""
    if re.match(r"\s*///<? {4}", comment):
        return comment
    return re.sub(r"`[^`]*`|(?<!///)<", lambda m: "\\<" if m[0] == "<" else m[0], comment)


def staged(path, topic, table):
    """The header's text for Doxygen, with as many lines as it has."""
    lines = joined((ROOT / path).read_text().splitlines())
    folder = topic.replace("_", "/", 1)
    # A topic reaches no further than the braces that it stands in.
    begin, end, namespaces = f"/** @topic{{{topic}}} */", "/** @} */ ", []
    out, scopes, i = [], Scopes(), 0
    while i < len(lines) and lines[i].startswith("//") and not lines[i].startswith("///"):
        out.append(lines[i][2:].strip())
        i += 1
    out[0] = f"/** {out[0]}"
    out[-1] += " @file */"
    previous_trailing, cache_indent = False, None
    for k in range(i, len(lines)):
        line = lines[k]
        if re.match(r"\s*#\s*define (?!BASIN)", line):
            out.append("")
            continue
        if line.lstrip().startswith("#") or line.endswith("\\") or (k and lines[k - 1].endswith("\\")):
            out.append(line)
            continue
        line = line.replace("namespace basin::inline BASIN_ABI", "namespace basin")
        if m := re.match(r"namespace (\w[\w:]*) \{$", line):
            namespaces.append(m[1])
            if "detail" not in m[1]:
                out.append(f"{end if len(namespaces) > 1 else ''}{line} {begin}")
                scopes.read(line)
                continue
        elif line.startswith("}  // namespace"):
            if "detail" not in namespaces.pop():
                line = f"{end}{line.split('//')[0]} {begin if namespaces else ''}"
        fresh = not scopes.statement.strip()
        declarations = scopes.at_declarations() and bool(scopes.open)
        in_class = scopes.in_public_class()
        code = bare(lines[k])
        staged_line = line
        comment = re.match(r"^(\s*\S.*?)(\s+)//(?!/)\s?(.*)$", line)
        if declarations and in_class and comment and code.strip() and not line.lstrip().startswith("//"):
            staged_line = f"{comment[1]}  ///< {comment[3]}"
            previous_trailing = "///<" in staged_line
        elif previous_trailing and re.match(r"^\s{6,}//(?!/)", line):
            staged_line = line.replace("//", "///<", 1)
        else:
            previous_trailing = False
        if fresh and declarations and in_class and code.strip() and "///<" not in staged_line:
            if not documented_before(lines, k):
                name = declared_name(statement_from(lines, k))
                text = table.get((folder, name)) or table.get((folder.split("/")[0], name)) or table.get((".", name))
                if text and (name != "name" or "const char*" in line):
                    indent = len(line) - len(line.lstrip())
                    staged_line = " " * indent + f"/** {text} */ " + line.lstrip()
        if in_class and re.match(r"\s+struct Cache \{$", line):
            staged_line += " /** @cond */"  # its members are nobody else's
            cache_indent = len(line) - len(line.lstrip())
        elif cache_indent is not None and line == " " * cache_indent + "};":
            staged_line = " " * cache_indent + "/** @endcond */ };"
            cache_indent = None
        if in_class and fresh:
            staged_line = one_name_each(staged_line)
        start = staged_line.find("///")
        if start >= 0:
            staged_line = staged_line[:start] + escaped(staged_line[start:])
        out.append(staged_line)
        scopes.read(code)
    return "\n".join(out) + "\n"
