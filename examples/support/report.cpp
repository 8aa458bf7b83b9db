#include "support/report.hpp"

#include <algorithm>     // std::find, std::min, std::none_of, std::sort
#include <cmath>         // std::isfinite
#include <ctime>         // std::strftime
#include <set>           // std::set
#include <system_error>  // std::error_code

#include "basin/core/error.hpp"        // FileError
#include "basin/data/bytes.hpp"        // read_plain_bytes, Bytes
#include "basin/io/atomic_file.hpp"    // write_atomically
#include "support/html.hpp"            // escape_html, figure_html, page_html, percent_encoded, whole_numbers
#include "support/paper_places.hpp"    // place_in_paper, paper_address
#include "support/progress.hpp"        // duration
#include "support/report_summary.hpp"  // summary_html, cards_html, state_of, tally_of, badge
#include "support/text.hpp"            // text

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

/// A number of the list that page.js reads; null where it is none.
std::string json_number(double x) { return std::isfinite(x) ? number(x, 6) : "null"; }

/// The values behind a claim: as text, and for page.js, which draws them.
std::string values_html(const Claim& c, const std::vector<std::uint64_t>& seeds) {
  if (c.values.size() < 2) return "";
  std::string values, list, all_seeds;
  const std::size_t shown = std::min<std::size_t>(c.values.size(), 200);
  for (std::size_t i = 0; i < shown; ++i) {
    values += (i ? ", " : "") + number(c.values[i], 4);
    list += (i ? "," : "") + json_number(c.values[i]);
  }
  if (shown < c.values.size()) values += ", ...";
  for (const std::uint64_t seed : seeds) all_seeds += (all_seeds.empty() ? "" : ",") + std::to_string(seed);
  const auto end = [&](const char* name, double x) {
    return c.promise != Promise::nothing && std::isfinite(x)
               ? text(" data-", name, "=\"", json_number(x), "\"")
               : "";
  };
  return text("<details data-values=\"[", list, "]\" data-seeds=\"[", all_seeds, "]\"",
              end("low", c.range.low), end("high", c.range.high), "><summary>", c.values.size(),
              " values</summary>", whole_numbers(values), "</details>");
}

std::string claim_html(const Claim& c, const std::vector<std::uint64_t>& seeds, const std::string& id) {
  std::string html = text("<tr id=\"", id, "\"><td class=\"statement\"><strong>", escape_html(c.id),
                          "</strong> ", escape_html(c.statement));
  if (!c.note.empty()) html += text("<div class=\"note\">", whole_numbers(c.note), "</div>");
  return html + text("</td><td data-label=\"The paper\">", whole_numbers(c.paper),
                     "</td><td data-label=\"Measured\" class=\"measured\">", whole_numbers(c.measured),
                     values_html(c, seeds), "</td><td data-label=\"Promised\">", promise_html(c), "</td><td>",
                     claim_badges(c), "</td></tr>\n");
}

/// The claims of the paper, or those of ours; "" where there are none.
std::string claims_html(const Result& r, std::size_t item, bool ours) {
  std::string html;
  for (std::size_t i = 0; i < r.claims.size(); ++i)
    if (r.claims[i].ours() == ours) html += claim_html(r.claims[i], r.seeds, claim_id(item, i));
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

/// Where to read on: the page, the program, the place in the paper and the file with all numbers.
std::string links_html(const ReportEntry& e, const fs::path& out) {
  const std::string& name = e.result.name;
  std::vector<std::string> links;
  if (name.find('\0') == std::string::npos && fs::path(name) == fs::path(name).filename()) {
    links.push_back(file_link("Page", fs::path("docs/paper") / (name + ".md"), out));
    links.push_back(file_link("program", fs::path("examples/paper") / (name + ".cpp"), out));
    if (const std::string place = place_in_paper(name); !place.empty())
      links.push_back(text("<a href=\"", paper_address, "\">the paper</a>, ", escape_html(place)));
  }
  links.push_back(
      text("data <a href=\"", escape_html(percent_encoded(e.file)), "\">", escape_html(e.file), "</a>"));
  std::string html;
  for (const std::string& link : links)
    if (!link.empty()) html += (html.empty() ? "" : " &middot; ") + link;
  return "<p class=\"facts\">" + html + "</p>\n";
}

std::string seeds_text(const std::vector<std::uint64_t>& seeds) {
  if (seeds.empty()) return "";
  const bool run = seeds.size() > 2 && seeds.back() - seeds.front() == seeds.size() - 1;
  if (run) return text("seeds ", seeds.front(), " to ", seeds.back());
  std::string all;
  for (const std::uint64_t s : seeds) all += (all.empty() ? "" : ", ") + std::to_string(s);
  return (seeds.size() == 1 ? "seed " : "seeds ") + all;
}

/// With a capital and a full stop.
std::string sentence(std::string words) {
  if (!words.empty() && words[0] >= 'a' && words[0] <= 'z')
    words[0] = static_cast<char>(words[0] - 'a' + 'A');
  return escape_html(words) + ".";
}

/// Mode, seeds, time, threads and date.
std::string facts_html(const Result& r) {
  std::string facts;
  const auto fact = [&](const std::string& what) {
    if (!what.empty()) facts += (facts.empty() ? "" : " &middot; ") + escape_html(what);
  };
  fact(r.mode.empty() ? "" : r.mode + " mode");
  fact(seeds_text(r.seeds));
  fact(std::isfinite(r.seconds) ? duration(r.seconds) : "");
  fact(r.threads > 0 ? text(r.threads, r.threads == 1 ? " thread" : " threads") : "");
  fact(r.date);
  return "<p class=\"facts\">" + facts + "</p>\n";
}

/// How the item ended, if not well, and what its claims came to.
std::string outcome_html(const Result& r) {
  std::string html;
  if (!r.error.empty())
    html += text("<p class=\"problem\">It did not run to its end: ", escape_html(r.error), "</p>\n");
  if (r.interrupted)
    html += "<p class=\"problem\">It was interrupted: what follows is what was finished by then.</p>\n";
  if (!r.claims.empty()) html += text("<p>", sentence(tally_text(r.tally())), "</p>\n");
  return html;
}

/// An item: what came out, pictures, claims, and where it comes from.
std::string entry_html(const ReportEntry& e, std::size_t k, const fs::path& out) {
  const Result& r = e.result;
  const EntryState state = state_of(e);
  std::string html = text("<section id=\"", item_id(k), "\"><h2>", escape_html(title_of(e)), " ",
                          badge(state.kind, state.words), "</h2>\n");
  if (!e.problem.empty())
    return html + links_html(e, out) +
           text("<p class=\"problem\">This file could not be read: ", escape_html(e.problem),
                "</p></section>\n");
  html += links_html(e, out) + outcome_html(r);
  for (const Figure& f : r.figures) html += figure_html(f, out);
  html += claims_html(r, k, false) + claims_html(r, k, true);
  for (const std::string& note : r.notes)
    html += text("<p class=\"note\">Note: ", escape_html(note), "</p>\n");
  if (!r.data.empty()) html += text("<p class=\"facts\">Data: ", escape_html(r.data), "</p>\n");
  html += facts_html(r);
  if (!r.command.empty())
    html += text("<p class=\"command\">Make it again: <code>", escape_html(r.command), "</code></p>\n");
  return html + "</section>\n";
}

constexpr const char* how_to_read =
    "<details><summary>How to read this</summary><p>A statement <em>holds</em> or <em>does not hold</em> of "
    "what "
    "was measured; one for which no bound was named is <em>measured</em> only. A promise is a band for the "
    "number: <em>kept</em>, or <em>outside</em>. A <em>regression guard</em> was set from earlier "
    "measurements "
    "of the same seeds, and says that a number is what it was, not that the statement is true. Where no "
    "number "
    "could lie outside, nothing is promised.</p><p>A pointer over a plot shows the value that is nearest; "
    "the "
    "slider above rows of images steps through their orbits; a dot stands for one seed, before the band that "
    "is "
    "promised for their median.</p></details>\n";

std::string local_time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char buffer[64];
  std::strftime(buffer, sizeof buffer, "%Y-%m-%d %H:%M", &parts);
  return buffer;
}

/// Over how much work the page speaks, with which data, and when it was written.
std::string page_facts_html(const std::vector<ReportEntry>& entries) {
  double seconds = 0;
  std::set<std::string> data;
  for (const ReportEntry& e : entries) {
    if (std::isfinite(e.result.seconds)) seconds += e.result.seconds;
    if (!e.result.data.empty()) data.insert(e.result.data);
  }
  std::string html =
      text("<p class=\"facts\">", entries.size(), entries.size() == 1 ? " program" : " programs", ", ",
           duration(seconds), " of work. Page written ", local_time_now(), ".</p>\n");
  for (const std::string& d : data) html += text("<p class=\"facts\">Data: ", escape_html(d), "</p>\n");
  return html;
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

std::string report_html(const std::vector<ReportEntry>& entries, const fs::path& out,
                        const std::vector<std::string>& missing) {
  const std::string title = "Memorization in Overparameterized Autoencoders, reproduced with basin";
  std::vector<PagePlace> contents{{"summary", "Summary", ""}, {"items", "All items", ""}};
  std::string items;
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const std::string kind = state_of(entries[k]).kind;
    contents.push_back({item_id(k), short_name(entries[k]), kind.empty() ? "none" : kind});
    items += entry_html(entries[k], k, out);
  }
  return page_html(
      title, contents,
      text("<header id=\"top\"><h1>", escape_html(title), "</h1>\n<p class=\"lead\">",
           sentence(tally_text(tally_of(entries))), "</p>\n", page_facts_html(entries), how_to_read,
           "</header>\n<section id=\"summary\"><h2>At a glance</h2>\n", summary_html(entries, missing),
           "</section>\n<section id=\"items\"><h2>All items</h2>\n", cards_html(entries), "</section>\n",
           items));
}

fs::path write_report(const fs::path& out, const std::vector<std::string>& order) {
  const std::vector<ReportEntry> entries = read_results(out, order);
  if (entries.empty())
    throw FileError(
        text(out.string(), ": holds no NAME.json of a paper program; run examples/reproduce first"));
  const fs::path page = out / "report.html";
  std::vector<std::string> missing;
  for (const std::string& name : order)
    if (std::none_of(entries.begin(), entries.end(),
                     [&](const ReportEntry& e) { return e.file == name + ".json"; }))
      missing.push_back(name);
  write_atomically(page, report_html(entries, out, missing));
  return page;
}

}  // namespace basin::examples
