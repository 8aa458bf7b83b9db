#include "support/report.hpp"

#include <algorithm>     // std::find, std::sort
#include <chrono>        // std::chrono
#include <cmath>         // std::isfinite
#include <ctime>         // std::strftime
#include <set>           // std::set
#include <string_view>   // std::string_view
#include <system_error>  // std::error_code

#include "basin/core/error.hpp"      // FileError
#include "basin/data/bytes.hpp"      // read_plain_bytes, Bytes
#include "basin/io/atomic_file.hpp"  // write_atomically
#include "support/progress.hpp"      // duration
#include "support/text.hpp"          // text

namespace basin::examples {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t largest_json = std::size_t(64) << 20, largest_picture = std::size_t(16) << 20;

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

std::string base64(const Bytes& bytes) {
  static constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve(bytes.size() * 4 / 3 + 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    unsigned word = 0;
    for (std::size_t k = 0; k < 3; ++k) word = word << 8 | (k < left ? bytes[i + k] : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += k <= left ? letters[word >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

/// Width and height of a PNG, from its header, which stands at a fixed place; {0, 0} if this is no PNG.
std::pair<unsigned, unsigned> png_size(const Bytes& b) {
  static constexpr std::string_view start("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", 16);
  if (b.size() < 24 || !std::equal(start.begin(), start.end(), b.begin(), [](char c, unsigned char d) {
        return static_cast<unsigned char>(c) == d;
      }))
    return {0, 0};
  const auto number_at = [&](std::size_t i) {
    return unsigned(b[i]) << 24 | unsigned(b[i + 1]) << 16 | unsigned(b[i + 2]) << 8 | unsigned(b[i + 3]);
  };
  return {number_at(16), number_at(20)};
}

std::string figure_html(const Figure& figure, const fs::path& out) {
  const std::string name = escape_html(figure.file), caption = escape_html(figure.caption);
  const auto instead = [&](const std::string& why) {
    return text("<p class=\"problem\">Picture ", name, ": ", escape_html(why), "</p>\n");
  };
  const fs::path file(figure.file);
  if (file.empty() || file != file.filename() || figure.file == "." || figure.file == ".." ||
      figure.file.find('\0') != std::string::npos)
    return instead("not shown, its name is no plain file name");
  try {
    std::error_code error;
    if (!fs::is_regular_file(out / file, error)) return instead("there is no such file");
    const Bytes bytes = read_plain_bytes(out / file, largest_picture);
    const auto [width, height] = png_size(bytes);
    if (width == 0 || height == 0) return instead("not shown, it is no PNG file");
    return text("<figure><img alt=\"", caption.empty() ? name : caption, "\" width=\"", width, "\" height=\"",
                height, "\" src=\"data:image/png;base64,", base64(bytes), "\">",
                caption.empty() ? "" : text("<figcaption>", caption, "</figcaption>"), "</figure>\n");
  } catch (const std::exception& e) {
    return instead(e.what());
  }
}

std::string badge(bool good, const std::string& what) {
  return text("<span class=\"badge ", good ? "good" : "bad", "\">", escape_html(what), "</span>");
}

/// How an entry ended, in a word or two.
std::string state_badge(const ReportEntry& e) {
  const Result& r = e.result;
  if (!e.problem.empty()) return badge(false, "unreadable");
  if (!r.error.empty()) return badge(false, "failed");
  if (r.interrupted) return badge(false, "interrupted");
  if (r.claims.empty()) return "<span class=\"badge\">no claims</span>";
  if (!r.all_in_band())
    return badge(false,
                 text(r.claims.size() - r.claims_in_band(), " of ", r.claims.size(), " outside the band"));
  const bool all = r.claims_that_hold() == r.claims.size();
  if (all) return badge(true, r.claims.size() == 1 ? "holds" : text("all ", r.claims.size(), " hold"));
  return badge(true, text(r.claims_that_hold(), " of ", r.claims.size(), " hold"));
}

std::string claim_html(const Claim& c) {
  std::string html =
      text("<tr><td class=\"statement\"><strong>", escape_html(c.id), "</strong> ", escape_html(c.statement));
  if (!c.note.empty()) html += text("<div class=\"note\">", escape_html(c.note), "</div>");
  html += text("</td><td data-label=\"Paper\">", escape_html(c.paper),
               "</td><td data-label=\"Measured\" class=\"measured\">", escape_html(c.measured));
  if (c.values.size() > 1) {
    std::string values;
    const std::size_t shown = std::min<std::size_t>(c.values.size(), 200);
    for (std::size_t i = 0; i < shown; ++i) values += (i ? ", " : "") + number(c.values[i], 4);
    if (shown < c.values.size()) values += ", ...";
    html +=
        text("<details><summary>", c.values.size(), " values</summary>", escape_html(values), "</details>");
  }
  return html + text("</td><td data-label=\"Promised band\">", escape_html(c.band), "</td><td>",
                     badge(c.holds, c.holds ? "holds" : "does not hold"),
                     c.in_band ? "" : " " + badge(false, "outside the band"), "</td></tr>\n");
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
  html += "<p class=\"facts\">" + facts + "</p>\n";
  if (!r.data.empty()) html += text("<p class=\"facts\">Data: ", escape_html(r.data), "</p>\n");
  if (!r.error.empty())
    html += text("<p class=\"problem\">It did not run to its end: ", escape_html(r.error), "</p>\n");
  if (r.interrupted)
    html += "<p class=\"problem\">It was interrupted: what follows is what was finished by then.</p>\n";
  if (!r.claims.empty()) {
    html +=
        "<table class=\"claims\"><thead><tr><th>The paper says</th><th>Paper</th><th>Measured</th>"
        "<th>Promised band</th><th></th></tr></thead><tbody>\n";
    for (const Claim& c : r.claims) html += claim_html(c);
    html += "</tbody></table>\n";
  }
  for (const Figure& f : r.figures) html += figure_html(f, out);
  for (const std::string& note : r.notes)
    html += text("<p class=\"note\">Note: ", escape_html(note), "</p>\n");
  if (!r.command.empty())
    html += text("<p class=\"command\">Make it again: <code>", escape_html(r.command), "</code></p>\n");
  return html + "</section>\n";
}

constexpr const char* page_start = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Memorization in Overparameterized Autoencoders, reproduced with basin</title>
<style>
:root { color-scheme: light dark; --ink: #1f2328; --dim: #59636e; --page: #ffffff; --card: #f6f8fa; --rule: #d1d9e0;
  --good: #116329; --good-back: #dafbe1; --bad: #a40e26; --bad-back: #ffebe9; --link: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9198a1; --page: #0d1117; --card: #161b22;
  --rule: #3d444d; --good: #7ee787; --good-back: #12331d; --bad: #ffa198; --bad-back: #3c1618; --link: #79c0ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; line-height: 1.35; margin: 0 0 .25rem; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
section { border-top: 1px solid var(--rule); margin-top: 2.5rem; padding-top: 1.75rem; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; margin: 1rem 0; }
th { text-align: left; font-weight: 600; color: var(--dim); font-size: .8125rem; }
th, td { padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td:last-child, th:last-child { padding-right: 0; text-align: right; }
.contents td:nth-child(n+2), .contents th:nth-child(n+2) { text-align: right; white-space: nowrap; }
.statement { width: 38%; } .measured { font-variant-numeric: tabular-nums; }
.facts, .note, figcaption, details { color: var(--dim); font-size: .875rem; margin: .25rem 0; }
.badge { display: inline-block; padding: .05rem .6rem; border-radius: 1rem; font-size: .8125rem; font-weight: 600;
  white-space: nowrap; vertical-align: middle; background: var(--card); color: var(--dim); }
.good { color: var(--good); background: var(--good-back); } .bad { color: var(--bad); background: var(--bad-back); }
.problem { color: var(--bad); background: var(--bad-back); padding: .6rem .8rem; border-radius: .4rem; white-space: pre-wrap; }
figure { margin: 1.25rem 0; }
img { display: block; max-width: 100%; height: auto; background: #ffffff; border: 1px solid var(--rule); border-radius: .4rem; }
code { font: .875rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; background: var(--card); padding: .15rem .4rem;
  border-radius: .3rem; }
.command { font-size: .875rem; color: var(--dim); } .command code { color: var(--ink); }
summary { cursor: pointer; }
@media (max-width: 44rem) { .claims thead { display: none; } .claims td { display: block; width: auto; border: 0; padding: .1rem 0;
  text-align: left; } .claims tr { display: block; padding: .75rem 0; border-bottom: 1px solid var(--rule); }
  .claims td[data-label]::before { content: attr(data-label) ": "; color: var(--dim); } }
</style></head><body>
)";

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
      "class=\"contents\"><thead><tr><th>Item</th><th>Mode</th><th>Time</th><th>Claims</th></tr></thead>"
      "<tbody>\n";
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const ReportEntry& e = entries[k];
    const bool read = e.problem.empty();
    html += text("<tr><td><a href=\"#item", k, "\">", heading(e), "</a></td><td>",
                 read ? escape_html(e.result.mode) : "", "</td><td>",
                 read && std::isfinite(e.result.seconds) ? duration(e.result.seconds) : "", "</td><td>",
                 state_badge(e), "</td></tr>\n");
  }
  return html + "</tbody></table>\n";
}

}  // namespace

std::string escape_html(const std::string& s) {
  std::string out;
  for (const char c : s) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\0':
        out += "&#xfffd;";
        break;
      default:
        out += c;
    }
  return out;
}

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
  std::size_t claims = 0, hold = 0, in_band = 0;
  double seconds = 0;
  std::set<std::string> data;
  for (const ReportEntry& e : entries) {
    claims += e.result.claims.size();
    hold += e.result.claims_that_hold();
    in_band += e.result.claims_in_band();
    if (std::isfinite(e.result.seconds)) seconds += e.result.seconds;
    if (!e.result.data.empty()) data.insert(e.result.data);
  }
  std::string html = page_start;
  html += "<h1>Memorization in Overparameterized Autoencoders, reproduced with basin</h1>\n";
  html +=
      text("<p>", hold, " of ", claims, claims == 1 ? " claim" : " claims", " of the paper hold; ", in_band,
           " of our numbers lie within the band that the documentation promises. ", entries.size(),
           entries.size() == 1 ? " program" : " programs", ", ", duration(seconds), " of work.</p>\n");
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
