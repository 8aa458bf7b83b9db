// What a network from PyTorch is as a dynamical system: an .onnx file and its samples in, a report out. Page:
// docs/analyze.md.
#include <cstdio>        // std::fputs, std::fflush
#include <exception>     // std::exception
#include <system_error>  // std::error_code

#include "analysis/analysis.hpp"
#include "basin/core/error.hpp"      // FileError
#include "basin/core/parallel.hpp"   // set_num_threads
#include "basin/io/atomic_file.hpp"  // write_atomically
#include "basin/io/npy.hpp"          // write_npy
#include "support/command_line.hpp"  // Usage, ExitStatus
#include "support/interrupt.hpp"     // install_interrupt_handler, interrupted
#include "support/text.hpp"          // text

namespace {

using namespace basin;
using namespace basin::examples;

void make_folder(const std::filesystem::path& out) {
  std::error_code error;
  std::filesystem::create_directories(out, error);
  if (!std::filesystem::is_directory(out))
    throw FileError(text("--out ", out.string(), ": is no directory and cannot be made: ", error.message()));
}

/// The points, the first index counting them, each as the network takes it.
void write_points(const AnalysisInput& in, const FixedPoints<double>& points,
                  const std::filesystem::path& file) {
  NdArray<double> array{{points.size()}, Vec<double>(points.x.reshaped())};
  array.shape.insert(array.shape.end(), in.info.in_shape.begin(), in.info.in_shape.end());
  write_npy(file, array);
}

Analysis analyze(const AnalysisInput& in, const AnalyzeOptions& o) {
  Analysis a;
  a.network = network_facts(in);
  a.error = training_error(in);
  if (in.self_map()) {
    analyze_dynamics(in, o, a);
    if (!interrupted()) certify_attractors(in, o, a);
  }
  a.interrupted = interrupted();
  return a;
}

void write_results(const AnalysisInput& in, const AnalyzeOptions& o, const Analysis& a) {
  const std::string json = analysis_json(in, o, a);
  write_atomically(o.out / "analysis.json", json);
  if (a.fixed && a.fixed->points.size() > 0) write_points(in, a.fixed->points, o.out / "fixed_points.npy");
  write_atomically(o.out / "report.html", analysis_page(in, o, a));
  if (o.json) {
    std::fputs(json.c_str(), stdout);
  } else {
    for (const std::string& answer : answers(in, a, o.tolerance)) std::fputs((answer + "\n").c_str(), stdout);
    std::fputs(text(a.interrupted ? "Interrupted: this is what was finished. " : "",
                    "Written: ", (o.out / "report.html").string(), "\n")
                   .c_str(),
               stdout);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const AnalyzeOptions options = parse_analyze_options(argc, argv);
    install_interrupt_handler();
    set_num_threads(options.threads);
    const AnalysisInput input = read_analysis_input(options);
    make_folder(options.out);
    const Analysis analysis = analyze(input, options);
    write_results(input, options, analysis);
    return analysis.interrupted ? was_interrupted : all_in_band;
  } catch (const Usage& usage) {
    return usage.print();
  } catch (const std::exception& e) {
    std::fputs(text("analyze: error: ", e.what(), "\n").c_str(), stderr);
    return failed;
  }
}
