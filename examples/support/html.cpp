#include "support/html.hpp"

#include <algorithm>     // std::equal, std::min
#include <exception>     // std::exception
#include <string_view>   // std::string_view
#include <system_error>  // std::error_code
#include <utility>       // std::pair

#include "basin/data/bytes.hpp"  // read_plain_bytes, Bytes
#include "support/text.hpp"      // text

namespace basin::examples {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t largest_picture = std::size_t(16) << 20;

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

constexpr const char* before_title =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
    "content=\"width=device-width, initial-scale=1\">\n<title>";

constexpr const char* style = R"(</title>
<style>
:root { color-scheme: light dark; --ink: #1f2328; --dim: #59636e; --page: #ffffff; --card: #f6f8fa; --rule: #d1d9e0;
  --good: #116329; --good-back: #dafbe1; --fair: #7d4e00; --fair-back: #fff1cc; --bad: #a40e26; --bad-back: #ffebe9; --link: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9198a1; --page: #0d1117; --card: #161b22;
  --rule: #3d444d; --good: #7ee787; --good-back: #12331d; --fair: #f0c36d; --fair-back: #3a2d0c; --bad: #ffa198; --bad-back: #3c1618; --link: #79c0ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .5rem; } h1, h2, h3 { overflow-wrap: break-word; hyphens: none; }
h3 { font-size: 1rem; line-height: 1.35; margin: 1.25rem 0 0; }
h2 { font-size: 1.25rem; line-height: 1.35; margin: 0 0 .25rem; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
section { border-top: 1px solid var(--rule); margin-top: 2.5rem; padding-top: 1.75rem; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; margin: 1rem 0; }
th { text-align: left; font-weight: 600; color: var(--dim); font-size: .8125rem; overflow-wrap: normal; }
th, td { padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td:last-child, th:last-child { padding-right: 0; text-align: right; }
.contents td:nth-child(n+2), .contents th:nth-child(n+2) { text-align: right; white-space: nowrap; }
.statement { width: 38%; } .measured { font-variant-numeric: tabular-nums; } .whole { white-space: nowrap; }
.facts, .note, figcaption, details { color: var(--dim); font-size: .875rem; margin: .25rem 0; }
.badge { display: inline-block; padding: .05rem .6rem; border-radius: 1rem; font-size: .8125rem; font-weight: 600;
  white-space: nowrap; vertical-align: middle; background: var(--card); color: var(--dim); }
.good { color: var(--good); background: var(--good-back); } .bad { color: var(--bad); background: var(--bad-back); } .fair { color: var(--fair); background: var(--fair-back); }
.problem { color: var(--bad); background: var(--bad-back); padding: .6rem .8rem; border-radius: .4rem; white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: 1.25rem 0; }
img { display: block; max-width: 100%; height: auto; background: #ffffff; border: 1px solid var(--rule); border-radius: .4rem; }
code { overflow-wrap: anywhere; font: .875rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; background: var(--card); padding: .15rem .4rem;
  border-radius: .3rem; }
.command { font-size: .875rem; color: var(--dim); } .command code { color: var(--ink); }
summary { cursor: pointer; }
@media (max-width: 44rem) { .claims thead { display: none; } .claims td { display: block; width: auto; border: 0; padding: .1rem 0;
  text-align: left; } .claims tr { display: block; padding: .75rem 0; border-bottom: 1px solid var(--rule); }
  .contents :is(td, th):nth-child(2), .contents :is(td, th):nth-child(3), .contents :is(td, th):nth-child(5) { display: none; }
  .claims.ours td[data-label="The paper"] { display: none; }
  .claims td[data-label]::before { content: attr(data-label) ": "; color: var(--dim); } }
</style></head><body>
)";

}  // namespace

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

std::string page_head(const std::string& title) { return before_title + escape_html(title) + style; }

std::string whole_numbers(const std::string& s) {
  std::string out;
  for (std::size_t i = 0; i < s.size();) {
    const std::size_t end = std::min(s.find(' ', i), s.size());
    const std::string word = s.substr(i, end - i);
    const bool digit = word.find_first_of("0123456789") != std::string::npos;
    // What is long is no number, and would be wider than a phone.
    if (digit && word.size() <= 24)
      out += "<span class=\"whole\">" + escape_html(word) + "</span>";
    else
      out += escape_html(word);
    if (end < s.size()) out += ' ';
    i = end + 1;
  }
  return out;
}

std::string percent_encoded(const std::string& path) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    if (plain)
      out += c;
    else
      out += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

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

}  // namespace basin::examples
