// What the pages that programs write share: their head with the style, text and pictures.
#pragma once
#include <filesystem>  // std::filesystem::path
#include <string>      // std::string

#include "support/claims.hpp"  // Figure

namespace basin::examples {

/// `text` with the characters that mean something in HTML, attributes included, replaced.
std::string escape_html(const std::string& text);

/// The same, with every word that has a digit in it kept on one line: "1.2e-09", "-3", "3x3".
std::string whole_numbers(const std::string& text);

/// A relative path as an address: what is not a letter, a digit or one of "-._~/" as %XX.
std::string percent_encoded(const std::string& path);

/// A page up to and with <body>: its title as plain text, and the style that the classes of all pages need.
std::string page_head(const std::string& title);

/// The picture, read from `folder` and embedded, above its caption; instead of one that cannot be shown a
/// paragraph that says why.
std::string figure_html(const Figure& figure, const std::filesystem::path& folder);

}  // namespace basin::examples
