#include "support/html.hpp"

#include <algorithm>     // std::equal, std::max, std::min
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

/// How many bytes the UTF-8 character at s[i] has; 0 where there is none: a byte that starts nothing, one too
/// few, a longer form than needed, half of a pair, or beyond U+10FFFF.
std::size_t utf8_length(const std::string& s, std::size_t i) {
  const auto byte = [&](std::size_t k) {
    return k < s.size() ? unsigned(static_cast<unsigned char>(s[k])) : 0u;
  };
  const unsigned first = byte(i);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t k = 1; k < length; ++k)
    if ((byte(i + k) & 0xc0) != 0x80) return 0;
  const unsigned second = byte(i + 1);
  const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

constexpr const char* before_title =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
    "'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n<title>";

std::string contents_html(const std::vector<PagePlace>& contents) {
  std::string html = "<nav aria-label=\"Contents\"><ol>\n";
  for (const PagePlace& p : contents)
    html += text("<li><a href=\"#", escape_html(p.id), "\">",
                 p.kind.empty() ? "" : text("<span class=\"dot ", p.kind, "\"></span>"), escape_html(p.name),
                 "</a></li>\n");
  return html + "</ol></nav>\n";
}

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
    const char* kind = figure.look.rfind("{\"panels\"", 0) == 0 ? "plot" : "table";
    const std::string look =
        figure.look.empty() ? ""
                            : text(" data-kind=\"", kind, "\" data-look=\"", escape_html(figure.look), "\"");
    return text("<figure", look, "><div class=\"frame\"><div class=\"picture\"><img alt=\"",
                caption.empty() ? name : caption, "\" width=\"", width, "\" height=\"", height,
                "\" src=\"data:image/png;base64,", base64(bytes), "\"></div></div>",
                caption.empty() ? "" : text("<figcaption>", caption, "</figcaption>"), "</figure>\n");
  } catch (const std::exception& e) {
    return instead(e.what());
  }
}

std::string page_html(const std::string& title, const std::vector<PagePlace>& contents,
                      const std::string& body) {
  return text(before_title, escape_html(title), "</title>\n<style>\n", page_style(), "</style></head>\n<body",
              contents.empty() ? "" : " class=\"with-nav\"", ">\n",
              contents.empty() ? "" : contents_html(contents), "<main>\n", body, "</main>\n<script>\n",
              page_script(), "</script></body></html>\n");
}

std::string table_html(const std::vector<std::string>& head,
                       const std::vector<std::vector<std::string>>& rows) {
  std::string html = "<div class=\"scroll\"><table class=\"measured\"><thead><tr>";
  for (const std::string& h : head) html += text("<th>", escape_html(h), "</th>");
  html += "</tr></thead><tbody>\n";
  for (const auto& row : rows) {
    html += "<tr>";
    for (const std::string& cell : row) html += text("<td>", whole_numbers(cell), "</td>");
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

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
  for (std::size_t i = 0; i < s.size();) {
    const std::size_t length = utf8_length(s, i);
    const char c = s[i];
    const bool control = (c >= 0 && c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
    if (length == 0 || control)
      out += "&#xfffd;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out.append(s, i, length);
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

}  // namespace basin::examples
