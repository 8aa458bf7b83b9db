"""Writes into STAGE what Doxygen reads: pages, headers and programs, with what links them to each other; and into
the folder `commented` beside it the headers with comments as Doxygen wants them, which docs/build filters in.

usage: stage.py STAGE
"""
import html
import json
import posixpath
import re
import shutil
import sys
from pathlib import Path

import headers
from names import ROOT, first_sentence, link, opening_comment, pages, repository_files
from pages import Page


def write(stage, path, text):
    target = stage / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def topic_of(header):
    folder = posixpath.dirname(header[len("include/basin/") :])
    return folder.replace("/", "_") or "whole"


def documented(path):
    return path.startswith("include/basin/") and path.endswith(".hpp") and "/instantiate" not in path


def links(paths):
    return ", ".join(link(p) for p in paths)


def related(path, mentioned_by, files):
    """What else there is about a header or program: pages that name it, its tests."""
    lines = []
    if mentioned_by.get(path):
        lines.append("Pages: " + ", ".join(link(p) for p in sorted(mentioned_by[path])) + ".")
    tests = [f for f in files if f.startswith("tests/") and f.endswith(".cpp") and includes(f, path)]
    if tests:
        lines.append("Tests: " + links(sorted(tests)) + ".")
    return "<br>".join(lines)


_includes = {}


def includes(file, header):
    """Whether a source file includes a header of the library."""
    if file not in _includes:
        _includes[file] = set(re.findall(r'^#include "(basin/[^"]+)"', (ROOT / file).read_text(), re.MULTILINE))
    return header.removeprefix("include/") in _includes[file]


def stage_pages(stage, files, formulas):
    mentioned_by, problems = {}, []
    for path in pages():
        page = Page(path, files, formulas)
        text = page.staged()
        for mention in page.mentions:
            mentioned_by.setdefault(mention, set()).add(path)
        program = f"examples/paper/{Path(path).stem}.cpp"
        if path.startswith("docs/paper/") and program in files:
            mentioned_by.setdefault(program, set()).add(path)
            text += f"\n<hr>\nProgram: {link(program)}.\n"
        write(stage, path, text)
        problems += [f"{path}: {p}" for p in page.problems]
    return mentioned_by, problems


def stage_headers(stage, files, mentioned_by):
    table = headers.contract()
    notes = []
    for path in sorted(f for f in files if documented(f)):
        write(stage, path, (ROOT / path).read_text())
        write(stage.parent / "commented", path, headers.staged(path, topic_of(path), table))
        about = related(path, mentioned_by, files)
        if about:
            notes.append(f"/** @file {path}\n\n<p class=\"related\">{about}</p> */")
    write(stage, "related.dox", "\n".join(notes) + "\n")


def stage_examples(stage, files, mentioned_by):
    """Each program with its opening comment; the list of them is a page."""
    sources = sorted(f for f in files if f.startswith("examples/") and f.endswith(".cpp"))
    programs = [f for f in sources if "int main" in (ROOT / f).read_text()]
    notes = []
    listed = ["/** @page programs Programs", "What each program asks; its source leads into the reference.", "<table>"]
    for path in programs:
        comment = html.escape(opening_comment(path), quote=False).replace("@", "\\@").replace("\\", "\\\\")
        name = link(path, path.removeprefix("examples/"))
        listed.append(f"<tr><td>{name}</td><td>{first_sentence(comment)}</td></tr>")
        about = related(path, mentioned_by, [])
        write(stage, path, (ROOT / path).read_text())
        notes.append(f"/** @example {path}\n@details {comment}\n\n<p class=\"related\">{about}</p> */")
    listed.append("</table> */")
    write(stage, "examples.dox", "\n".join(listed + notes) + "\n")


def main():
    stage = Path(sys.argv[1])
    files, formulas = repository_files(), {}
    shutil.rmtree(stage, ignore_errors=True)
    mentioned_by, problems = stage_pages(stage, files, formulas)
    stage_headers(stage, files, mentioned_by)
    stage_examples(stage, files, mentioned_by)
    shutil.copy(ROOT / "docs/site/topics.dox", stage)
    known = [{"tex": tex, "display": display, "page": page} for (tex, display), (_, page) in formulas.items()]
    write(stage, "formulas.json", json.dumps(known))
    for problem in problems:
        print(f"docs/build: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
