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
    """The declaration that begins on line i, up to its semicolon or body."""
    return re.split(r"[;{]", " ".join(map(bare, lines[i : i + 12])))[0]


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


def explained(table, folder, lines, k):
    """Line k, which begins a member, with the contract's words for it if it has none of its own."""
    line = lines[k]
    name = declared_name(statement_from(lines, k))
    text = table.get((folder, name)) or table.get((folder.split("/")[0], name)) or table.get((".", name))
    if not text or documented_before(lines, k) or (name == "name" and "const char*" not in line):
        return line
    return line[: len(line) - len(line.lstrip())] + f"/** {text} */ " + line.lstrip()


class Header:
    """Goes through a header line by line."""

    def __init__(self, path, topic, table):
        self.lines = joined((ROOT / path).read_text().splitlines())
        self.folder, self.table = topic.replace("_", "/", 1), table
        # A topic reaches no further than the braces that it stands in.
        self.begin, self.end, self.namespaces = f"/** @topic{{{topic}}} */", "/** @} */ ", []
        self.scopes, self.trailing, self.cache_indent = Scopes(), False, None

    def staged(self):
        """The header's text for Doxygen, with as many lines as it has."""
        k = next((k for k, line in enumerate(self.lines) if not line.startswith("//")), 0)
        out = [line[2:].strip() for line in self.lines[:k]]
        if out:
            out[0], out[-1] = f"/** {out[0]}", (f"/** {out[0]}" if len(out) == 1 else out[-1]) + " @file */"
        return "\n".join(out + [self.line(i) for i in range(k, len(self.lines))]) + "\n"

    def line(self, k):
        line = self.lines[k]
        if re.match(r"\s*#\s*define (?!BASIN)", line):
            return ""
        if line.lstrip().startswith("#") or line.endswith("\\") or self.lines[k - 1].endswith("\\"):
            return line
        line = self.namespace(line.replace("namespace basin::inline BASIN_ABI", "namespace basin"))
        in_class = self.scopes.in_public_class()
        fresh = in_class and not self.scopes.statement.strip()
        if in_class:
            line = self.member(k, line, fresh)
        self.scopes.read(bare(self.lines[k]))
        start = line.find("///")
        return line[:start] + escaped(line[start:]) if start >= 0 else line

    def namespace(self, line):
        """Begins the topic inside of a namespace, and ends it there."""
        if m := re.match(r"namespace (\w[\w:]*) \{$", line):
            self.namespaces.append(m[1])
            if "detail" not in m[1]:
                return f"{self.end if len(self.namespaces) > 1 else ''}{line} {self.begin}"
        elif line.startswith("}  // namespace") and "detail" not in self.namespaces.pop():
            return f"{self.end}{line.split('//')[0]} {self.begin if self.namespaces else ''}"
        return line

    def member(self, k, line, fresh):
        """A line of a public class, with its comment where Doxygen looks for it."""
        comment = re.match(r"^(\s*[^\s/].*?)\s+//(?!/)\s?(.*)$", line)
        if comment:
            line = f"{comment[1]}  ///< {comment[2]}"
        elif self.trailing and re.match(r"\s{6,}//(?!/)", line):
            return line.replace("//", "///<", 1)
        elif fresh and bare(line).strip():
            line = explained(self.table, self.folder, self.lines, k)
        self.trailing = comment is not None
        if re.match(r"\s+struct Cache \{$", self.lines[k]):
            line += " /** @cond */"  # its members are nobody else's
            self.cache_indent = self.lines[k].index("s")
        elif self.cache_indent is not None and line == " " * self.cache_indent + "};":
            line = " " * self.cache_indent + "/** @endcond */ };"
            self.cache_indent = None
        return one_name_each(line) if fresh else line


def staged(path, topic, table):
    return Header(path, topic, table).staged()
