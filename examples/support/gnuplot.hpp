// gnuplot as a child process that turns a script into a PNG file.
#pragma once
#include <filesystem>  // std::filesystem::path
#include <sstream>     // std::ostringstream
#include <string>      // std::string
#include <vector>      // std::vector

#include "support/look.hpp"  // Axes
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

/// What follows a `plot` in a script, so that run_gnuplot knows where its axes lie.
inline constexpr const char* print_axes =
    "print 'basin axes', GPVAL_TERM_XMIN, GPVAL_TERM_XMAX, GPVAL_TERM_YMIN, GPVAL_TERM_YMAX, \\\n"
    "  GPVAL_X_MIN, GPVAL_X_MAX, GPVAL_Y_MIN, GPVAL_Y_MAX\n";

/// Runs gnuplot on `script` and puts the picture where `file` says, whole or not at all; no other file is
/// made. `axes`: those of each plot that print_axes follows.
Drawn run_gnuplot(const std::string& script, const std::filesystem::path& file, const std::string& data = "",
                  std::vector<Axes>* axes = nullptr);

}  // namespace basin::examples
