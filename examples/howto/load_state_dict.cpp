// How to: weights from PyTorch without ONNX: build the network, and load the state_dict into it, tensors
// in the order of its layers. In PyTorch: safetensors.torch.save_file(net.state_dict(),
// "net.safetensors").
#include <filesystem>
#include <iostream>

#include "basin/basin.hpp"
#include "basin/io/state_dict.hpp"

int main() {
  using namespace basin;
  // torch.nn.Sequential(Linear(4, 8), Tanh(), Linear(8, 4))
  const Chain net(Dense<double>(4, 8), Pointwise<double, Tanh>(8), Dense<double>(8, 4));

  // This file stands for PyTorch's: the same names and shapes.
  const std::filesystem::path file = "howto_torch.safetensors";
  const Vec<double> theta = initial_values(net, initial::pytorch_default(), 1);
  write_state_dict(file, net, theta);
  for (const StateDictEntry& tensor : state_dict_entries(file)) {
    std::cout << tensor.name << ": (";
    for (const Index side : tensor.shape) std::cout << side << ",";
    std::cout << ")\n";
  }

  const Model f(net, load_state_dict(file, net));
  const bool same = f.theta == theta;
  std::cout << "loaded bit for bit: " << (same ? "yes" : "no") << "\n";
  std::filesystem::remove(file);
  return same ? 0 : 1;
}
