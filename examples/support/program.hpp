// The frame of every paper program: command line, interruption, claims, and the JSON file in OUT.
#pragma once
#include <cstdint>     // std::uint64_t
#include <filesystem>  // std::filesystem::path
#include <functional>  // std::function
#include <string>      // std::string
#include <utility>     // std::move
#include <vector>      // std::vector

#include "support/claims.hpp"        // Claim, Result
#include "support/command_line.hpp"  // Options, SeedCount, ExitStatus
#include "support/data.hpp"          // ImageData
#include "support/image_table.hpp"   // ImageTable
#include "support/interrupt.hpp"     // interrupted, interrupt_flag: long work looks at them and returns early
#include "support/plot.hpp"          // LinePlot, Histogram
#include "support/progress.hpp"      // Progress
#include "support/text.hpp"          // text

namespace basin::examples {

/// What run_program hands to a program's body.
class Program {
 public:
  Program(Options o, Result r) : options(std::move(o)), result(std::move(r)) {}

  const Options options;
  Result result;

  bool full() const { return options.full; }
  /// The seeds of this run: seed, seed + 1, ..., seed + seeds - 1.
  const std::vector<std::uint64_t>& seeds() const { return result.seeds; }
  /// Where a full run keeps finished work, OUT/checkpoints; empty in quick mode, which keeps none.
  std::filesystem::path checkpoints() const { return full() ? options.out / "checkpoints" : ""; }
  /// Notes that `what` ("Networks") are kept there, and what that is good for; nothing in quick mode.
  void note_checkpoints(const std::string& what);
  /// Images from --data or the embedded ones; says in the result which. See find_images.
  ImageData images();

  void claim(Claim c) { result.claims.push_back(std::move(c)); }
  void note(std::string text);
  /// Draws OUT/FILE and adds it to the result; where it cannot be drawn, a note says why and the program goes
  /// on.
  template <class Plot>
  void draw(const Plot& plot, const std::string& file, const std::string& caption) {
    add_figure(file, caption, basin::examples::draw(plot, options.out / file));
  }

 private:
  void add_figure(const std::string& file, const std::string& caption, const Drawn& drawn);
};

/// The whole life of a paper program: reads the command line, sets the number of threads, runs `body`, prints
/// the claims and writes OUT/NAME.json, whole or not at all. Returns the exit status: 0 when it ran to its
/// end and every claim lies within its band, 3 when one lies outside, 1 after an exception, 2 for a bad
/// command line, 130 when interrupted; what was finished before an exception or interruption is written all
/// the same and marked.
int run_program(const std::string& name, const std::string& title, const SeedCount& count, int argc,
                const char* const* argv, const std::function<void(Program&)>& body);
inline int run_program(const std::string& name, const std::string& title, int argc, const char* const* argv,
                       const std::function<void(Program&)>& body) {
  return run_program(name, title, SeedCount{}, argc, argv, body);
}

}  // namespace basin::examples
