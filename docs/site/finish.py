"""Fills in formulas and links of the site that Doxygen has made, shows the files it has not, and checks every link.

usage: finish.py STAGE SITE
"""
import concurrent.futures
import html
import json
import re
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path
from urllib.parse import unquote

from names import ROOT, anchor_id, page_id, pages, repository_files


# Places that Doxygen links to and does not always make: of private classes, and of friends of templates.
DOXYGENS_OWN = re.compile(r"nested-classes|a[0-9a-f]{32,}")


def mathml(formula):
    """MathML of a formula in TeX, or an error in words."""
    run = subprocess.run(
        ["blahtexml", "--mathml", "--spacing", "strict", "--mathml-encoding", "numeric"],
        input=formula["tex"], capture_output=True, text=True)
    error = re.search(r"<message>(.*?)</message>", run.stdout, re.DOTALL)
    markup = re.search(r"<markup>(.*)</markup>", run.stdout, re.DOTALL)
    if error or not markup:
        words = html.unescape(error[1]) if error else run.stderr.strip()
        return None, f"{formula['page']}: formula {formula['tex']}: {words}"
    display = ' display="block"' if formula["display"] else ""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{display}>{markup[1].strip()}</math>', None


def all_mathml(formulas):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        made = list(pool.map(mathml, formulas))
    return [m for m, _ in made], [error for _, error in made if error]


def doxygen_name(path):
    """How Doxygen spells a path in the name of a page."""
    return "".join({"/": "_2", ".": "_8", "_": "__", " ": "_01", "+": "_09"}.get(c, c) for c in path)


class Addresses:
    """The address on the site of each file of the repository."""

    def __init__(self, site, stage):
        self.site, self.known = site, {}
        for path in pages():
            self.known[path] = page_id(path) + ".html"
        for compound in xml.etree.ElementTree.parse(stage / "tags.xml").getroot():
            if compound.get("kind") == "file" and compound.findtext("path"):
                name = compound.findtext("path") + compound.findtext("name")
                file = compound.findtext("filename")
                self.known[name.split(str(stage) + "/")[-1]] = file if file.endswith(".html") else file + ".html"
            if compound.get("kind") == "group":
                folder = "include/basin/" + compound.findtext("name").replace("_", "/")
                self.known[folder] = compound.findtext("filename")
        self.files = repository_files()
        self.template = self.frame()

    def frame(self):
        """What stands around the content of any page."""
        page = (self.site / "programs.html").read_text()
        start, end = page.index('<div class="header">'), page.index("<!-- end of contents -->")
        return page[:start], page[end:]

    def of(self, target):
        path, _, anchor = target.partition("#")
        path = path.rstrip("/")
        if path not in self.known:
            self.known[path] = self.example(path) or self.source(path)
        address = self.known[path]
        if address and anchor:
            anchor = anchor_id(path, anchor) if path.endswith(".md") else anchor
            return f"{address}#{anchor}"
        return address

    def example(self, path):
        name = doxygen_name(path) + "-example.html"
        return name if (self.site / name).exists() else None

    def source(self, path):
        """A page for a file that is none of Doxygen's: a test, a script, a folder."""
        if path in self.files:
            lines = (ROOT / path).read_text(errors="replace").splitlines()
            body = "\n".join(f'<span id="L{i}">{html.escape(line)}</span>' for i, line in enumerate(lines, 1))
            body = f'<pre class="plain">{body}</pre>'
        else:
            inside = sorted(f for f in self.files if f.startswith(path + "/"))
            if not inside:
                return None
            body = "<ul>" + "".join(f'<li><a href="repo:{f}">{html.escape(f)}</a></li>' for f in inside) + "</ul>"
        name = "source_" + re.sub(r"\W", "_", path) + ".html"
        before, after = self.template
        before = re.sub(r"<title>.*?</title>", f"<title>{html.escape(path)}</title>", before)
        title = f'<div class="header"><div class="headertitle"><div class="title">{html.escape(path)}</div></div></div>'
        (self.site / name).write_text(f'{before}{title}<div class="contents">{body}</div>{after}')
        return name


def fill_in(site, addresses, formulas):
    """Formulas and addresses into all pages, those included that come up on the way; what is wrong with them."""
    problems, done = [], set()
    while todo := [f for f in sorted(site.glob("*.html")) if f not in done]:
        for file in todo:
            done.add(file)

            def address(m):
                found = addresses.of(html.unescape(unquote(m[1])))
                if not found:
                    problems.append(f"{file.name}: no page for {m[1]}")
                return f'href="{found}"'

            text = file.read_text()
            new = re.sub(r'href="repo:([^"]*)"', address, text)
            new = re.sub(r"xformula(\d+)x", lambda m: formulas[int(m[1])] or "", new)
            if new != text:
                file.write_text(new)
    return problems


def name_formulas_in_search(site, formulas):
    for file in (site / "search").glob("*.js"):
        text = file.read_text()
        new = re.sub(r"xformula(\d+)x", lambda m: json.dumps(formulas[int(m[1])]["tex"])[1:-1].replace("'", "\\'"), text)
        if new != text:
            file.write_text(new)


def check_links(site):
    """Every href and src of the site that does not lead out of it leads to a file, and to a place in it."""
    text = {f.name: f.read_text() for f in site.glob("*.html")}
    places = {name: set(re.findall(r'\b(?:id|name)="([^"]*)"', page)) for name, page in text.items()}
    problems = set()
    for name, page in text.items():
        for target in set(re.findall(r'\b(?:href|src)="([^"]*)"', page)):
            target = html.unescape(target)
            if re.match(r"(https?|mailto|javascript|data):", target):
                continue
            file, _, place = target.partition("#")
            file = unquote(file) or name
            if not (site / file).exists():
                problems.add(f"{name}: {target} leads nowhere")
            elif place and file in places and place not in places[file] and not DOXYGENS_OWN.fullmatch(place):
                problems.add(f"{name}: {target}: no such place there")
    return sorted(problems)


def main():
    stage, site = Path(sys.argv[1]), Path(sys.argv[2])
    formulas = json.loads((stage / "formulas.json").read_text())
    drawn, problems = all_mathml(formulas)
    problems += fill_in(site, Addresses(site, stage), drawn)
    name_formulas_in_search(site, formulas)
    problems += check_links(site)
    for problem in problems:
        print(f"docs/build: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
