#include "support/report_summary.hpp"

#include <cmath>  // std::isfinite

#include "support/html.hpp"      // escape_html, whole_numbers
#include "support/progress.hpp"  // duration
#include "support/text.hpp"      // text

namespace basin::examples {

std::string badge(const std::string& kind, const std::string& what) {
  return text("<span class=\"badge", kind.empty() ? "" : " ", kind, "\">", escape_html(what), "</span>");
}

EntryState state_of(const ReportEntry& e) {
  const Result& r = e.result;
  if (!e.problem.empty()) return {"bad", "unreadable"};
  if (!r.error.empty()) return {"bad", "failed"};
  if (r.interrupted) return {"bad", "interrupted"};
  const Tally t = r.tally();
  if (t.all() == 0) return {"", "no claims"};
  if (t.outside > 0) return {"bad", text(t.outside, " of ", t.promised(), " outside")};
  const std::size_t fail = t.paper.fail + t.ours.fail;
  if (fail > 0) return {"fair", text(fail, fail == 1 ? " does not hold" : " do not hold")};
  if (t.paper.hold + t.ours.hold == 0) return {"", "measured"};
  return {"good", t.paper.not_judged + t.ours.not_judged == 0 ? "all hold" : "all judged hold"};
}

std::string short_name(const ReportEntry& e) {
  std::string name = e.problem.empty() && !e.result.name.empty() ? e.result.name : e.file;
  for (char& c : name)
    if (c == '_') c = ' ';
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return name;
}

std::string title_of(const ReportEntry& e) {
  const std::string title = e.result.title.empty() ? e.result.name : e.result.title;
  return !e.problem.empty() || title.empty() ? e.file : title;
}

std::string item_id(std::size_t item) { return text("item", item); }
std::string claim_id(std::size_t item, std::size_t claim) { return text("item", item, "-claim", claim); }

Tally tally_of(const std::vector<ReportEntry>& entries) {
  Tally tally;
  for (const ReportEntry& e : entries) tally += e.result.tally();
  return tally;
}

namespace {

/// A part of a bar: how many, of which kind, what they are, and where they are listed ("": nowhere).
struct Part {
  std::size_t count;
  std::string kind, words, link;
};

/// A bar in parts with what they are, or "" where there is nothing.
std::string tile(const std::string& title, const std::vector<Part>& parts) {
  std::string bar, list;
  for (const Part& p : parts) {
    if (p.count == 0) continue;
    bar += text("<span class=\"", p.kind, "\" style=\"flex:", p.count, "\"></span>");
    const std::string words = text("<strong>", p.count, "</strong> ", escape_html(p.words));
    list += text("<li><span class=\"dot ", p.kind, "\"></span>",
                 p.link.empty() ? words : text("<a href=\"#", p.link, "\">", words, "</a>"), "</li>");
  }
  if (list.empty()) return "";
  return text("<div class=\"tile\"><h3>", title, "</h3><div class=\"bar\" aria-hidden=\"true\">", bar,
              "</div><ul>", list, "</ul></div>\n");
}

/// How many entries ended so.
std::size_t count_words(const std::vector<ReportEntry>& entries, const std::string& words) {
  std::size_t n = 0;
  for (const ReportEntry& e : entries) n += state_of(e).words == words;
  return n;
}

std::string tiles_html(const std::vector<ReportEntry>& entries, std::size_t missing) {
  const Tally t = tally_of(entries);
  const auto statements = [](const std::string& title, const Tally::Statements& s, const std::string& link) {
    return tile(title, {{s.hold, "good", s.hold == 1 ? "holds" : "hold", ""},
                        {s.fail, "fair", s.fail == 1 ? "does not hold" : "do not hold", link},
                        {s.not_judged, "", "measured only", ""}});
  };
  const std::size_t failed = count_words(entries, "failed"), cut = count_words(entries, "interrupted"),
                    unreadable = count_words(entries, "unreadable");
  return text("<div class=\"tiles\">\n", statements("Statements of the paper", t.paper, "fails"),
              statements("Statements of ours", t.ours, "fails"),
              tile("Promised numbers", {{t.kept, "good", "as promised", ""},
                                        {t.outside, "bad", "outside", "surprised"},
                                        {t.nothing_promised, "", "nothing promised", ""}}),
              tile("Programs", {{entries.size() - failed - cut - unreadable, "good", "ran to the end", ""},
                                {failed, "bad", "failed", "surprised"},
                                {cut, "bad", "interrupted", "surprised"},
                                {unreadable, "bad", "left a file that cannot be read", "surprised"},
                                {missing, "", "not run", "missing"}}),
              "</div>\n");
}

/// Where a claim is: the item and its id, which may begin with the item's name.
std::string place_of(const ReportEntry& e, const Claim& c) {
  std::string name = short_name(e), id = c.id;
  for (std::string* s : {&name, &id})
    for (char& letter : *s)
      if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return id.rfind(name, 0) == 0 ? short_name(e) + c.id.substr(name.size()) : short_name(e) + ", " + c.id;
}

/// One line of a list of claims: where it is, what it says, and what was found.
std::string line_html(const ReportEntry& e, std::size_t item, std::size_t claim, const char* kind,
                      bool with_promise) {
  const Claim& c = e.result.claims[claim];
  std::string found = "measured " + whole_numbers(c.measured);
  if (!c.ours() && !c.paper.empty()) found = text("the paper: ", whole_numbers(c.paper), "; ", found);
  if (with_promise) found += text("; promised: ", whole_numbers(c.band));
  return text("<li class=\"", kind, "\"><a href=\"#", claim_id(item, claim), "\">",
              escape_html(place_of(e, c)), "</a> ", whole_numbers(c.statement), "<div class=\"found\">",
              found, "</div></li>\n");
}

/// The claims that `wanted` takes, as lines.
template <class Wanted>
std::string lines_html(const std::vector<ReportEntry>& entries, const char* kind, bool with_promise,
                       const Wanted& wanted) {
  std::string lines;
  for (std::size_t k = 0; k < entries.size(); ++k)
    for (std::size_t i = 0; i < entries[k].result.claims.size(); ++i)
      if (wanted(entries[k].result.claims[i])) lines += line_html(entries[k], k, i, kind, with_promise);
  return lines;
}

std::string surprises_html(const std::vector<ReportEntry>& entries) {
  std::string lines;
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const ReportEntry& e = entries[k];
    const std::string words = state_of(e).words;
    const std::string why = !e.problem.empty()        ? e.problem
                            : !e.result.error.empty() ? e.result.error
                            : e.result.interrupted    ? "What was finished by then is below."
                                                      : "";
    if (!why.empty())
      lines += text("<li class=\"bad\"><a href=\"#", item_id(k), "\">", escape_html(short_name(e)), "</a> ",
                    escape_html(words), "<div class=\"found\">", escape_html(why), "</div></li>\n");
  }
  lines += lines_html(entries, "bad", true, [](const Claim& c) { return c.state() == ClaimState::outside; });
  return text(
      "<h3 id=\"surprised\">What surprised</h3>\n<p class=\"note\">Numbers that are not where they were "
      "promised, and programs that did not run to their end.</p>\n",
      lines.empty() ? "<p>Nothing: every program ran to its end, and every number lies where it was "
                      "promised.</p>\n"
                    : "<ul class=\"glance\">\n" + lines + "</ul>\n");
}

std::string failures_html(const std::vector<ReportEntry>& entries) {
  const auto fails = [](bool ours) {
    return [ours](const Claim& c) { return c.judged && !c.holds && c.ours() == ours; };
  };
  const std::string paper = lines_html(entries, "fair", false, fails(false)),
                    ours = lines_html(entries, "fair", false, fails(true));
  return text("<h3 id=\"fails\">What does not hold</h3>\n",
              paper.empty() ? "<p>No statement of the paper that was judged here.</p>\n"
                            : "<ul class=\"glance\">\n" + paper + "</ul>\n",
              ours.empty() ? "" : "<p>Of our own:</p>\n<ul class=\"glance\">\n" + ours + "</ul>\n");
}

std::string holds_html(const std::vector<ReportEntry>& entries) {
  const std::string lines =
      lines_html(entries, "good", false, [](const Claim& c) { return c.judged && c.holds; });
  const Tally t = tally_of(entries);
  const std::size_t n = t.paper.hold + t.ours.hold;
  if (lines.empty()) return "<h3 id=\"holds\">What holds</h3>\n<p>Nothing that was judged here.</p>\n";
  return text("<h3 id=\"holds\">What holds</h3>\n<details><summary>", n,
              n == 1 ? " statement" : " statements", ", ", t.paper.hold,
              " of the paper</summary><ul class=\"glance\">\n", lines, "</ul></details>\n");
}

std::string missing_html(const std::vector<std::string>& missing) {
  if (missing.empty()) return "";
  std::string names;
  for (const std::string& name : missing) names += (names.empty() ? "" : ",") + name;
  return text("<h3 id=\"missing\">What was not run</h3>\n<p>", missing.size(),
              missing.size() == 1 ? " program has" : " programs have",
              " no result here.</p>\n<p class=\"command\">Run ", missing.size() == 1 ? "it" : "them",
              ": <code>examples/reproduce --only ", escape_html(names), "</code></p>\n");
}

}  // namespace

std::string summary_html(const std::vector<ReportEntry>& entries, const std::vector<std::string>& missing) {
  return text(tiles_html(entries, missing.size()), surprises_html(entries), failures_html(entries),
              holds_html(entries), missing_html(missing));
}

std::string cards_html(const std::vector<ReportEntry>& entries) {
  std::string html = "<ul class=\"cards\">\n";
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const ReportEntry& e = entries[k];
    const EntryState state = state_of(e);
    const Tally t = e.result.tally();
    std::string facts;
    const auto fact = [&](const std::string& what) {
      facts += text(facts.empty() ? "" : " &middot; ", "<span>", what, "</span>");
    };
    if (const std::size_t judged = t.paper.hold + t.paper.fail; judged > 0)
      fact(text(t.paper.hold, " of ", judged, " of the paper"));
    if (t.promised() > 0) fact(text(t.kept, " of ", t.promised(), " promises"));
    if (e.problem.empty() && std::isfinite(e.result.seconds)) fact(duration(e.result.seconds));
    html += text("<li><a href=\"#", item_id(k), "\"><span class=\"thumb\" data-of=\"", item_id(k),
                 "\"></span><span class=\"text\"><strong>", escape_html(short_name(e)), "</strong>",
                 escape_html(title_of(e)), " ", badge(state.kind, state.words), "<span class=\"facts\">",
                 facts, "</span></span></a></li>\n");
  }
  return html + "</ul>\n";
}

}  // namespace basin::examples
