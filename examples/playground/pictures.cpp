// Trains the network of Figure 3a (7 x 128 on 100 pictures, as examples/paper/figure_3.cpp does with seed 0)
// and writes it for the page: FOLDER/pictures.json says what is in FOLDER/pictures.bin, which holds the
// parameters in float, then the training pictures and unseen ones, a byte a pixel.
#include <cstdint>     // std::uint64_t
#include <exception>   // std::exception
#include <filesystem>  // std::filesystem::path
#include <iostream>    // std::cerr
#include <string>      // std::string
#include <vector>      // std::vector

#include "basin/compose/fully_connected.hpp"  // fully_connected
#include "basin/core/model.hpp"               // Model
#include "basin/io/atomic_file.hpp"           // write_atomically
#include "basin/train/adam.hpp"               // Adam
#include "basin/train/fit.hpp"                // fit
#include "basin/train/initial.hpp"            // initial_values
#include "basin/train/schedule.hpp"           // schedule::step_decay
#include "support/data.hpp"                   // find_images, choose
#include "support/text.hpp"                   // text

namespace {

using namespace basin;
using namespace basin::examples;

constexpr Index hidden = 7, width = 128, trained_on = 100, unseen = 60;
constexpr std::uint64_t seed = 0;

std::string bytes_of(const ImageSet& images, const std::vector<Index>& chosen) {
  std::string bytes;
  for (const Index k : chosen)
    for (Index i = 0; i < images.pixels.rows(); ++i) bytes.push_back(static_cast<char>(images.pixels(i, k)));
  return bytes;
}

void make(const std::filesystem::path& folder) {
  const ImageData data = find_images("");
  const std::vector<Index> train = choose(data.train, trained_on, seed);
  const Mat<float> X = to_matrix<float>(data.train, train);
  const auto net = fully_connected<float>(X.rows(), width, hidden);
  Model f(net, initial_values(net, initial::pytorch_default(), seed));
  Adam<float> adam({.learning_rate = 2e-3});
  FitOptions options{.max_epochs = 20000, .loss_below = 1e-8};
  options.schedule = schedule::step_decay(1000, 0.85);
  options.observer = [](const Epoch& e) {
    if (e.epoch % 500 == 0) std::cerr << "  epoch " << e.epoch << ", loss " << e.loss << "\n";
  };
  const FitResult trained = fit(f, X, adam, options);
  std::string bytes(reinterpret_cast<const char*>(f.theta.data()),
                    sizeof(float) * static_cast<std::size_t>(f.theta.size()));
  bytes += bytes_of(data.train, train) + bytes_of(data.test, choose(data.test, unseen, seed));
  write_atomically(folder / "pictures.json",
                   text("{\"name\": \"", data.name, "\", \"width\": ", width, ", \"hidden\": ", hidden,
                        ", \"parameters\": ", f.theta.size(), ", \"side\": ", data.train.shape.width,
                        ", \"pictures\": ", trained_on, ", \"unseen\": ", unseen,
                        ", \"epochs\": ", trained.epochs, ", \"loss\": ", trained.loss, "}\n"));
  write_atomically(folder / "pictures.bin", bytes);  // last: what builds the page goes by it
  std::cerr << "  " << trained.status << " after " << trained.epochs << " epochs, loss " << trained.loss
            << "\n";
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    std::cerr << "usage: pictures FOLDER\n";
    return 2;
  }
  try {
    make(words[1]);
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "pictures: " << e.what() << "\n";
    return 1;
  }
}
