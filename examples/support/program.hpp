// The frame of every paper program: command line, interruption, claims, and the JSON file in OUT.
#pragma once
#include <cstdint>     // std::uint64_t
#include <filesystem>  // std::filesystem::path
#include <functional>  // std::function
#include <optional>    // std::optional
#include <set>         // std::set
#include <string>      // std::string
#include <utility>     // std::move
#include <vector>      // std::vector

#include "basin/core/parallel.hpp"    // parallel_for
#include "basin/tasks/run_tasks.hpp"  // run_tasks
#include "support/claims.hpp"         // Claim, Result
#include "support/command_line.hpp"   // Options, SeedCount, ExitStatus
#include "support/data.hpp"           // ImageData
#include "support/image_table.hpp"    // ImageTable
#include "support/interrupt.hpp"  // interrupted, interrupt_flag: long work looks at them and returns early
#include "support/plot.hpp"       // LinePlot, Histogram
#include "support/progress.hpp"   // Progress
#include "support/ranks.hpp"      // Ranks
#include "support/text.hpp"       // text

namespace basin::examples {

/// What run_program hands to a program's body.
class Program {
 public:
  Program(Options o, Result r, const Ranks& ranks)
      : options(std::move(o)), result(std::move(r)), ranks_(ranks) {}

  const Options options;
  Result result;

  bool full() const { return options.full; }
  /// The seeds of this run: seed, seed + 1, ..., seed + seeds - 1.
  const std::vector<std::uint64_t>& seeds() const { return result.seeds; }
  /// work(k) for every name k of a list, each independent of the others: an empty one was not finished when
  /// the program was interrupted. They are done one after the other, or, where ranks were started together,
  /// by whoever is free; then every rank gets all results, T must be one that can be packed
  /// (basin/tasks/packed.hpp), and a full run keeps what is finished in checkpoints(). No name is used twice
  /// in a program. `side_by_side`: where this process is alone, as many at a time as there are threads.
  template <class Work>
  auto tasks(const std::vector<std::string>& names, const Work& work, bool side_by_side = false);
  /// work(seed) for the seeds of this run, those that were finished. `what` tells lists of tasks apart.
  template <class Work>
  auto over_seeds(const Work& work, const std::string& what = "");
  /// The same for other seeds, and side by side on request.
  template <class Work>
  auto over_seeds(const std::vector<std::uint64_t>& some, const Work& work, const std::string& what,
                  bool side_by_side = false);
  /// work(k, seed) for k = 0, ..., settings - 1 and the seeds of this run: for each k the finished ones, in
  /// the order of seeds.
  template <class Work>
  auto over_settings(std::size_t settings, const Work& work, const std::string& what = "setting");
  /// Whether tasks() spreads over ranks. What decides which tasks there are must then be the same on all of
  /// them: no clock, and no file that another rank may not see.
  bool shared() const { return ranks_.runner() != nullptr; }
  /// Whether this process is the one that writes files: the first rank, or the only process.
  bool writes() const { return ranks_.first(); }

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
    if (writes()) add_figure(file, caption, basin::examples::draw(plot, options.out / file));
  }

 private:
  /// Calls run(options) with what a list of tasks over ranks needs.
  void over_ranks(const std::vector<std::string>& names, const std::function<void(const TaskOptions&)>& run);
  void add_figure(const std::string& file, const std::string& caption, const Drawn& drawn);

  const Ranks& ranks_;
  std::set<std::string> task_names_;
};

template <class Work>
auto Program::tasks(const std::vector<std::string>& names, const Work& work, bool side_by_side) {
  using T = std::decay_t<decltype(work(std::size_t{}))>;
  std::vector<std::optional<T>> results(names.size());
  if (ranks_.runner() != nullptr) {
    over_ranks(names, [&](const TaskOptions& o) { results = run_tasks(names, work, o); });
    return results;
  }
  const auto one = [&](std::size_t k) {
    if (interrupted()) return;
    T value = work(k);
    if (!interrupted()) results[k] = std::move(value);
  };
  if (side_by_side)
    parallel_for(static_cast<Index>(names.size()), [&](Index k) { one(static_cast<std::size_t>(k)); });
  else
    for (std::size_t k = 0; k < names.size(); ++k) one(k);
  return results;
}

template <class Work>
auto Program::over_seeds(const std::vector<std::uint64_t>& some, const Work& work, const std::string& what,
                         bool side_by_side) {
  std::vector<std::string> names;
  names.reserve(some.size());
  for (const std::uint64_t seed : some) names.push_back(text(what, what.empty() ? "" : ", ", "seed ", seed));
  std::vector<std::decay_t<decltype(work(std::uint64_t{}))>> finished;
  for (auto& one : tasks(
           names, [&](std::size_t k) { return work(some[k]); }, side_by_side))
    if (one) finished.push_back(std::move(*one));
  return finished;
}

template <class Work>
auto Program::over_seeds(const Work& work, const std::string& what) {
  return over_seeds(seeds(), work, what);
}

template <class Work>
auto Program::over_settings(std::size_t settings, const Work& work, const std::string& what) {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < settings; ++k)
    for (const std::uint64_t seed : seeds()) names.push_back(text(what, " ", k + 1, ", seed ", seed));
  const std::size_t n = seeds().size();
  std::vector<std::vector<std::decay_t<decltype(work(n, std::uint64_t{}))>>> finished(settings);
  auto all = tasks(names, [&](std::size_t i) { return work(i / n, seeds()[i % n]); });
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i]) finished[i / n].push_back(std::move(*all[i]));
  return finished;
}

/// The whole life of a paper program: reads the command line, sets the number of threads, runs `body`, prints
/// the claims and writes OUT/NAME.json, whole or not at all. Where several ranks were started together the
/// first one alone prints and writes, and the others do their tasks; they end at once if the program has none
/// to share, or no MPI. Returns the exit status: 0 when it ran to its end and every claim lies within its
/// band, 3 when one lies outside, 1 after an exception, 2 for a bad command line, 130 when interrupted; what
/// was finished before an exception or interruption is written all the same and marked.
int run_program(const std::string& name, const std::string& title, const SeedCount& count, int argc,
                const char* const* argv, const std::function<void(Program&)>& body);
inline int run_program(const std::string& name, const std::string& title, int argc, const char* const* argv,
                       const std::function<void(Program&)>& body) {
  return run_program(name, title, SeedCount{}, argc, argv, body);
}

}  // namespace basin::examples
