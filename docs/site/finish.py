"""Fills in formulas and links of the site that Doxygen has made, shows the files it has not, and checks every link.

usage: finish.py STAGE SITE
"""
import ast
import concurrent.futures
import html
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path
from urllib.parse import unquote

from names import ROOT, anchor_id, page_id, pages, repository_files


# Places that Doxygen links to and does not always make: of private classes, and of friends of templates.
DOXYGENS_OWN = re.compile(r"nested-classes|a[0-9a-f]{32,}")

DOXYGENS_SEARCH = re.compile(r'<script type="text/javascript">.*?</script>|<div id="MSearch.*?</div>', re.DOTALL)


def mathml(formula):
    """MathML of a formula in TeX, or an error in words."""
    run = subprocess.run(
        ["blahtexml", "--mathml", "--spacing", "strict", "--mathml-encoding", "numeric"],
        input=re.sub(r"\\[dt]frac\b", r"\\frac", formula["tex"]), capture_output=True, text=True)
    error = re.search(r"<message>(.*?)</message>", run.stdout, re.DOTALL)
    markup = re.search(r"<markup>(.*)</markup>", run.stdout, re.DOTALL)
    if error or not markup:
        words = html.unescape(error[1]) if error else run.stderr.strip()
        return None, f"{formula['page']}: formula {formula['tex']}: {words}"
    display = ' display="block"' if formula["display"] else ""
    content = re.sub(r"(<mo[^>]*>)-(</mo>)", r"\1&#x2212;\2", markup[1].strip())
    # Fonts without tables for mathematics have raised the prime already.
    prime = '<mtext style="font-family: serif">&#x2032;</mtext>'
    content = re.sub(r"<msup>(<mi[^>]*>[^<]*</mi>)<mo[^>]*>&#x2032;</mo></msup>", rf"<mrow>\1{prime}</mrow>", content)
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{display}>{content}</math>', None


def all_mathml(formulas):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        made = list(pool.map(mathml, formulas))
    return [m for m, _ in made], [error for _, error in made if error]


def doxygen_name(path):
    """How Doxygen spells a path in the name of a page."""
    return "".join({"/": "_2", ".": "_8"}.get(c, c) for c in path)


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
        line = re.fullmatch(r"L(\d+)", anchor)
        if address and line and address.endswith("_8hpp.html"):
            return address.replace(".html", f"_source.html#l{int(line[1]):05}")
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
            new = re.sub(r'<h2 class="groupheader">(Detailed )?Description</h2>', "", new)
            new = DOXYGENS_SEARCH.sub("", new)
            new = re.sub(r"xformula(\d+)x", lambda m: formulas[int(m[1])] or "", new)
            if new != text:
                file.write_text(new)
    return problems


def reference(stage):
    """The addresses of functions, classes and constants of the library by their names, those of one address alone."""
    found = {}
    for compound in xml.etree.ElementTree.parse(stage / "tags.xml").getroot():
        name, kind = compound.findtext("name"), compound.get("kind")
        if kind in {"class", "struct", "concept"} and re.fullmatch(r"basin::\w+", name):
            found.setdefault(name.removeprefix("basin::"), set()).add(compound.findtext("filename"))
        if kind == "namespace" and name == "basin":
            for member in compound.findall("member"):
                address = f"{member.findtext('anchorfile')}#{member.findtext('anchor')}"
                found.setdefault(member.findtext("name"), set()).add(address)
    return {name: sorted(places)[0] for name, places in found.items() if len({p.split("#")[0] for p in places}) == 1}


def link_code(site, known):
    """Code on pages that begins with a name of the library leads to it."""

    def linked(m):
        if m[1] or m[2] not in known:
            return m[0]
        return f'<code><a href="{known[m[2]]}">{m[2]}</a>{m[3]}</code>'

    for path in pages():
        file = site / (page_id(path) + ".html")
        text = file.read_text()
        file.write_text(re.sub(r'(<a\b[^>]*>)?<code>(\w+)((?:[(&{][^<]*)?)</code>', linked, text))


def text_of(markup):
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<math.*?</math>", "", markup, flags=re.DOTALL))).strip()


def doxygen_search_entries(site):
    """[name, address, where] of all that Doxygen has put into its own search."""
    for file in sorted((site / "search").glob("all_*.js")):
        data = file.read_text()
        for _, (name, *places) in ast.literal_eval(data[data.index("[") : data.rindex("]") + 1]):
            for address, _, where in places:
                where = html.unescape(where).split("(")[0] or "file"
                yield [html.unescape(name), address.removeprefix("../"), where]


def heading_entries(site):
    """The same of the headings of pages."""
    for path in pages():
        page = (site / (page_id(path) + ".html")).read_text()
        title = text_of(re.search(r'<div class="title">(.*?)</div>', page, re.DOTALL)[1])
        for place, heading in re.findall(r'<h\d><a class="anchor" id="([^"]*)"></a>(.*?)</h\d>', page, re.DOTALL):
            yield [text_of(heading), f"{page_id(path)}.html#{place}", title]


def make_search(site):
    """One index for search.js, in place of the pages and scripts that Doxygen searches with."""
    entries = [e for e in doxygen_search_entries(site) if "xformula" not in e[0]]
    entries += heading_entries(site)
    unique = sorted({(name, where): (name, address, where) for name, address, where in entries}.values())
    (site / "search-index.js").write_text("window.searchIndex = " + json.dumps(unique, separators=(",", ":")) + ";\n")
    shutil.rmtree(site / "search")
    for leftover in ["jquery.js", "dynsections.js", "doxygen.svg", "tabs.css"]:
        (site / leftover).unlink(missing_ok=True)


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
    link_code(site, reference(stage))
    make_search(site)
    problems += check_links(site)
    for problem in problems:
        print(f"docs/build: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
