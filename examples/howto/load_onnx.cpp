// How to: load a network that PyTorch exported to ONNX, and ask what it remembers of its training data.
// Needs basin_add_onnx() in CMake, see docs/from_pytorch.md.
#include <iostream>

#include "basin/basin.hpp"
#include "basin/io/onnx.hpp"
#include "basin/io/samples.hpp"

int main() {
  using namespace basin;
  const std::string folder =
      BASIN_EXAMPLE_DATA_DIR "/../../tests/data/onnx/";  // an autoencoder, and its data
  OnnxInfo info;
  const auto f = read_onnx<double>(folder + "memorizing.onnx", {}, &info);  // a Model<Sequence<double>>
  const Mat<double> X = read_samples<double>(folder + "memorizing.npy").columns;
  std::cout << "made by " << info.producer << ": " << f.layer.param_size() << " parameters, " << X.rows()
            << " numbers a sample\n";

  const Recall recalled = recall(f, X);  // fixed, attracting, and its own orbit ends there
  const bool all = recalled.recalled() == X.cols();
  std::cout << "all " << X.cols() << " training samples are attractors: " << (all ? "yes" : "no") << "\n";
  return all ? 0 : 1;
}
