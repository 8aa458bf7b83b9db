// What the pages that programs write share: their head with the style, text and pictures.
#pragma once
#include <filesystem>  // std::filesystem::path
#include <string>      // std::string
#include <vector>      // std::vector

#include "support/claims.hpp"  // Figure

namespace basin::examples {

/// `text` with the characters that mean something in HTML, attributes included, replaced, and what is no
/// UTF-8 or a control character as U+FFFD: any bytes may come in, text comes out.
std::string escape_html(const std::string& text);

/// The same, with every word that has a digit in it kept on one line: "1.2e-09", "-3", "3x3".
std::string whole_numbers(const std::string& text);

/// A relative path as an address: what is not a letter, a digit or one of "-._~/" as %XX.
std::string percent_encoded(const std::string& path);

/// What page.css and page.js hold. CMake writes these functions.
const char* page_style();
const char* page_script();

/// A place of a page in its contents: the id of an element, its name as plain text, and the kind of its dot
/// (good, fair, bad, none, or "" for no dot).
struct PagePlace {
  std::string id, name, kind;
};

/// A whole page that needs nothing else and is not allowed to load anything: title as plain text, contents,
/// and its body as HTML.
std::string page_html(const std::string& title, const std::vector<PagePlace>& contents,
                      const std::string& body);

/// A table of plain text, which moves within its own frame where the window is narrow.
std::string table_html(const std::vector<std::string>& head,
                       const std::vector<std::vector<std::string>>& rows);

/// The picture, read from `folder` and embedded, above its caption, with its look for page.js; instead of one
/// that cannot be shown a paragraph that says why.
std::string figure_html(const Figure& figure, const std::filesystem::path& folder);

}  // namespace basin::examples
