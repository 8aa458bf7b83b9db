// PyTorch's state_dict, in a .safetensors or .npz file, into the parameters of a network and back.
#pragma once
#include <algorithm>    // std::sort
#include <cmath>        // std::isfinite
#include <filesystem>   // std::filesystem::path
#include <functional>   // std::function
#include <map>          // std::map
#include <optional>     // std::optional
#include <set>          // std::set
#include <stdexcept>    // std::invalid_argument
#include <string>       // std::string
#include <string_view>  // std::string_view
#include <utility>      // std::move, std::pair
#include <vector>       // std::vector

#include "basin/core/error.hpp"             // require
#include "basin/core/layer.hpp"             // Layer
#include "basin/core/param_blocks.hpp"      // ParamBlock
#include "basin/data/bytes.hpp"             // detail::file_error, detail::printable
#include "basin/io/array.hpp"               // NamedArray, detail::shape_text
#include "basin/io/name_order.hpp"          // detail::DottedOrder
#include "basin/io/parameters.hpp"          // detail::read_arrays, detail::theta_of, detail::write_blocks
#include "basin/layers/channel_affine.hpp"  // detail::folded_channel

namespace basin::inline BASIN_ABI {

/// Which tensors of a file are read, and in which order.
struct StateDictOptions {
  /// Only tensors whose names begin with this are looked at, and it is taken off their names: "encoder.".
  std::string prefix = {};
  /// Components of names ("fc", "conv1", "encoder") in the network's order, before those that are known
  /// anyway: encoder, decoder, weight, bias. For safetensors files alone, which forget it.
  std::vector<std::string> order = {};
  /// PyTorch's eps of all normalizations in the file.
  double batch_norm_eps = 1e-5;
};

namespace detail {

/// Folds the normalizations among `tensors`, which a file has: their names are "running_mean" and the like
/// behind a module ("3.", or nothing).
class BatchNormFold {
 public:
  BatchNormFold(std::vector<NamedArray<double>>& tensors, double eps, const std::filesystem::path& path)
      : tensors_(tensors), eps_(eps), path_(path) {
    for (std::size_t k = 0; k < tensors.size(); ++k) at_[tensors[k].name] = k;
  }

  /// Folds all, then takes out what is no longer needed.
  void run() {
    for (const auto& [name, k] : at_) {
      if (const auto module = module_of(name, "running_mean")) fold(*module, k);
      if (const auto module = module_of(name, "running_var");
          module && !at_.contains(*module + "running_mean"))
        file_error(path_, "tensor \"", printable(name), "\" has no running_mean beside it");
    }
    std::vector<NamedArray<double>> kept;
    for (std::size_t k = 0; k < tensors_.size(); ++k)
      if (!done_.contains(k) && !module_of(tensors_[k].name, "num_batches_tracked"))
        kept.push_back(std::move(tensors_[k]));
    tensors_ = std::move(kept);
  }

 private:
  /// "3." of "3.weight" where `leaf` is weight; nothing where the name ends otherwise.
  static std::optional<std::string> module_of(const std::string& name, std::string_view leaf) {
    if (!name.ends_with(leaf)) return std::nullopt;
    const std::string module = name.substr(0, name.size() - leaf.size());
    return module.empty() || module.back() == '.' ? std::optional(module) : std::nullopt;
  }
  /// Vector `leaf` of the module, nullptr where there is none; throws unless it has `size` numbers.
  Vec<double>* find(const std::string& module, const char* leaf, Index size) {
    const auto found = at_.find(module + leaf);
    if (found == at_.end()) return nullptr;
    NdArray<double>& a = tensors_[found->second].array;
    if (a.shape != std::vector<Index>{size})
      file_error(path_, "tensor \"", printable(found->first), "\" has shape ", shape_text(a.shape),
                 ", expected (", size, ",) as the running_mean beside it has");
    return &a.values;
  }
  /// w = weight / sqrt(var + eps), b = bias - mean w; without weight and bias they are 1 and 0.
  void fold(const std::string& module, std::size_t mean_at) {
    const Vec<double> mean = tensors_[mean_at].array.values;
    const Index size = mean.size();
    find(module, "running_mean", size);
    const auto require_beside = [&](bool ok, const char* leaf) {
      if (!ok)
        file_error(path_, "tensor \"", printable(module), "running_mean\" has no ", leaf, " beside it");
    };
    const Vec<double>* var = find(module, "running_var", size);
    require_beside(var != nullptr, "running_var");
    if (!((var->array() + eps_) > 0).all())
      file_error(path_, "tensor \"", printable(module), "running_var\": a variance + eps (", eps_,
                 ") is not positive");
    Vec<double>*weight = find(module, "weight", size), *bias = find(module, "bias", size);
    require_beside((weight == nullptr) == (bias == nullptr), weight == nullptr ? "weight" : "bias");
    Vec<double> w = weight ? *weight : Vec<double>::Ones(size), b = bias ? *bias : Vec<double>::Zero(size);
    for (Index c = 0; c < size; ++c) {
      const FoldedChannel folded = folded_channel(w[c], b[c], mean[c], (*var)[c], eps_);
      w[c] = folded.w;
      b[c] = folded.b;
    }
    const std::size_t var_at = at_.at(module + "running_var");
    if (weight) {
      *weight = std::move(w);
      *bias = std::move(b);
      done_.insert({mean_at, var_at});
    } else {  // they take the places of the two
      tensors_[mean_at] = {module + "weight", {{size}, std::move(w)}};
      tensors_[var_at] = {module + "bias", {{size}, std::move(b)}};
    }
  }

  std::vector<NamedArray<double>>& tensors_;
  double eps_;
  const std::filesystem::path& path_;
  std::map<std::string, std::size_t> at_;
  std::set<std::size_t> done_;
};

/// The tensors below the prefix in the order of the file, with normalizations folded.
inline std::vector<NamedArray<double>> folded_tensors(const std::filesystem::path& path,
                                                      const StateDictOptions& options, const char* who) {
  require(options.batch_norm_eps >= 0 && std::isfinite(options.batch_norm_eps), who,
          ": batch_norm_eps must be >= 0 and finite, got ", options.batch_norm_eps);
  std::vector<NamedArray<double>> tensors;
  for (auto& t : read_arrays<double>(path, who)) {
    if (!t.name.starts_with(options.prefix)) continue;
    t.name.erase(0, options.prefix.size());
    tensors.push_back(std::move(t));
  }
  BatchNormFold(tensors, options.batch_norm_eps, path).run();
  return tensors;
}

/// The same in the order of the network.
inline std::vector<NamedArray<double>> ordered_tensors(const std::filesystem::path& path,
                                                       const StateDictOptions& options, const char* who) {
  std::vector<NamedArray<double>> tensors = folded_tensors(path, options, who);
  if (parameter_format(path, who) == ParameterFormat::npz) return tensors;
  std::vector<std::string> list = options.order;
  list.insert(list.end(), {"encoder", "decoder", "weight", "bias"});
  const DottedOrder less(std::move(list));
  std::string a, b;  // of the last comparison
  try {
    std::sort(tensors.begin(), tensors.end(), [&](const auto& x, const auto& y) {
      a = x.name;
      b = y.name;
      return less(a, b);
    });
  } catch (const std::invalid_argument&) {
    file_error(path, "does not say whether \"", printable(a), "\" or \"", printable(b),
               "\" comes first in the network: give StateDictOptions::order, or load by names");
  }
  return tensors;
}

template <class S>
std::vector<NamedArray<S>> cast_arrays(std::vector<NamedArray<double>> arrays) {
  if constexpr (std::is_same_v<S, double>) {
    return arrays;
  } else {
    std::vector<NamedArray<S>> out;
    for (auto& [name, a] : arrays)
      out.push_back({std::move(name), {std::move(a.shape), a.values.template cast<S>()}});
    return out;
  }
}

}  // namespace detail

/// The tensors of a PyTorch state_dict in a .safetensors or .npz file, ready for a network without batch
/// normalization, in the network's order:
///
/// - Normalizations are folded, as they are in evaluation: where X.running_mean and X.running_var are,
/// X.weight becomes w = weight / sqrt(var + eps) and X.bias becomes bias - mean w, computed in double;
/// without weight and bias (affine=False) they are 1 and 0. X.num_batches_tracked is left out.
/// - An .npz file has the order in which its arrays were given to numpy.savez, which is that of the
/// state_dict. A .safetensors file does not keep it: there modules are sorted by their numbers ("2.weight"
/// before "10.weight", "fc1" before "fc2"), weight before bias, encoder before decoder, and others as
/// StateDictOptions::order says.
///
/// That is the order in which the modules were made, not in which they are called; who calls them in
/// another one loads by names. Throws FileError as read_safetensors and read_npz do, where the order is not
/// known, and where running statistics are not complete, of one size and with var + eps > 0.
template <class S>
[[nodiscard]] std::vector<NamedArray<S>> read_state_dict(const std::filesystem::path& path,
                                                         const StateDictOptions& options = {}) {
  return detail::cast_arrays<S>(detail::ordered_tensors(path, options, "read_state_dict"));
}

/// theta of f, its blocks in order from the tensors that read_state_dict gives in order, whatever the
/// names. PyTorch's weights are what basin's layers have: of Linear (out, in), of convolutions (dim 0, dim
/// 1 / groups, height, width), read as (dim 0, all others). Throws FileError, with all that differs, unless
/// there are as many tensors as blocks and every shape fits.
template <Layer F>
[[nodiscard]] Vec<typename F::Scalar> load_state_dict(const std::filesystem::path& path, const F& f,
                                                      const StateDictOptions& options = {}) {
  using S = typename F::Scalar;
  const std::vector<ParamBlock> blocks = detail::covering_blocks(f, "load_state_dict");
  auto tensors = detail::cast_arrays<S>(detail::ordered_tensors(path, options, "load_state_dict"));
  std::vector<std::string> names;
  for (std::size_t k = 0; k < blocks.size(); ++k)
    names.push_back(k < tensors.size() ? tensors[k].name : std::string());
  return detail::theta_of(path, f, blocks, names, std::move(tensors));
}

/// theta of f, block b from the tensor of name name_of(b.name), folded as read_state_dict says; order does
/// not matter. Throws std::invalid_argument if two blocks have the same tensor, FileError, with all that
/// differs, if a tensor is missing, has another shape or is not asked for.
template <Layer F>
[[nodiscard]] Vec<typename F::Scalar> load_state_dict_by_names(
    const std::filesystem::path& path, const F& f,
    const std::function<std::string(const std::string&)>& name_of, const StateDictOptions& options = {}) {
  using S = typename F::Scalar;
  const std::vector<ParamBlock> blocks = detail::covering_blocks(f, "load_state_dict_by_names");
  std::vector<std::string> names;
  std::set<std::string> once;
  for (const ParamBlock& b : blocks) {
    names.push_back(name_of(b.name));
    require(!names.back().empty() && once.insert(names.back()).second, "load_state_dict_by_names: block ",
            b.name, " is given the tensor \"", names.back(), "\", expected one that no other block has");
  }
  return detail::theta_of(
      path, f, blocks, names,
      detail::cast_arrays<S>(detail::folded_tensors(path, options, "load_state_dict_by_names")));
}

/// The same with the names of tensors by names of blocks; a block that is not in the map has the name of its
/// tensor. Throws also if the map names a block that f does not have.
template <Layer F>
[[nodiscard]] Vec<typename F::Scalar> load_state_dict_by_names(
    const std::filesystem::path& path, const F& f, const std::map<std::string, std::string>& names,
    const StateDictOptions& options = {}) {
  std::set<std::string> blocks;
  for (const ParamBlock& b : detail::covering_blocks(f, "load_state_dict_by_names")) blocks.insert(b.name);
  for (const auto& [block, tensor] : names)
    require(blocks.contains(block), "load_state_dict_by_names: ", layer_name(f), " has no block \"", block,
            "\"");
  const auto name_of = [&](const std::string& block) {
    const auto found = names.find(block);
    return found == names.end() ? block : found->second;
  };
  return load_state_dict_by_names(path, f, std::function<std::string(const std::string&)>(name_of), options);
}

/// The name and shape that PyTorch knows a tensor by.
struct StateDictEntry {
  std::string name;          // "0.weight"
  std::vector<Index> shape;  // as PyTorch's, sizes from the outside in
  bool operator==(const StateDictEntry&) const = default;
};

/// The blocks of f as entries, to be changed where PyTorch's names and shapes are others: biases have the
/// shape (rows,), all else (rows, cols), also weights of convolutions, of which a block does not say how
/// their columns are kernels.
template <Layer F>
[[nodiscard]] std::vector<StateDictEntry> state_dict_entries(const F& f) {
  std::vector<StateDictEntry> entries;
  for (const ParamBlock& b : detail::covering_blocks(f, "state_dict_entries")) {
    const bool vector = b.role == ParamBlock::Role::bias && b.cols == 1;
    entries.push_back({b.name, vector ? std::vector<Index>{b.rows} : std::vector<Index>{b.rows, b.cols}});
  }
  return entries;
}

/// The entries of a file in the order of read_state_dict: with them what was loaded from it goes out again
/// under the same names and in the same shapes.
template <class = void>
[[nodiscard]] std::vector<StateDictEntry> state_dict_entries(const std::filesystem::path& path,
                                                             const StateDictOptions& options = {}) {
  std::vector<StateDictEntry> entries;
  for (auto& [name, array] : detail::ordered_tensors(path, options, "state_dict_entries"))
    entries.push_back({std::move(name), std::move(array.shape)});
  return entries;
}

/// Writes theta of f to a .safetensors or .npz file, whole or not at all, block k as the tensor of
/// entries[k]; torch's load_state_dict takes the file's tensors if names and shapes are its own. Throws
/// std::invalid_argument unless there is an entry for each block and its shape holds the block (first side
/// its rows, the others together its columns), or as save_parameters does.
template <Layer F>
void write_state_dict(const std::filesystem::path& path, const F& f, VecIn<typename F::Scalar> theta,
                      const std::vector<StateDictEntry>& entries) {
  const std::vector<ParamBlock> blocks = detail::covering_blocks(f, "write_state_dict");
  require(entries.size() == blocks.size(), "write_state_dict: ", entries.size(), " entries for ",
          blocks.size(), " blocks of ", layer_name(f));
  for (std::size_t k = 0; k < blocks.size(); ++k)
    require(detail::holds_block(entries[k].shape, blocks[k]), "write_state_dict: entry ", entries[k].name,
            " has shape ", detail::shape_text(entries[k].shape), ", block ", blocks[k].name, " is (",
            blocks[k].rows, ", ", blocks[k].cols, ")");
  detail::write_blocks(path, f, theta, "write_state_dict",
                       [&, k = std::size_t(0)](const ParamBlock&) mutable {
                         const StateDictEntry& entry = entries[k++];
                         return std::pair(entry.name, entry.shape);
                       });
}

/// Writes theta with the entries that f itself gives, state_dict_entries(f).
template <Layer F>
void write_state_dict(const std::filesystem::path& path, const F& f, VecIn<typename F::Scalar> theta) {
  write_state_dict(path, f, theta, state_dict_entries(f));
}

}  // namespace basin
