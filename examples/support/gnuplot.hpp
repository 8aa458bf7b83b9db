// gnuplot as a child process that turns a script into a PNG file.
#pragma once
#include <filesystem>  // std::filesystem::path
#include <sstream>     // std::ostringstream
#include <string>      // std::string

#include "support/plot.hpp"  // Drawn

namespace basin::examples {

/// `s` as a gnuplot string, in which nothing is special; control characters become spaces.
std::string gnuplot_quoted(const std::string& s);

/// The i-th colour of a palette that colour-blind people can tell apart (Okabe and Ito, "Color Universal
/// Design", 2008).
const char* gnuplot_color(std::size_t i);

/// The start of every script: terminal and fonts. What the plot adds follows, without `set output`.
std::ostringstream gnuplot_script(int width, int height);

/// What a script plots when it plots the `data` of run_gnuplot.
inline constexpr const char* gnuplot_data = "'/dev/fd/3'";

/// Runs gnuplot on `script` and puts the picture where `file` says, whole or not at all; no other file is
/// made.
Drawn run_gnuplot(const std::string& script, const std::filesystem::path& file, const std::string& data = "");

}  // namespace basin::examples
