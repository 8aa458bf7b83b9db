"""Markdown pages as GitHub shows them, turned into Markdown as Doxygen 1.9 reads it.

Links become repo:FILE#ANCHOR, formulas placeholders; finish.py fills in both. Code that names a file of the
repository becomes a link to it.
"""
import html
import posixpath
import re

from names import ROOT, anchor_id, page_id, slug

TOKENS = re.compile(
    r"(?P<code>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
    r"|\$\$(?P<display>.+?)\$\$"
    r"|(?<![\w$\\])\$(?P<math>[^\s$](?:[^$]*?[^\s$\\])?)\$(?!\w)"
    r"|(?P<link>(?P<picture>!?)\[(?P<text>(?:[^][]|\[[^]]*\])*)\]\((?P<target>[^()\s]+)\))"
    r"|(?P<tag></?(?:sub|sup|br|img|details|summary|b|i|p)\b[^<>]*>|<https?://[^>]*>)"
    r"|(?P<special>[<@\\]|#(?=\w))"
)


class Page:
    def __init__(self, path, files, formulas):
        self.path, self.files, self.formulas = path, files, formulas
        self.mentions = []  # files of the repository that the page names, in order
        self.problems = []
        self.anchors = {}
        self.in_link = False

    def formula(self, tex, display):
        key = (" ".join(tex.split()), display)
        self.formulas.setdefault(key, (len(self.formulas), self.path))
        return f"xformula{self.formulas[key][0]}x"

    def target(self, target):
        """repo:FILE#ANCHOR of a link as it stands on the page."""
        if re.match(r"[a-z]+:", target):
            return target
        file, _, anchor = target.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), file)) if file else self.path
        if path not in self.files and not any(f.startswith(path + "/") for f in self.files):
            self.problems.append(f"link to {target}, which is no file of the repository")
        self.mentions.append(path)
        return f"repo:{path}#{anchor}" if anchor else f"repo:{path}"

    def named_file(self, name):
        """The file that a piece of code names: from the root, from include/basin, or beside the last one named."""
        if not re.fullmatch(r"[\w./-]+(\.\w+|/)|examples/\w+|bench/run|tests/run|\.ci/run|cmake/\w+", name):
            return None
        beside = [posixpath.dirname(m) + "/" + name for m in self.mentions[-1:]]
        for path in [name, "include/basin/" + name, "include/" + name, *beside]:
            path = path.rstrip("/")
            if path in self.files or (name.endswith("/") and any(f.startswith(path + "/") for f in self.files)):
                return path
        return None

    def code(self, span, ticks):
        content = span[len(ticks) : -len(ticks)]
        path = self.named_file(content)
        if path and not self.in_link and (path in self.files or path.startswith("include/basin/")):
            self.mentions.append(path)
            return f'<a href="repo:{path}"><code>{html.escape(content)}</code></a>'
        # Doxygen ends a span of one backtick at an apostrophe.
        return f"`` {content} ``" if "'" in content or "`" in content else f"`{content}`"

    def token(self, m):
        if m["code"]:
            return self.code(m["code"], m["ticks"])
        if m["display"] or m["math"]:
            return self.formula(m["display"] or m["math"], bool(m["display"]))
        if m["picture"]:
            self.target(m["target"])
            return f'<img src="{posixpath.basename(m["target"])}" alt="{html.escape(m["text"])}"/>'
        if m["link"]:
            self.in_link = True
            text = self.inline(m["text"])
            self.in_link = False
            return f'<a href="{self.target(m["target"])}">{text}</a>'
        if m["tag"]:
            return m["tag"]
        return {"<": "&lt;", "@": "\\@", "\\": "\\\\", "#": "\\#"}[m["special"]]

    def inline(self, text):
        return TOKENS.sub(self.token, text)

    def heading(self, line):
        marks, title = re.match(r"(#+)\s+(.*)", line).groups()
        if len(marks) == 1:
            name = "mainpage" if self.path == "README.md" else page_id(self.path)
            return f"# {self.inline(title)} {{#{name}}}"
        anchor = slug(title)
        again = self.anchors[anchor] = self.anchors.get(anchor, -1) + 1
        anchor += f"-{again}" if again else ""
        return f"{marks} {self.inline(title)} {{#{anchor_id(self.path, anchor)}}}"

    def staged(self):
        """The page's text for Doxygen, with as many lines as it has."""
        out, fence, before, block = [], False, "", []

        def flush():
            if block:
                out.extend(self.inline("\n".join(block)).split("\n"))
                block.clear()

        for line in (ROOT / self.path).read_text().splitlines():
            code = fence or re.match(r"\s*```", line) or (line.startswith("    ") and (not before.strip() or in_code))
            if re.match(r"\s*```", line):
                flush()
                fence = not fence
                out.append(line)
            elif code:
                flush()
                out.append(line)
            elif line.startswith("#"):
                flush()
                out.append(self.heading(line))
            elif line.startswith("|"):
                flush()
                out.append(self.inline(line))
            elif not line.strip():
                flush()
                out.append(line)
            else:
                block.append(line)
            in_code = bool(code) and not fence
            before = line
        flush()
        return "\n".join(out) + "\n"
