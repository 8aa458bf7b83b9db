// From an ONNX file to a network: which input, which nodes, in which order; all problems in one error.
#pragma once
#include <algorithm>  // std::none_of, std::reverse
#include <map>        // std::map
#include <optional>   // std::optional
#include <set>        // std::set
#include <string>     // std::string
#include <utility>    // std::move
#include <vector>     // std::vector

#include "basin/io/onnx.hpp"             // OnnxOptions, OnnxInfo
#include "basin/io/onnx/file.hpp"        // OnnxFile, read_onnx_file
#include "basin/io/onnx/operators.hpp"   // onnx_operators
#include "basin/io/onnx/translator.hpp"  // OnnxTranslator, OnnxValue

namespace basin::inline BASIN_ABI::detail {

template <class S>
class OnnxReader {
 public:
  OnnxReader(OnnxFile file, const OnnxOptions& options) : file_(std::move(file)), options_(options) {}

  Model<Sequence<S>> read(OnnxInfo* info);

 private:
  /// The one input that no option fixes.
  const OnnxPort& free_input() const;
  /// The sides of one sample, and whether a batch stands in front of them.
  Dims sample_dims(const OnnxPort& input, bool& batch) const;
  /// The nodes that the output needs, each behind those that it takes values of.
  std::vector<const OnnxNode*> needed(const std::string& output) const;
  void require_known(const std::vector<const OnnxNode*>& nodes) const;
  void translate(OnnxTranslator<S>& all, const OnnxNode& node);
  /// The outputs of a node whose inputs are constants all.
  void fold(OnnxTranslator<S>& all, const OnnxNode& node) const;
  void count_outputs(const OnnxTranslator<S>& all, const OnnxNode& node);
  [[noreturn]] void fail(const std::vector<std::string>& problems) const {
    std::string list;
    constexpr std::size_t most = 50;
    for (std::size_t k = 0; k < problems.size() && k < most; ++k) list += "\n  " + problems[k];
    if (problems.size() > most) list += "\n  and " + std::to_string(problems.size() - most) + " more";
    file_error(file_.path, "cannot be read as a network, ", problems.size(),
               problems.size() == 1 ? " problem:" : " problems:", list);
  }

  OnnxFile file_;
  const OnnxOptions& options_;
  std::vector<std::string> problems_;
  Index computed_ = 0;  // numbers in all values that nodes gave so far
};

template <class S>
const OnnxPort& OnnxReader<S>::free_input() const {
  const OnnxPort* found = nullptr;
  std::string names;
  int count = 0;
  for (const OnnxPort& p : file_.inputs) {
    if (options_.constants.contains(p.name)) continue;
    found = &p;
    ++count;
    names += (names.empty() ? "'" : ", '") + printable(p.name) + "'";
  }
  if (count != 1)
    file_error(file_.path, "has ", count, " inputs", count > 0 ? ", " : "", names,
               ", expected one; OnnxOptions::constants holds others fixed");
  static const std::set<std::string> floating{"float", "double", "float16", "bfloat16"};
  if (!floating.contains(found->type))
    file_error(file_.path, "input '", printable(found->name), "' is ", found->type,
               ", expected floating point");
  return *found;
}

template <class S>
Dims OnnxReader<S>::sample_dims(const OnnxPort& input, bool& batch) const {
  using Batch = OnnxOptions::Batch;
  const std::string who = "input '" + printable(input.name) + "'";
  if (!input.ranked && options_.input_shape.empty())
    file_error(file_.path, who, " has no shape in the file: say it by OnnxOptions::input_shape");
  batch = options_.batch == Batch::first_axis ||
          (options_.batch == Batch::automatic && (input.ranked ? input.dims.size() >= 2 : true));
  if (batch && input.ranked && input.dims.empty())
    file_error(file_.path, who, " is a number, it has no batch");
  Dims dims = input.dims;
  if (batch && !dims.empty()) dims.erase(dims.begin());
  if (!options_.input_shape.empty()) {
    const Dims& said = options_.input_shape;
    bool fits = !input.ranked || said.size() == dims.size();
    for (std::size_t a = 0; fits && a < said.size(); ++a)
      fits = said[a] >= 1 && (!input.ranked || dims[a] == -1 || dims[a] == said[a]);
    if (!fits)
      file_error(file_.path, who, " has samples of shape ", shape_text(dims),
                 " (-1: open), OnnxOptions::input_shape is ", shape_text(said));
    dims = said;
  }
  for (std::size_t a = 0; a < dims.size(); ++a)
    if (dims[a] < 1)
      file_error(file_.path, who, ": side ", a, " of a sample is open in the file: say it by ",
                 "OnnxOptions::input_shape");
  if (dims.size() >= onnx_max_rank)
    file_error(file_.path, who, " has ", dims.size(), " axes, expected fewer than ", onnx_max_rank);
  const auto size = checked_product(dims);
  if (!size || *size > static_cast<std::uint64_t>(options_.max_values))
    file_error(file_.path, who, " has samples of shape ", shape_text(dims), ", more than the limit of ",
               options_.max_values, " numbers (OnnxOptions::max_values)");
  return dims;
}

template <class S>
std::vector<const OnnxNode*> OnnxReader<S>::needed(const std::string& output) const {
  std::set<std::string> wanted{output};
  std::vector<const OnnxNode*> nodes;
  // The file has them in order, so that one pass from the end finds all; out of order, a value is missing.
  for (std::size_t k = file_.nodes.size(); k-- > 0;) {
    const OnnxNode& n = file_.nodes[k];
    if (std::none_of(n.outputs.begin(), n.outputs.end(),
                     [&](const std::string& name) { return !name.empty() && wanted.contains(name); }))
      continue;
    nodes.push_back(&n);
    for (const std::string& name : n.inputs)
      if (!name.empty()) wanted.insert(name);
  }
  std::reverse(nodes.begin(), nodes.end());
  return nodes;
}

template <class S>
void OnnxReader<S>::require_known(const std::vector<const OnnxNode*>& nodes) const {
  std::vector<std::string> unknown;
  for (const OnnxNode* n : nodes) {
    if (!n->domain.empty() && n->domain != "ai.onnx")
      unknown.push_back(n->text() + ": operators of other domains than ONNX's own are not supported");
    else if (!onnx_operators<S>().contains(n->op))
      unknown.push_back(n->text() + ": the operator is not supported");
  }
  if (!unknown.empty()) fail(unknown);
}

template <class S>
void OnnxReader<S>::fold(OnnxTranslator<S>& all, const OnnxNode& node) const {
  OnnxTranslator<double> alone(1, file_.opset, all.declared_batch(), options_.max_values, true);
  bool integer = true, unknown = false;
  for (const std::string& name : node.inputs) {
    if (name.empty()) continue;
    const auto v = all.values.find(name);
    if (v == all.values.end()) continue;  // the operator says so
    alone.values[name] = v->second;
    integer = integer && v->second.constant->integer;
    unknown = unknown || v->second.constant->values.hasNaN();
  }
  alone.begin(node);
  onnx_operators<double>().at(node.op)(alone);
  alone.require_all_asked();
  for (const std::string& name : node.outputs) {
    const auto v = alone.values.find(name);
    if (v == alone.values.end()) continue;
    OnnxValue value = v->second;
    if (!value.constant) {
      onnx_require(!unknown, "computes with the size of the batch, or with NaN");
      const Vec<double> zero = Vec<double>::Zero(1);
      value.constant = OnnxTensor{value.dims, alone.builder.finish(value.id)(zero), integer};
      value.id = -1;
    }
    all.values[name] = std::move(value);
  }
}

/// What a node gives takes memory: a constant its numbers, a value of a sample where each of them comes from.
/// Each is within the limit, and so must all of them be together: a small file may have many nodes.
template <class S>
void OnnxReader<S>::count_outputs(const OnnxTranslator<S>& all, const OnnxNode& node) {
  for (const std::string& name : node.outputs)
    if (const auto v = all.values.find(name); v != all.values.end()) computed_ += v->second.size();
  if (computed_ > options_.max_values)
    fail({node.text() + ": the values of all nodes up to this one have together more than the limit of " +
          std::to_string(options_.max_values) + " numbers (OnnxOptions::max_values)"});
}

template <class S>
void OnnxReader<S>::translate(OnnxTranslator<S>& all, const OnnxNode& node) {
  bool constant = true, usable = true;
  for (const std::string& name : node.inputs) {
    const auto v = name.empty() ? all.values.end() : all.values.find(name);
    if (v == all.values.end()) continue;
    usable = usable && v->second.usable;
    constant = constant && v->second.constant;
  }
  try {
    if (usable) {
      for (const std::string& name : node.outputs)
        onnx_require(name.empty() || !all.values.contains(name), "gives '", printable(name),
                     "', which is given before");
      if (constant) {
        fold(all, node);
      } else {
        all.begin(node);
        onnx_operators<S>().at(node.op)(all);
        all.require_all_asked();
      }
      count_outputs(all, node);
      return;
    }
  } catch (const OnnxProblem& e) {
    problems_.push_back(node.text() + ": " + e.what());
  } catch (const std::invalid_argument& e) {
    problems_.push_back(node.text() + ": " + e.what());
  }
  for (const std::string& name : node.outputs)
    if (!name.empty()) all.values[name] = OnnxValue{.usable = false};
}

template <class S>
Model<Sequence<S>> OnnxReader<S>::read(OnnxInfo* info) {
  const OnnxPort& input = free_input();
  bool batch = false;
  const Dims sample = sample_dims(input, batch);
  if (file_.outputs.empty()) file_error(file_.path, "has no output");
  const std::string output = options_.output.empty() ? file_.outputs[0].name : options_.output;

  Index size = 1;
  for (const Index side : sample) size *= side;
  const bool fixed_batch = batch && !input.dims.empty() && input.dims[0] >= 1;
  OnnxTranslator<S> all(size, file_.opset, fixed_batch ? std::optional<Index>(input.dims[0]) : std::nullopt,
                        options_.max_values);
  OnnxValue x{.dims = sample, .id = 0, .batch = batch ? 0 : -1};
  if (batch) x.dims.insert(x.dims.begin(), 1);
  all.values[input.name] = std::move(x);
  const auto add_constant = [&](const std::string& name, OnnxTensor t) {
    try {
      all.require_size(t.dims);
    } catch (const OnnxProblem& e) {
      fail({"constant '" + printable(name) + "': " + e.what()});
    }
    OnnxValue v{.dims = t.dims};
    v.constant = std::move(t);
    all.values[name] = std::move(v);
  };
  for (auto& [name, t] : file_.constants) add_constant(name, std::move(t));
  for (const auto& [name, array] : options_.constants) {
    require_array(array, "read_onnx: OnnxOptions::constants");
    add_constant(name, {array.shape, array.values, false});
  }

  const std::vector<const OnnxNode*> nodes = needed(output);
  require_known(nodes);
  for (const OnnxNode* n : nodes) translate(all, *n);
  if (!problems_.empty()) fail(problems_);
  const auto y = all.values.find(output);
  if (y == all.values.end())
    fail({"output '" + printable(output) + "' is given by no node that comes before it is used"});
  if (y->second.constant || (batch && y->second.batch < 0))
    fail({"output '" + printable(output) + "' does not depend on the input"});
  if (info) {
    *info = {.producer = printable(file_.producer),
             .opset = file_.opset,
             .input = printable(input.name),
             .output = printable(output),
             .has_batch = batch,
             .out_batch_axis = y->second.batch,
             .in_shape = sample,
             .out_shape = y->second.dims};
    if (y->second.batch >= 0) info->out_shape.erase(info->out_shape.begin() + y->second.batch);
    for (const OnnxNode* n : nodes) ++info->operators[printable(n->op)];
  }
  return all.builder.finish(y->second.id);
}

}  // namespace basin::detail

namespace basin::inline BASIN_ABI {

template <class S>
Model<Sequence<S>> read_onnx(const std::filesystem::path& path, const OnnxOptions& options, OnnxInfo* info) {
  detail::require_path(path, "read_onnx");
  require(options.max_values >= 1, "read_onnx: OnnxOptions::max_values must be >= 1, got ",
          options.max_values);
  return detail::OnnxReader<S>(detail::read_onnx_file(path, options.max_bytes), options).read(info);
}

}  // namespace basin
