// The network and its samples, and what can be said before anything is iterated.
#include <algorithm>  // std::max_element, std::min
#include <cmath>      // std::isfinite
#include <string>     // std::string
#include <utility>    // std::move
#include <vector>     // std::vector

#include "analysis/analysis.hpp"
#include "basin/core/statistics.hpp"          // median
#include "basin/dynamics/jacobian.hpp"        // detail::narrow_cut
#include "basin/io/samples.hpp"               // read_samples
#include "basin/linearize/affine_layers.hpp"  // detail::AffineRules
#include "support/claims.hpp"                 // number
#include "support/text.hpp"                   // text

namespace basin::examples {

namespace {

std::vector<Index> sides_of(const Shape& s) { return {s.channels, s.height, s.width}; }

Index product(const std::vector<Index>& sides) {
  Index size = 1;
  for (const Index side : sides) size *= side;
  return size;
}

/// (1, 28, 28) as it stands, (28, 28) as one channel; others are vectors.
Shape shape_of(const std::vector<Index>& sides) {
  if (sides.size() == 3) return {sides[0], sides[1], sides[2]};
  if (sides.size() == 2) return {1, sides[0], sides[1]};
  return {1, 1, product(sides)};
}

/// What the network's input is where the file leaves sides open: what the data say, or the command line.
AnalyzedModel read_model(const AnalyzeOptions& o, const Shape& sample, OnnxInfo& info) {
  try {
    return read_onnx<double>(o.model, {}, &info);
  } catch (const FileError&) {
    OnnxOptions open;
    open.input_shape = sides_of(o.shape.value_or(sample));
    try {
      return read_onnx<double>(o.model, open, &info);
    } catch (const FileError&) {
    }
    throw;  // the first error: the shape was not what was missing
  }
}

/// The shape of one sample: as the command line says, else as network and data say it, whichever knows of an
/// image.
Shape sample_shape(const AnalyzeOptions& o, const OnnxInfo& info, const Shape& data) {
  if (o.shape) return *o.shape;
  const Shape net = shape_of(info.in_shape);
  return net.height > 1 && net.width > 1 ? net : data;
}

/// f(x) of many samples, not all at once.
Mat<double> outputs(const AnalyzedModel& f, const Mat<double>& X) {
  constexpr Index together = 64;
  Mat<double> Y(f.layer.out_size(), X.cols());
  for (Index j = 0; j < X.cols(); j += together) {
    const Index some = std::min(together, X.cols() - j);
    Y.middleCols(j, some) = f(X.middleCols(j, some));
  }
  return Y;
}

std::string hint_of(const TrainingError& e, double spread) {
  if (!std::isfinite(e.mean)) return "The output is NaN or infinite for some samples.";
  if (e.mean < 0.1 * spread) return "";
  if (e.hi > 2 && e.lo >= 0)
    return text("The error is as large as the data themselves, which run from ", number(e.lo), " to ",
                number(e.hi), ": the network was probably trained on data scaled to [0, 1].");
  if (e.lo >= 0 && e.hi <= 1)
    return "The error is as large as the data vary. If the network was trained on data that were normalized "
           "(to mean 0, say), give it those.";
  return "The error is as large as the data vary: are these the samples, scaled the way, that the network "
         "was "
         "trained on?";
}

}  // namespace

AnalysisInput read_analysis_input(const AnalyzeOptions& o) {
  ReadSamplesOptions reading;
  reading.array = o.array;
  Samples<double> samples = read_samples<double>(o.data, reading);
  OnnxInfo info;
  AnalyzedModel f = read_model(o, samples.shape, info);
  const Index n = f.layer.in_size();
  if (samples.columns.rows() != n)
    throw FileError(text(o.data.string(), ": one sample has ", samples.columns.rows(), " numbers (",
                         samples.shape, "), but the network in ", o.model.string(), " takes ", n, ", ",
                         detail::shape_text(info.in_shape)));
  const Shape shape = sample_shape(o, info, samples.shape);
  if (shape.size() != n)
    throw FileError(text("--shape: ", shape, " makes ", shape.size(), " numbers, but a sample in ",
                         o.data.string(), " has ", n));
  if (!samples.columns.allFinite()) throw FileError(text(o.data.string(), ": holds NaN or infinite numbers"));
  AnalysisInput in{std::move(f), std::move(info), std::move(samples.columns), shape, 0, {}};
  in.in_file = in.X.cols();
  in.effort = effort_for(in.f, in.in_file, o);
  if (in.effort.examples < in.X.cols()) in.X = in.X.leftCols(in.effort.examples).eval();
  return in;
}

NetworkFacts network_facts(const AnalysisInput& in) {
  NetworkFacts facts;
  facts.layers = in.f.layer.size();
  facts.parameters = in.f.layer.param_size();
  facts.multiply_adds = multiply_adds(in.f.layer);
  const char* const other = detail::walk<double>(in.f.layer, in.f.theta, static_cast<const char*>(nullptr),
                                                 detail::AffineRules<double>{});
  facts.affine = !other;
  facts.not_affine = other ? other : "";
  if (const auto cut = detail::narrow_cut(in.f.layer)) facts.narrowest = cut->rows;
  return facts;
}

TrainingError training_error(const AnalysisInput& in) {
  TrainingError e;
  e.lo = in.X.minCoeff();
  e.hi = in.X.maxCoeff();
  if (!in.self_map()) return e;
  const Mat<double> g = outputs(in.f, in.X) - in.X;
  std::vector<double> relative;
  for (Index j = 0; j < g.cols(); ++j) {
    const double size = in.X.col(j).norm(), distance = g.col(j).norm();
    e.of_sample.push_back(g.col(j).squaredNorm() / static_cast<double>(g.rows()));
    relative.push_back(size > 0 ? distance / size : distance);
    e.mean += e.of_sample.back() / static_cast<double>(g.cols());
  }
  const auto worst = std::max_element(e.of_sample.begin(), e.of_sample.end());
  e.largest = *worst;
  e.worst = worst - e.of_sample.begin();
  e.relative = median(relative);
  const double spread = (in.X.array() - in.X.mean()).square().mean();
  e.hint = hint_of(e, spread);
  return e;
}

}  // namespace basin::examples
