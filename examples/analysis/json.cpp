// analysis.json.
#include <algorithm>  // std::min
#include <nlohmann/json.hpp>

#include "analysis/analysis.hpp"
#include "analysis/words.hpp"  // name_of
#include "support/text.hpp"    // text

namespace basin::examples {

namespace {

using Json = nlohmann::ordered_json;

std::string word(const auto& value) { return text(value); }

Json network_json(const AnalysisInput& in, const NetworkFacts& n) {
  Json j;
  j["producer"] = in.info.producer;
  j["opset"] = in.info.opset;
  j["operators"] = in.info.operators;
  j["input"] = in.info.input;
  j["output"] = in.info.output;
  j["input_shape"] = in.info.in_shape;
  j["output_shape"] = in.info.out_shape;
  j["input_size"] = in.f.layer.in_size();
  j["output_size"] = in.f.layer.out_size();
  j["layers"] = n.layers;
  j["parameters"] = n.parameters;
  j["multiply_adds"] = n.multiply_adds;
  j["affine"] = n.affine;
  j["self_map"] = in.self_map();
  j["narrowest"] = n.narrowest;
  return j;
}

Json error_json(const AnalysisInput& in, const TrainingError& e) {
  Json j;
  j["samples"] = in.X.cols();
  j["samples_in_file"] = in.in_file;
  j["data_range"] = {e.lo, e.hi};
  if (!e.of_sample.empty()) {
    j["mean_square_error"] = e.mean;
    j["largest"] = e.largest;
    j["largest_at"] = e.worst;
    j["median_relative"] = e.relative;
    j["of_sample"] = e.of_sample;
  }
  j["hint"] = e.hint;
  return j;
}

Json points_json(const FixedPointFacts& f) {
  Json list = Json::array();
  for (Index k = 0; k < f.points.size(); ++k) {
    const auto at = static_cast<std::size_t>(k);
    const LinearStability& s = f.points.kinds[at];
    Json j{{"stability", word(s.stability)},
           {"spectral_radius", s.spectral_radius},
           {"uncertainty", s.uncertainty},
           {"unstable_directions", s.unstable},
           {"unstable_directions_shown", s.counted},
           {"index", s.index},
           {"norm", s.norm},
           {"residual", f.points.residuals[at]},
           {"hits", f.points.hits[at]}};
    if (at < f.nearest_example.size()) {
      j["nearest_example"] = f.nearest_example[at];
      j["relative_distance"] = f.example_distance[at];
      j["spurious"] = f.census.example_at[at] == -1;
    }
    list.push_back(j);
  }
  return list;
}

Json fixed_points_json(const FixedPointFacts& f) {
  Json j;
  j["starts"] = {{"examples", f.examples},
                 {"uniform", f.uniform},
                 {"around_examples", f.around},
                 {"midpoints", f.midpoints}};
  j["found"] = f.points.size();
  j["attracting"] = f.points.count(Stability::attracting);
  j["unstable"] = f.points.count(Stability::unstable);
  j["undecided"] = f.points.count(Stability::undecided);
  Json ends = Json::object();
  for (const SearchEnd e : f.points.ends) ends[word(e)] = ends.value(word(e), 0) + 1;
  j["searches"] = ends;
  j["index_sum"] = f.points.index_sum();
  j["index_sum_sure"] = f.points.index_is_sure();
  if (f.degree_known) {
    j["degree"] = f.degree;
    j["degree_sure"] = f.degree_sure;
    j["growth_at_infinity"] = f.growth;
  }
  j["richness"] = {
      {"seen", f.richness.seen}, {"at_least", f.richness.chao1}, {"coverage", f.richness.coverage}};
  j["points"] = points_json(f);
  return j;
}

Json memorized_json(const FixedPointFacts& f, double tolerance) {
  Json j{{"tolerance", tolerance},
         {"examples", f.examples},
         {"near_a_fixed_point", f.recall.near()},
         {"attracting", f.recall.attracting()},
         {"recalled", f.recall.recalled()},
         {"attractors", f.census.attractors},
         {"spurious", f.census.spurious}};
  Json list = Json::array();
  for (const auto& e : f.recall.examples)
    list.push_back({{"distance", e.distance},
                    {"stability", word(e.point.stability)},
                    {"spectral_radius", e.point.spectral_radius},
                    {"near", e.near},
                    {"attracts", e.attracts},
                    {"recalled", e.recalled}});
  j["of_example"] = list;
  return j;
}

Json basins_json(const std::vector<BasinFractions>& basins) {
  Json list = Json::array();
  for (const BasinFractions& b : basins) {
    Json ends = Json::array();
    for (const BasinShare& s : b.shares) {
      Json j{{"end", name_of(s.kind)}};
      if (s.point >= 0) j["point"] = s.point;
      j["count"] = s.count;
      j["fraction"] = s.share;
      j["interval"] = {s.interval.low, s.interval.high};
      ends.push_back(j);
    }
    list.push_back({{"starts", b.starts}, {"count", b.count}, {"steps", b.steps}, {"ends", ends}});
  }
  return list;
}

Json spectra_json(const std::vector<Spectrum>& spectra) {
  Json list = Json::array();
  for (const Spectrum& s : spectra) {
    Json values = Json::array();
    for (std::size_t i = 0; i < std::min<std::size_t>(s.values.size(), 20); ++i)
      values.push_back({s.values[i].real(), s.values[i].imag()});
    list.push_back({{"point", s.point}, {"leading", values}});
  }
  return list;
}

Json certificates_json(const Analysis& a) {
  Json j{{"possible", a.network.certifiable}};
  Json list = Json::array();
  Index verified = 0;
  for (const ProvedAttractor& p : a.proofs) {
    const Certificate& c = p.certificate;
    verified += c.verified;
    Json entry{{"point", p.point}, {"verified", c.verified}};
    if (c.verified) {
      entry["radius"] = c.radius_2norm;
      entry["error"] = c.error;
      entry["contraction"] = c.contraction;
    } else {
      entry["reason"] = c.reason;
    }
    list.push_back(entry);
  }
  j["tried"] = a.proofs.size();
  j["verified"] = verified;
  j["not_tried"] = a.unproved;
  if (!a.why_unproved.empty()) j["reason"] = a.why_unproved;
  j["of_attractor"] = list;
  return j;
}

}  // namespace

std::string analysis_json(const AnalysisInput& in, const AnalyzeOptions& o, const Analysis& a) {
  Json j;
  j["model"] = o.model.string();
  j["data"] = o.data.string();
  j["mode"] = o.full ? "full" : "quick";
  j["seed"] = o.seed;
  j["less_than_usual"] = in.effort.said;
  j["sample_shape"] = {in.shape.channels, in.shape.height, in.shape.width};
  j["network"] = network_json(in, a.network);
  j["training_error"] = error_json(in, a.error);
  if (a.fixed) {
    j["fixed_points"] = fixed_points_json(*a.fixed);
    j["memorized"] = memorized_json(*a.fixed, o.tolerance);
    j["basins"] = basins_json(a.basins);
    j["spectra"] = spectra_json(a.spectra);
    j["certificates"] = certificates_json(a);
  }
  j["answers"] = answers(in, a, o.tolerance);
  j["notes"] = a.notes;
  j["interrupted"] = a.interrupted;
  Json seconds = Json::object();
  for (const auto& [what, time] : a.seconds) seconds[what] = time;
  j["seconds"] = seconds;
  return j.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace basin::examples
