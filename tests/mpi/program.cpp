// A program like those of the paper, for ranks. The environment variable TRIAL says what it does: share its
// seeds, "alone": nothing to share, "fails": an exception in the task of seed 3, "stray": one outside of all
// tasks.
#include <cmath>      // std::sqrt
#include <cstdlib>    // std::getenv
#include <stdexcept>  // std::runtime_error
#include <string>     // std::string
#include <vector>     // std::vector

#include "basin/core/random.hpp"  // Random
#include "basin/io/csv.hpp"       // CsvTable
#include "support/program.hpp"    // run_program, Program

using namespace basin;
using namespace basin::examples;

namespace {

std::string trial() {
  const char* value = std::getenv("TRIAL");
  return value == nullptr ? "" : value;
}

struct Run {
  Mat<double> X;
  std::vector<double> values;
  std::string name;
};

Run run(std::uint64_t seed) {
  if (trial() == "fails" && seed == 3) throw std::runtime_error("no convergence");
  Random random(seed);
  Run r;
  r.X = Mat<double>::NullaryExpr(5, 2, [&] { return random.normal(); });
  r.values = {r.X.norm(), r.X.sum()};
  r.name = text("seed ", seed);
  return r;
}

void body(Program& program) {
  const std::vector<Run> runs = program.over_seeds(run, "first");
  const auto roots = program.over_settings(
      2, [](std::size_t k, std::uint64_t seed) { return std::sqrt(double(seed) + double(k)); });
  if (trial() == "stray" && program.writes()) throw std::runtime_error("a file that cannot be written");
  for (std::size_t k = 0; k < runs.size(); ++k)
    program.claim(median_claim(runs[k].name, "A norm.", "-", {runs[k].values[0], roots[0][k], roots[1][k]},
                               at_least(0)));
  if (program.writes())
    CsvTable().add("norm", runs.front().values).write(program.options.out / "program.csv");
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("program", "A program over ranks",
                     {.quick = 6, .full = 6, .over_ranks = trial() != "alone"}, argc, argv, body);
}
