// Networks from ONNX files, what PyTorch's torch.onnx.export and others write, and back.
#pragma once
#include <cstdint>     // std::int64_t
#include <filesystem>  // std::filesystem::path
#include <map>         // std::map
#include <string>      // std::string
#include <vector>      // std::vector

#include "basin/core/model.hpp"         // Model
#include "basin/data/bytes.hpp"         // default_max_bytes, FileError
#include "basin/io/array.hpp"           // NdArray
#include "basin/network/any_layer.hpp"  // AnyLayer
#include "basin/network/erased.hpp"     // erased
#include "basin/network/sequence.hpp"   // Sequence

// Needs ONNX's protobuf classes (Debian: libonnx-dev), linked as onnx_proto and protobuf; in CMake
// basin_add_onnx() makes the target basin::onnx, which does that, and holds what is here for float and
// double, compiled once. Nothing else in basin needs them.

namespace basin::inline BASIN_ABI {

/// How a graph is read.
struct OnnxOptions {
  /// Whether the first axis of the input counts samples, which become columns. `automatic`: where the input
  /// has two axes or more. With `none`, the whole input is one column.
  enum class Batch { automatic, first_axis, none };
  Batch batch = Batch::automatic;                         // see above
  std::vector<Index> input_shape = {};                    // of one sample, where the file leaves sides open
  std::map<std::string, NdArray<double>> constants = {};  // further inputs of the graph, held fixed
  std::string output = {};                                // the graph's first, if empty
  Index max_values = Index(1) << 27;  // numbers in one constant, and in all values of one sample together
  std::size_t max_bytes = default_max_bytes;  // of a file
};

/// What an ONNX file says of its network.
struct OnnxInfo {
  std::string producer;                       // "pytorch 1.13.1"
  std::int64_t opset = 0;                     // version of the standard operators
  std::string input, output;                  // names
  bool has_batch = false;                     // whether the first axis of the input counts samples
  int out_batch_axis = -1;                    // where the output has the batch, -1 without
  std::vector<Index> in_shape, out_shape;     // of one sample, in C order: (1, 28, 28)
  std::map<std::string, int> operators = {};  // how many nodes of each
};

/// The network in the ONNX file at `path`, from its one input to one of its outputs, with the weights of the
/// file as theta: f(x) for each column of x, a sample in C order (an image channel by channel, row by row).
///
/// The graph may branch and meet again by sums, products, concatenations; constants are folded; a value is a
/// scalar, a vector or an image of any number of axes. Gemm, MatMul by a constant, Conv, ConvTranspose and
/// the normalizations become layers with parameters; all other constants stay what they are. What mixes the
/// samples of a batch is refused.
///
/// Throws FileError if the file cannot be read, is damaged, or has what basin cannot translate: one error
/// that names every node and attribute.
template <class S>
[[nodiscard]] Model<Sequence<S>> read_onnx(const std::filesystem::path& path, const OnnxOptions& options = {},
                                           OnnxInfo* info = nullptr);

/// How a graph is written.
struct OnnxWriteOptions {
  bool images = true;  // input and output as (batch, channels, height, width) where the network says a shape
  std::string input = "x", output = "y";  // names
};

namespace detail {
template <class S>
void write_any_onnx(const std::filesystem::path& path, const AnyLayer<S>& f, VecIn<S> theta,
                    const OnnxWriteOptions& options);
}  // namespace detail

/// The network as an ONNX file for PyTorch, onnxruntime and others: operators of version 17, numbers as the
/// network's own scalar, any size of batch. Whole or not at all, as write_atomically.
///
/// Layers of basin become ONNX's own operators; an affine layer of another kind becomes a Gather where
/// every output is one input, else a Gemm with its whole matrix. Throws std::invalid_argument, naming the
/// layer, for any other, or if theta is not finite.
template <Layer F>
void write_onnx(const std::filesystem::path& path, const Model<F>& f, const OnnxWriteOptions& options = {}) {
  f.require_valid("write_onnx");
  detail::write_any_onnx<typename F::Scalar>(path, erased(f.layer), f.theta, options);
}

}  // namespace basin

#ifdef BASIN_BODIES
#include "basin/io/onnx/read.hpp"
#include "basin/io/onnx/write.hpp"
#endif
