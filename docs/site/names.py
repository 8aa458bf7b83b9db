"""Names that the stage and the finish of the companion site share: files of the repository and pages of the site."""
import html
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "docs/paper/*.md"]


def repository_files():
    """All files of the repository, relative to it; a copy without git history has those that are there."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return {f for f in listed.stdout.splitlines() if (ROOT / f).exists()}
    return {
        str(f.relative_to(ROOT))
        for f in ROOT.rglob("*")
        if f.is_file() and f.relative_to(ROOT).parts[0] not in {"build", "out", ".git"}
    }


def pages():
    return sorted({str(f.relative_to(ROOT)) for pattern in PAGES for f in ROOT.glob(pattern)})


def page_id(path):
    """docs/paper/theorem_1.md is the page docs_paper_theorem_1; README.md the first page."""
    return "index" if path == "README.md" else re.sub(r"\W", "_", path[: -len(".md")])


def slug(title):
    """The anchor that GitHub gives to a heading."""
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).replace("`", "").strip().lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain))


def anchor_id(path, anchor):
    """Anchors of all pages share one space of names in Doxygen."""
    return f"{page_id(path)}--{anchor}"


def opening_comment(path):
    """The comment at the top of a source file, as one line of text."""
    lines = []
    for line in (ROOT / path).read_text().splitlines():
        if not line.startswith("//"):
            break
        lines.append(line[2:].strip())
    return " ".join(lines)


def first_sentence(text):
    return re.split(r"(?<=[.:])\s", text, maxsplit=1)[0].rstrip(":")


def link(path, text=None):
    """A link to a file of the repository, whose address the finish fills in."""
    return f'<a href="repo:{path}">{html.escape(text or path)}</a>'
