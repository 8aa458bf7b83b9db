// The basins of a small network in the plane as a picture: which starts end at which example.
//     basin_picture [FILE.png]
#include <iostream>

#include "basin/basin.hpp"
#include "support/plot.hpp"
#include "support/text.hpp"

int main(int argc, char** argv) {
  using namespace basin;
  // Six points, and a network trained until they are its fixed points.
  const Mat<double> X{{-0.8, -0.5, 0.1, 0.4, 0.9, -0.1}, {0.6, -0.7, 0.9, -0.3, 0.5, 0.1}};
  const auto net = fully_connected<double>(2, 48, 3, Tanh{});
  Model f(net, initial_values(net, initial::pytorch_default(), 1));
  Adam<double> adam({.learning_rate = 2e-3});
  (void)fit(f, X, adam, {.max_epochs = 20000, .loss_below = 1e-8});

  // Its attractors, each with a ball in which all starts that were tried come back to it.
  const auto box = uniform_box<double>(2, -1.5, 1.5, 1);
  auto attractors = attractors_of(find_fixed_points(f, box.first(400)));
  (void)measure_balls(f, attractors);

  // Every cell of the plane goes to one of them. Darker: it takes longer.
  const Plane plane = plane_through(Vec<double>{{0, 0}}, Vec<double>{{1, 0}}, Vec<double>{{0, 1}});
  const auto slice = basin_slice(f, attractors, plane, {-1.5, 1.5, -1.5, 1.5}, 200, 200, {.find_new = true});
  examples::MapPlot plot{.title = "Basins of a network on six points",
                         .x_label = "x_1",
                         .y_label = "x_2",
                         .x_range = {-1.5, 1.5},
                         .y_range = {-1.5, 1.5},
                         .rows = 200,
                         .columns = 200};
  for (Index i = 0; i < 200; ++i)
    for (Index j = 0; j < 200; ++j) {
      plot.groups.push_back(static_cast<int>(slice.ids(i, j)) - (slice.ids(i, j) > 0 ? 1 : 0));
      plot.shades.push_back(1 / (1 + 0.02 * static_cast<double>(slice.steps(i, j))));
    }
  plot.without = "none";
  examples::Series points{.name = "examples", .x = {}, .y = {}, .style = examples::Series::Style::points};
  for (Index j = 0; j < X.cols(); ++j) points.x.push_back(X(0, j)), points.y.push_back(X(1, j));
  plot.series.push_back(points);
  const BasinFractions shares = basin_fractions(basin_map(f, slice.map.attractors, box, 4000));
  for (const BasinFraction& b : shares.basins) {
    plot.names.push_back(examples::text("basin ", b.id));
    std::cout << "basin " << b.id << ": " << 100 * b.fraction << "% of the square, between "
              << 100 * b.interval.low << " and " << 100 * b.interval.high << "%\n";
  }
  const examples::Drawn drawn = draw(plot, argc > 1 ? argv[1] : "basin_picture.png");
  if (!drawn) std::cerr << drawn.problem << "\n";
  return drawn ? 0 : 1;
}
