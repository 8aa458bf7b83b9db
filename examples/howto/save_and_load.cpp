// How to: save the parameters of a network and load them, bit for bit, into the same network. Each block
// has its name, as in PyTorch; .npz instead of .safetensors works, too.
#include <filesystem>
#include <iostream>

#include "basin/basin.hpp"
#include "basin/io/parameters.hpp"

int main() {
  using namespace basin;
  const auto net = fully_connected<double>(3, 16, 2);
  const Vec<double> theta = initial_values(net, initial::pytorch_default(), 1);
  const std::filesystem::path file = "howto_net.safetensors";
  save_parameters(file, net, theta);
  for (const ParamBlock& block : param_blocks(net))
    std::cout << block.name << ": " << block.rows << " x " << block.cols << "\n";

  const Model loaded(net, load_parameters(file, net));
  const bool same = loaded.theta == theta;
  std::cout << "loaded bit for bit: " << (same ? "yes" : "no") << "\n";

  // A network that the file does not fit is an error that says what differs.
  bool refused = false;
  try {
    (void)load_parameters(file, fully_connected<double>(3, 17, 2));
  } catch (const FileError&) {
    refused = true;
  }
  std::cout << "refused for a network of width 17: " << (refused ? "yes" : "no") << "\n";
  std::filesystem::remove(file);
  return same && refused ? 0 : 1;
}
