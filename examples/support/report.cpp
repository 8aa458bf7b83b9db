#include "support/report.hpp"

#include <algorithm>     // std::find, std::sort
#include <chrono>        // std::chrono
#include <cmath>         // std::isfinite
#include <ctime>         // std::strftime
#include <set>           // std::set
#include <system_error>  // std::error_code

#include "basin/core/error.hpp"      // FileError
#include "basin/data/bytes.hpp"      // read_plain_bytes, Bytes
#include "basin/io/atomic_file.hpp"  // write_atomically
#include "support/html.hpp"          // escape_html, figure_html, page_head, percent_encoded, whole_numbers
#include "support/paper_places.hpp"  // place_in_paper, paper_address
#include "support/progress.hpp"      // duration
#include "support/text.hpp"          // text

namespace basin::examples {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t largest_json = std::size_t(64) << 20;

/// "figure_2" before "figure_10": runs of digits compare as numbers.
bool natural_less(const std::string& a, const std::string& b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (digit(a[i]) && digit(b[j])) {
      const auto run = [&](const std::string& s, std::size_t& k) {
        while (k < s.size() && s[k] == '0') ++k;
        const std::size_t start = k;
        while (k < s.size() && digit(s[k])) ++k;
        return s.substr(start, k - start);
      };
      const std::string m = run(a, i), n = run(b, j);
      if (m.size() != n.size()) return m.size() < n.size();
      if (m != n) return m < n;
    } else if (a[i] != b[j]) {
      return a[i] < b[j];
    } else {
      ++i;
      ++j;
    }
  }
  if ((i < a.size()) != (j < b.size())) return j < b.size();
  return a < b;
}

/// `kind`: good, fair, bad, or "" for what is neither.
std::string badge(const std::string& kind, const std::string& what) {
  return text("<span class=\"badge", kind.empty() ? "" : " ", kind, "\">", escape_html(what), "</span>");
}

/// How an entry ended, in a word or two.
std::string state_badge(const ReportEntry& e) {
  const Result& r = e.result;
  if (!e.problem.empty()) return badge("bad", "unreadable");
  if (!r.error.empty()) return badge("bad", "failed");
  if (r.interrupted) return badge("bad", "interrupted");
  const Tally t = r.tally();
  if (t.all() == 0) return badge("", "no claims");
  if (t.outside > 0) return badge("bad", text(t.outside, " of ", t.promised(), " outside"));
  const std::size_t fail = t.paper.fail + t.ours.fail;
  if (fail > 0) return badge("fair", text(fail, fail == 1 ? " does not hold" : " do not hold"));
  if (t.paper.hold + t.ours.hold == 0) return badge("", "measured");
  return badge("good", t.paper.not_judged + t.ours.not_judged == 0 ? "all hold" : "all judged hold");
}

/// Whether the sentence holds, and how the number stands to its band.
std::string claim_badges(const Claim& c) {
  const std::string verdict = !c.judged ? badge("", "measured")
                              : c.holds ? badge("good", "holds")
                                        : badge("fair", "does not hold");
  if (c.state() == ClaimState::outside)
    return verdict + " " + badge("bad", c.promise == Promise::guard ? "changed: outside" : "outside");
  if (c.state() == ClaimState::nothing_promised) return verdict;
  return verdict + (c.judged && c.holds && c.promise == Promise::statement ? "" : " " + badge("", "kept"));
}

/// What is promised of the number.
std::string promise_html(const Claim& c) {
  return whole_numbers(c.promise == Promise::nothing ? "nothing promised" : c.band) +
         (c.promise == Promise::guard ? "<div class=\"note\">regression guard</div>" : "");
}

std::string claim_html(const Claim& c) {
  std::string html =
      text("<tr><td class=\"statement\"><strong>", escape_html(c.id), "</strong> ", escape_html(c.statement));
  if (!c.note.empty()) html += text("<div class=\"note\">", whole_numbers(c.note), "</div>");
  html += text("</td><td data-label=\"The paper\">", whole_numbers(c.paper),
               "</td><td data-label=\"Measured\" class=\"measured\">", whole_numbers(c.measured));
  if (c.values.size() > 1) {
    std::string values;
    const std::size_t shown = std::min<std::size_t>(c.values.size(), 200);
    for (std::size_t i = 0; i < shown; ++i) values += (i ? ", " : "") + number(c.values[i], 4);
    if (shown < c.values.size()) values += ", ...";
    html +=
        text("<details><summary>", c.values.size(), " values</summary>", whole_numbers(values), "</details>");
  }
  return html + text("</td><td data-label=\"Promised\">", promise_html(c), "</td><td>", claim_badges(c),
                     "</td></tr>\n");
}

/// The claims of the paper, or those of ours; "" where there are none.
std::string claims_html(const std::vector<Claim>& claims, bool ours) {
  std::string html;
  for (const Claim& c : claims)
    if (c.ours() == ours) html += claim_html(c);
  if (html.empty()) return "";
  return text("<h3>", ours ? "Not in the paper: statements of ours" : "Statements of the paper",
              "</h3>\n<table class=\"claims", ours ? " ours" : "", "\"><thead><tr><th>Statement</th><th>",
              ours ? "" : "The paper's number",
              "</th><th>Measured</th><th>Promised</th><th></th></tr></thead><tbody>\n", html,
              "</tbody></table>\n");
}

/// A link to a file of the project, as seen from `out`, with its place in the project as text; "" where there
/// is no such file.
std::string file_link(const std::string& what, const fs::path& file, const fs::path& out) {
  std::error_code error;
  const fs::path root = fs::path(BASIN_EXAMPLE_DATA_DIR).parent_path().parent_path();
  if (!fs::is_regular_file(root / file, error)) return "";
  const fs::path from_out = fs::relative(root / file, out, error);
  if (error || from_out.empty()) return "";
  return text(what, " <a href=\"", escape_html(percent_encoded(from_out.generic_string())), "\">",
              escape_html(file.generic_string()), "</a>");
}

/// Where to read on: the page, the program and the place in the paper.
std::string links_html(const Result& r, const fs::path& out) {
  const fs::path name(r.name);
  if (r.name.find('\0') != std::string::npos || name != name.filename()) return "";
  std::vector<std::string> links{file_link("Page", fs::path("docs/paper") / (r.name + ".md"), out),
                                 file_link("program", fs::path("examples/paper") / (r.name + ".cpp"), out)};
  if (const std::string place = place_in_paper(r.name); !place.empty())
    links.push_back(text("<a href=\"", paper_address, "\">the paper</a>, ", escape_html(place)));
  std::string html;
  for (const std::string& link : links)
    if (!link.empty()) html += (html.empty() ? "" : " &middot; ") + link;
  return html.empty() ? "" : "<p class=\"facts\">" + html + "</p>\n";
}

std::string seeds_text(const std::vector<std::uint64_t>& seeds) {
  if (seeds.empty()) return "";
  const bool run = seeds.size() > 2 && seeds.back() - seeds.front() == seeds.size() - 1;
  if (run) return text("seeds ", seeds.front(), " to ", seeds.back());
  std::string all;
  for (const std::uint64_t s : seeds) all += (all.empty() ? "" : ", ") + std::to_string(s);
  return (seeds.size() == 1 ? "seed " : "seeds ") + all;
}

std::string heading(const ReportEntry& e) {
  const std::string title = e.result.title.empty() ? e.result.name : e.result.title;
  return escape_html(!e.problem.empty() || title.empty() ? e.file : title);
}

/// With a capital and a full stop.
std::string sentence(std::string words) {
  if (!words.empty() && words[0] >= 'a' && words[0] <= 'z')
    words[0] = static_cast<char>(words[0] - 'a' + 'A');
  return escape_html(words) + ".";
}

std::string entry_html(const ReportEntry& e, std::size_t k, const fs::path& out) {
  const Result& r = e.result;
  std::string html = text("<section id=\"item", k, "\"><h2>", heading(e), " ", state_badge(e), "</h2>\n");
  if (!e.problem.empty())
    return html + text("<p class=\"problem\">This file could not be read: ", escape_html(e.problem),
                       "</p></section>\n");

  std::string facts;
  const auto fact = [&](const std::string& what) {
    if (!what.empty()) facts += (facts.empty() ? "" : " &middot; ") + escape_html(what);
  };
  fact(r.mode.empty() ? "" : r.mode + " mode");
  fact(seeds_text(r.seeds));
  fact(std::isfinite(r.seconds) ? duration(r.seconds) : "");
  fact(r.threads > 0 ? text(r.threads, r.threads == 1 ? " thread" : " threads") : "");
  fact(r.date);
  html += "<p class=\"facts\">" + facts + "</p>\n" + links_html(r, out);
  if (!r.data.empty()) html += text("<p class=\"facts\">Data: ", escape_html(r.data), "</p>\n");
  if (!r.error.empty())
    html += text("<p class=\"problem\">It did not run to its end: ", escape_html(r.error), "</p>\n");
  if (r.interrupted)
    html += "<p class=\"problem\">It was interrupted: what follows is what was finished by then.</p>\n";
  if (!r.claims.empty()) html += text("<p class=\"facts\">", sentence(tally_text(r.tally())), "</p>\n");
  html += claims_html(r.claims, false) + claims_html(r.claims, true);
  for (const Figure& f : r.figures) html += figure_html(f, out);
  for (const std::string& note : r.notes)
    html += text("<p class=\"note\">Note: ", escape_html(note), "</p>\n");
  if (!r.command.empty())
    html += text("<p class=\"command\">Make it again: <code>", escape_html(r.command), "</code></p>\n");
  return html + "</section>\n";
}

constexpr const char* how_to_read =
    "<p class=\"facts\">A statement <em>holds</em> or <em>does not hold</em> of what was measured; one for "
    "which "
    "no bound was named is <em>measured</em> only. A promise is a band for the number: <em>kept</em>, or "
    "<em>outside</em>. A <em>regression guard</em> was set from earlier measurements of the same seeds, and "
    "says "
    "that a number is what it was, not that the statement is true. Where no number could lie outside, "
    "nothing is "
    "promised.</p>\n";

std::string local_time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char buffer[64];
  std::strftime(buffer, sizeof buffer, "%Y-%m-%d %H:%M", &parts);
  return buffer;
}

std::string contents_html(const std::vector<ReportEntry>& entries) {
  std::string html =
      "<table "
      "class=\"contents\"><thead><tr><th>Item</th><th>Mode</th><th>Time</th><th>Paper: hold</th><th>Promises "
      "kept</th><th></th></tr></thead>"
      "<tbody>\n";
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const ReportEntry& e = entries[k];
    const bool read = e.problem.empty();
    const Tally t = e.result.tally();
    const auto of = [](std::size_t part, std::size_t all) {
      return all == 0 ? std::string("-") : text(part, " of ", all);
    };
    html += text("<tr><td><a href=\"#item", k, "\">", heading(e), "</a></td><td>",
                 read ? escape_html(e.result.mode) : "", "</td><td>",
                 read && std::isfinite(e.result.seconds) ? duration(e.result.seconds) : "", "</td><td>",
                 of(t.paper.hold, t.paper.hold + t.paper.fail), "</td><td>", of(t.kept, t.promised()),
                 "</td><td>", state_badge(e), "</td></tr>\n");
  }
  return html + "</tbody></table>\n";
}

}  // namespace

std::vector<ReportEntry> read_results(const fs::path& out, const std::vector<std::string>& order) {
  std::error_code error;
  if (!fs::is_directory(out, error))
    throw FileError(text(out.string(), ": is no folder; the paper programs write their results there"));
  std::vector<std::string> names;
  for (const auto& file : fs::directory_iterator(out, error))
    if (const fs::path p = file.path(); p.extension() == ".json" && p.filename().string()[0] != '.')
      names.push_back(p.stem().string());
  if (error) throw FileError(text(out.string(), ": cannot be listed: ", error.message()));
  const auto place = [&](const std::string& name) {
    return std::find(order.begin(), order.end(), name) - order.begin();
  };
  std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return place(a) != place(b) ? place(a) < place(b) : natural_less(a, b);
  });
  std::vector<ReportEntry> entries;
  for (const std::string& name : names) {
    ReportEntry e;
    e.file = name + ".json";
    try {
      const Bytes bytes = read_plain_bytes(out / e.file, largest_json);
      e.result = from_json(std::string(bytes.begin(), bytes.end()), e.file);
    } catch (const std::exception& problem) {
      e.problem = problem.what();
    }
    entries.push_back(std::move(e));
  }
  return entries;
}

std::string report_html(const std::vector<ReportEntry>& entries, const fs::path& out) {
  Tally tally;
  double seconds = 0;
  std::set<std::string> data;
  for (const ReportEntry& e : entries) {
    tally += e.result.tally();
    if (std::isfinite(e.result.seconds)) seconds += e.result.seconds;
    if (!e.result.data.empty()) data.insert(e.result.data);
  }
  const std::string title = "Memorization in Overparameterized Autoencoders, reproduced with basin";
  std::string html = page_head(title);
  html += "<h1>" + title + "</h1>\n";
  html += text("<p>", sentence(tally_text(tally)), "</p>\n", how_to_read);
  html += text("<p class=\"facts\">", entries.size(), entries.size() == 1 ? " program" : " programs", ", ",
               duration(seconds), " of work</p>\n");
  for (const std::string& d : data) html += text("<p class=\"facts\">Data: ", escape_html(d), "</p>\n");
  html += text("<p class=\"facts\">Page written ", local_time_now(), "</p>\n");
  html += contents_html(entries);
  for (std::size_t k = 0; k < entries.size(); ++k) html += entry_html(entries[k], k, out);
  return html + "</body></html>\n";
}

fs::path write_report(const fs::path& out, const std::vector<std::string>& order) {
  const std::vector<ReportEntry> entries = read_results(out, order);
  if (entries.empty())
    throw FileError(
        text(out.string(), ": holds no NAME.json of a paper program; run examples/reproduce first"));
  const fs::path page = out / "report.html";
  write_atomically(page, report_html(entries, out));
  return page;
}

}  // namespace basin::examples
