// The command line of `analyze`.
#pragma once
#include <cstdint>     // std::uint64_t
#include <filesystem>  // std::filesystem::path
#include <optional>    // std::optional
#include <string>      // std::string

#include "basin/core/shape.hpp"  // Shape

namespace basin::examples {

struct AnalyzeOptions {
  std::filesystem::path model, data;
  std::string array;           // of several in a file
  std::optional<Shape> shape;  // of one sample; nothing: as the files say
  Index limit = 0;             // only the first so many samples; 0: as many as the network allows (Effort)
  bool full = false;
  Index starts = 0;  // random starts of each kind; 0: as many as the network allows
  std::uint64_t seed = 0;
  int threads = 0;          // 0: all
  double tolerance = 0.01;  // how far from an example its attractor may lie, relative to the example's norm
  std::filesystem::path out = "analysis";
  bool json = false;
  bool certificates = true;
};

/// Reads the command line. Throws Usage.
AnalyzeOptions parse_analyze_options(int argc, const char* const* argv);

}  // namespace basin::examples
