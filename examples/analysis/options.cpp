#include "analysis/options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>      // std::from_chars
#include <system_error>  // std::errc
#include <vector>        // std::vector

#include "support/command_line.hpp"  // Usage, ExitStatus, narrow_help
#include "support/text.hpp"          // text

namespace basin::examples {

namespace {

constexpr const char* title =
    "What an autoencoder in an ONNX file does when it is iterated: whether it reproduces its data, where its "
    "attractors are, what is proved of them, what else there is. Writes OUT/report.html, OUT/analysis.json "
    "and OUT/fixed_points.npy.";

[[noreturn]] void complain(const std::string& problem) {
  throw Usage{bad_usage, text("analyze: ", problem, "\n`analyze --help` lists the options.\n")};
}

/// "3,32,32", or "2" for a vector.
Shape parsed_shape(const std::vector<Index>& sides) {
  constexpr Index most = Index(1) << 20;
  for (const Index side : sides)
    if (side < 1 || side > most) complain(text("--shape: every side must be from 1 to 2^20, found ", side));
  if (sides.size() == 3) return {sides[0], sides[1], sides[2]};
  if (sides.size() == 2) return {1, sides[0], sides[1]};
  if (sides.size() == 1) return {1, 1, sides[0]};
  complain(text("--shape: expected C,H,W or H,W or N, found ", sides.size(), " numbers"));
}

/// Not by CLI11, to which -1 is 2^64 - 1.
std::uint64_t parsed_seed(const std::string& seed) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(seed.data(), seed.data() + seed.size(), value);
  if (error != std::errc() || end != seed.data() + seed.size())
    complain(text("--seed: expected a whole number from 0 to ", ~std::uint64_t(0), ", found '", seed, "'"));
  return value;
}

}  // namespace

AnalyzeOptions parse_analyze_options(int argc, const char* const* argv) {
  constexpr Index most = Index(1) << 24;
  AnalyzeOptions o;
  std::string model, data, out = o.out.string(), seed = "0";
  std::vector<Index> sides;
  bool quick = false, no_certificates = false;
  CLI::App app(title, "analyze");
  app.add_option("MODEL", model, "the network, an .onnx file as torch.onnx.export writes it")->required();
  app.add_option(
         "--data", data,
         "the samples: .npy, .npz, .safetensors, IDX, CIFAR-10 (binary), a PNG file or a folder of them")
      ->required()
      ->type_name("FILE");
  app.add_option("--array", o.array, "which array of an .npz or .safetensors file")->type_name("NAME");
  app.add_option("--shape", sides, "shape of one sample, where the files do not say it: 3,32,32")
      ->type_name("C,H,W")
      ->delimiter(',');
  app.add_option("--limit", o.limit,
                 "only the first N samples (default: up to 100, with --full all; fewer where they take long)")
      ->type_name("N")
      ->check(CLI::Range(Index(1), most));
  CLI::Option* quick_flag =
      app.add_flag("--quick", quick, "few samples and starts, short searches and orbits (the default)");
  app.add_flag("--full", o.full, "more starts, longer orbits, all certificates")->excludes(quick_flag);
  app.add_option(
         "--starts", o.starts,
         "random starts of each kind (default: up to 100, with --full 2000; fewer where a search is long)")
      ->type_name("N")
      ->check(CLI::Range(Index(1), most));
  app.add_option("--seed", seed, "of the random starts (default: 0)")->type_name("N");
  app.add_option("--threads", o.threads, "number of threads, which changes no result (default: all)")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  app.add_option("--tolerance", o.tolerance,
                 "an attractor within this times |x| of an example x is the example's (default: 0.01)")
      ->type_name("T")
      ->check(CLI::Range(1e-12, 1.));
  app.add_option("--out", out, "the folder for what is written (default: analysis)")->type_name("DIR");
  app.add_flag("--json", o.json, "print analysis.json on stdout, and nothing else there");
  app.add_flag("--no-certificates", no_certificates, "no proofs");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    throw Usage{all_in_band, narrow_help(app.help())};
  } catch (const CLI::ParseError& e) {
    complain(e.what());
  }
  if (model.empty()) complain("MODEL: expected a file, found an empty name");
  if (data.empty()) complain("--data: expected a file or folder, found an empty name");
  if (out.empty()) complain("--out: expected a folder, found an empty name");
  o.model = model;
  o.data = data;
  o.out = out;
  if (!sides.empty()) o.shape = parsed_shape(sides);
  o.seed = parsed_seed(seed);
  o.certificates = !no_certificates;
  return o;
}

}  // namespace basin::examples
