// A layer's parameters to and from a file, under the names and with the shapes that the layer gives them.
#pragma once
#include <filesystem>  // std::filesystem::path
#include <map>         // std::map
#include <string>      // std::string
#include <utility>     // std::move, std::pair
#include <vector>      // std::vector

#include "basin/core/layer.hpp"         // Layer
#include "basin/core/param_blocks.hpp"  // ParamBlock, param_blocks
#include "basin/data/bytes.hpp"         // detail::file_error, detail::printable
#include "basin/io/array.hpp"           // NamedArray
#include "basin/io/npz.hpp"             // read_npz, write_npz
#include "basin/io/safetensors.hpp"     // read_safetensors, write_safetensors

namespace basin::inline BASIN_ABI {

namespace detail {

/// The blocks of f. Throws unless their names differ and they cover theta, each entry once and in order.
template <Layer F>
std::vector<ParamBlock> covering_blocks(const F& f, const char* who) {
  std::vector<ParamBlock> blocks = param_blocks(f);
  Index end = 0;
  std::map<std::string, int> names;
  for (const ParamBlock& b : blocks) {
    require(++names[b.name] == 1, who, ": ", layer_name(f), " has two blocks of the name ", b.name);
    require(b.offset == end && b.rows >= 0 && b.cols >= 0, who, ": block ", b.name, " of ", layer_name(f),
            " begins at ", b.offset, ", expected ", end);
    end += b.size();
  }
  require(end == f.param_size(), who, ": the blocks of ", layer_name(f), " cover ", end, " of ",
          f.param_size(), " parameters");
  return blocks;
}

/// The block's stretch of theta, as a matrix in row-major order.
template <class S>
Vec<S> block_to_rows(const S* at, const ParamBlock& b) {
  if (b.row_major) return Eigen::Map<const Vec<S>>(at, b.size());
  Vec<S> rows(b.size());
  Eigen::Map<RowMajor<S>>(rows.data(), b.rows, b.cols) = Eigen::Map<const Mat<S>>(at, b.rows, b.cols);
  return rows;
}

/// The reverse of block_to_rows.
template <class S>
void rows_to_block(const Vec<S>& rows, const ParamBlock& b, S* at) {
  if (b.row_major)
    Eigen::Map<Vec<S>>(at, b.size()) = rows;
  else
    Eigen::Map<Mat<S>>(at, b.rows, b.cols) = Eigen::Map<const RowMajor<S>>(rows.data(), b.rows, b.cols);
}

/// Whether an array of this shape holds the block: the first side is its rows, the others together its
/// columns (a convolution's weights may have four sides, a bias one).
inline bool holds_block(const std::vector<Index>& shape, const ParamBlock& b) {
  if (shape.empty() || shape[0] != b.rows) return false;
  const auto cols = checked_product(std::vector<Index>(shape.begin() + 1, shape.end()));
  return cols && *cols == static_cast<std::uint64_t>(b.cols);
}

enum class ParameterFormat { npz, safetensors };
inline ParameterFormat parameter_format(const std::filesystem::path& path, const char* who) {
  const auto extension = path.extension();
  require(extension == ".npz" || extension == ".safetensors", who,
          ": the file name must end in .npz or .safetensors, ", "got ", path.string());
  return extension == ".npz" ? ParameterFormat::npz : ParameterFormat::safetensors;
}

/// The arrays of a .npz or .safetensors file, of the latter those that are floating.
template <class S>
std::vector<NamedArray<S>> read_arrays(const std::filesystem::path& path, const char* who) {
  if (parameter_format(path, who) == ParameterFormat::npz) return read_npz<S>(path);
  return read_safetensors<S>(path).tensors;
}

/// Each block of theta in row-major order, under the name and with the shape that describe(block) gives as
/// std::pair; written to a file of the path's format.
template <Layer F, class Describe>
void write_blocks(const std::filesystem::path& path, const F& f, VecIn<typename F::Scalar> theta,
                  const char* who, Describe describe) {
  using S = typename F::Scalar;
  const ParameterFormat format = parameter_format(path, who);
  require(theta.size() == f.param_size(), who, ": theta has ", theta.size(), " entries, ", layer_name(f),
          " has ", f.param_size(), " parameters");
  SafeTensors<S> file;
  for (const ParamBlock& b : covering_blocks(f, who)) {
    const auto [name, shape] = describe(b);
    file.tensors.push_back({name, {shape, block_to_rows(theta.data() + b.offset, b)}});
  }
  if (format == ParameterFormat::npz)
    write_npz(path, file.tensors);
  else
    write_safetensors(path, file);
}

/// theta of f: block k is the array named names[k], "" for none. `arrays` must have these and no others.
/// Throws FileError with all that differs.
template <Layer F>
Vec<typename F::Scalar> theta_of(const std::filesystem::path& path, const F& f,
                                 const std::vector<ParamBlock>& blocks, const std::vector<std::string>& names,
                                 std::vector<NamedArray<typename F::Scalar>> arrays) {
  using S = typename F::Scalar;
  std::map<std::string, NdArray<S>> found;
  for (auto& [name, array] : arrays) found.emplace(std::move(name), std::move(array));
  Vec<S> theta(f.param_size());
  std::string differences;
  for (std::size_t k = 0; k < blocks.size(); ++k) {
    const ParamBlock& b = blocks[k];
    const std::string shown = printable(names[k]) + (names[k] == b.name ? "" : " (for " + b.name + ")");
    const auto entry = found.extract(names[k]);
    if (names[k].empty())
      differences += text("\n  nothing is left for ", b.name, ", (", b.rows, ", ", b.cols, ")");
    else if (entry.empty())
      differences += text("\n  ", shown, " is missing");
    else if (!holds_block(entry.mapped().shape, b))
      differences += text("\n  ", shown, " has shape ", shape_text(entry.mapped().shape), ", expected (",
                          b.rows, ", ", b.cols, ")");
    else
      rows_to_block(entry.mapped().values, b, theta.data() + b.offset);
  }
  for (const auto& [name, array] : found)
    differences +=
        text("\n  ", printable(name), ", ", shape_text(array.shape), ", is not a parameter of the layer");
  if (!differences.empty())
    file_error(path, "does not hold the parameters of this ", layer_name(f), ":", differences);
  return theta;
}

}  // namespace detail

/// Writes theta to a .npz or .safetensors file, whole or not at all: each ParamBlock of f under its name as
/// an array of shape (rows, cols). Throws std::invalid_argument if theta does not have f's size, f does not
/// say its blocks, or the extension is another; FileError if writing fails.
template <Layer F>
void save_parameters(const std::filesystem::path& path, const F& f, VecIn<typename F::Scalar> theta) {
  detail::write_blocks(path, f, theta, "save_parameters", [](const ParamBlock& b) {
    return std::pair(b.name, std::vector<Index>{b.rows, b.cols});
  });
}

/// theta as save_parameters wrote it, or as another program did: under each block's name an array whose first
/// side is the block's rows and whose other sides multiply to its columns. Numbers are converted to f's
/// scalar. Throws FileError with all that differs if a block is missing, of another size, or the file has
/// more than the blocks. Memory: what read_npz and read_safetensors take with their usual limit.
template <Layer F>
[[nodiscard]] Vec<typename F::Scalar> load_parameters(const std::filesystem::path& path, const F& f) {
  auto arrays = detail::read_arrays<typename F::Scalar>(path, "load_parameters");
  const std::vector<ParamBlock> blocks = detail::covering_blocks(f, "load_parameters");
  std::vector<std::string> names;
  names.reserve(blocks.size());
  for (const ParamBlock& b : blocks) names.push_back(b.name);
  return detail::theta_of(path, f, blocks, names, std::move(arrays));
}

}  // namespace basin
