// How to: the basins of attraction of a network in two dimensions as a picture, one colour for each
// attractor: written to a PNG file, and printed as letters.
#include <filesystem>
#include <iostream>

#include "basin/basin.hpp"
#include "basin/io/png.hpp"

int main() {
  using namespace basin;
  const Mat<double> X{{-0.8, 0.1, 0.7}, {0.5, -0.6, 0.4}};
  const auto net = fully_connected<double>(2, 64, 4);
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 1e-3});
  (void)fit(f, X, adam, {.max_epochs = 10000, .loss_below = 1e-10});

  // Its attractors, from where Newton's method leads to from the examples.
  const std::vector<Attractor<double>> attractors = attractors_of(find_fixed_points(f, X));
  std::cout << attractors.size() << " attractors\n";

  const Index n = 64;
  const Plane plane = plane_through(Vec<double>{{0, 0}}, Vec<double>{{1, 0}}, Vec<double>{{0, 1}});
  const auto slice = basin_slice(f, attractors, plane, {-1, 1, -1, 1}, n, n);
  const std::vector<Rgb> colours{{90, 90, 90}, {31, 119, 180}, {255, 127, 14}, {44, 160, 44}};
  Picture picture(n, n, {255, 255, 255});
  for (Index i = 0; i < n; ++i)  // row 0 of the picture is on top, of the slice below
    for (Index j = 0; j < n; ++j)
      picture.set(i, j, colours.at(static_cast<std::size_t>(std::max<Index>(slice.ids(n - 1 - i, j), 0))));
  write_png("howto_basins.png", picture);

  for (Index i = n - 4; i >= 0; i -= 8) {
    for (Index j = 4; j < n; j += 8)
      std::cout << " "
                << ".abc"[std::max<Index>(slice.ids(i, j), 0)];
    std::cout << "\n";
  }
  const bool written = read_png("howto_basins.png").width == n;
  std::filesystem::remove("howto_basins.png");  // a program of your own keeps it
  return written && attractors.size() == 3 ? 0 : 1;
}
