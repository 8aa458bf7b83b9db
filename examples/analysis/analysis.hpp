// What `analyze` finds out of one network and its samples.
#pragma once
#include <complex>   // std::complex
#include <optional>  // std::optional
#include <string>    // std::string
#include <vector>    // std::vector

#include "analysis/effort.hpp"              // Effort
#include "analysis/options.hpp"             // AnalyzeOptions
#include "basin/certify/certificate.hpp"    // Certificate
#include "basin/core/model.hpp"             // Model
#include "basin/core/shape.hpp"             // Shape
#include "basin/core/statistics.hpp"        // ConfidenceInterval
#include "basin/dynamics/fixed_points.hpp"  // FixedPoints, Census, Richness
#include "basin/dynamics/recall.hpp"        // Recall
#include "basin/io/onnx.hpp"                // OnnxInfo
#include "basin/network/sequence.hpp"       // Sequence

namespace basin::examples {

/// The network and the samples it is judged by.
struct AnalysisInput {
  AnalyzedModel f;
  OnnxInfo info;
  Mat<double> X;      // one column a sample, in the order of the network's input
  Shape shape;        // of one sample
  Index in_file = 0;  // samples in the file, of which X has the first
  Effort effort;
  bool image() const { return shape.height > 1 && shape.width > 1; }
  bool self_map() const { return f.layer.in_size() == f.layer.out_size(); }
};

/// Section 1.
struct NetworkFacts {
  Index layers = 0, parameters = 0, multiply_adds = 0;
  bool affine = false;
  std::string not_affine;  // the first layer that is not
  Index narrowest = 0;     // numbers at the place that Jacobians are cut at; 0: nowhere
  bool certifiable = false;
  std::string no_certificates;  // why not
};

/// Section 2: the mean over the entries of (f(x) - x)^2 of each sample.
struct TrainingError {
  std::vector<double> of_sample;
  double mean = 0, largest = 0;
  Index worst = 0;
  double relative = 0;    // the median of |f(x) - x| / |x|
  double lo = 0, hi = 0;  // of the data
  std::string hint;       // what is probably wrong; empty: nothing
};

/// Section 3.
struct FixedPointFacts {
  FixedPoints<double> points;
  Richness richness;  // of the searches, without those from ends of orbits
  Index examples = 0, uniform = 0, around = 0, midpoints = 0;  // starts
  Index all_pairs = 0;                                         // of examples
  Index degree = 0;
  bool degree_known = false, degree_sure = false;
  double growth = 0;  // largest |f(t u)| / t far away
  Census census;
  Recall<double> recall;
  std::vector<double> example_distance;  // of each point to the nearest example, relative to that one's norm
  std::vector<Index> nearest_example;
};

/// Where the orbits of starts of one kind end.
struct BasinShare {
  enum class Kind { attractor, elsewhere, cycle, moving, diverged };
  Kind kind = Kind::attractor;
  Index point = -1;  // the attractor among the fixed points
  Index count = 0;
  double share = 0;
  ConfidenceInterval interval;  // 95 %
};
struct BasinFractions {
  std::string starts;  // what they are
  Index count = 0;
  Index steps = 0;                 // made at most
  std::vector<BasinShare> shares;  // attractors by share, then the rest; the counts add up to `count`
  Index longest_period = 0;        // of the cycles
};

/// The eigenvalues of the Jacobian at one attractor, largest modulus first.
struct Spectrum {
  Index point = 0;
  bool whole = false;  // whether all that are not 0 are there
  std::vector<std::complex<double>> values;
};

/// Section 6.
struct ProvedAttractor {
  Index point = 0;
  Certificate certificate;
};

/// Some orbits, for the pictures.
struct ShownOrbits {
  std::vector<Index> times;
  std::vector<std::string> names;      // of the starts
  std::vector<Mat<double>> snapshots;  // one matrix a time, and then the ends
};

struct Analysis {
  NetworkFacts network;
  TrainingError error;
  std::optional<FixedPointFacts> fixed;  // nothing where f cannot be iterated
  std::vector<BasinFractions> basins;
  std::vector<Spectrum> spectra;
  std::vector<ProvedAttractor> proofs;
  Index unproved = 0;  // attractors that no proof was tried for
  std::string why_unproved;
  ShownOrbits orbits;
  std::vector<std::string> notes;
  std::vector<std::pair<std::string, double>> seconds;  // of each part
  bool interrupted = false;

  /// The attracting points, those with the most hits of orbits first.
  std::vector<Index> attractors() const;
};

/// Reads both files. Throws FileError or std::invalid_argument where they do not fit each other.
AnalysisInput read_analysis_input(const AnalyzeOptions& options);

NetworkFacts network_facts(const AnalysisInput& in);
TrainingError training_error(const AnalysisInput& in);

/// Sections 3 to 5 and the orbits for the pictures. Where it is interrupted, what is missing is left empty.
void analyze_dynamics(const AnalysisInput& in, const AnalyzeOptions& options, Analysis& analysis);
/// Section 6.
void certify_attractors(const AnalysisInput& in, const AnalyzeOptions& options, Analysis& analysis);

/// The answers in a sentence each, for the terminal and the top of the page.
std::vector<std::string> answers(const AnalysisInput& in, const Analysis& analysis, double tolerance);
/// analysis.json.
std::string analysis_json(const AnalysisInput& in, const AnalyzeOptions& options, const Analysis& analysis);
/// Draws the pictures in options.out and gives the page that holds them.
std::string analysis_page(const AnalysisInput& in, const AnalyzeOptions& options, const Analysis& analysis);

}  // namespace basin::examples
