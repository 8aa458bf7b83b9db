// basin_map holds blocks of starts, and 18 bytes of each start that there was.
#include <algorithm>

#include "basin/compose/chain.hpp"
#include "basin/dynamics/basin_map.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "support/bytes_in_use.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

TEST_CASE("10^5 starts in 784 dimensions take the memory of a block of them", "[allocation]") {
  set_num_threads(1);
  const Index n = 784;
  const Chain net(Dense<float>(n, 8, false), Pointwise<float, Tanh>(8), Dense<float>(8, n, false));
  const Model f(net, Vec<float>(0.015f * random_matrix<float>(net.param_size(), 1, 1)));  // contracts to 0
  std::vector<Attractor<float>> attractors(1);
  attractors[0].points = Mat<float>::Zero(n, 1);
  attractors[0].radius = 1e-2;
  const auto starts = [n](ColumnRange block) {
    return Mat<float>(Mat<float>::Constant(n, block.size, 1 + 1e-6f * static_cast<float>(block.begin)));
  };
  const auto most = [&](Index count, bool narrow) {
    double used = 0, before = 0;
    BasinMapOptions options{.block = 1000, .narrow = narrow};
    options.fates.observer = [&](Index, Index) { used = std::max(used, bytes_in_use() - before); };
    for (int again = 0; again < 2; ++again) {  // the second time the working memory of this thread is there
      before = bytes_in_use();
      used = 0;
      CHECK(basin_map(f, attractors, starts, count, options).count_id(1) == count);
    }
    return used;
  };
  for (const bool narrow : {false, true}) {
    const double few = most(1000, narrow), many = most(100000, narrow);
    CHECK(many < few + 1.01 * 18 * 99000);
    CHECK(many < 2.2 * n * 1000 * sizeof(float) + 1.01 * 18 * 100000);
  }
  set_num_threads(0);
}
