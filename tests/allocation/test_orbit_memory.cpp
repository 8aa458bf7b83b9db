// orbit_memory and jacobian_memory against what the heap says while these are under way.
#include <algorithm>
#include <utility>
#include <vector>

#include "basin/compose/chain.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/memory.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "support/bytes_in_use.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// The most that was in use when somebody looked.
double most_in_use = 0;
void look() { most_in_use = std::max(most_in_use, bytes_in_use()); }

/// The identity, which looks whenever derivatives go through it.
class Watched {
 public:
  using Scalar = float;
  using Cache = NoCache;
  static constexpr const char* name = "Watched";
  static constexpr bool broadcasts = true;
  explicit Watched(Index n) : n_(n) {}
  Index in_size() const { return n_; }
  Index out_size() const { return n_; }
  Index param_size() const { return 0; }
  void forward(VecIn<float>, MatIn<float> x, MatOut<float> y, Cache&) const { y = x; }
  void vjp(VecIn<float>, MatIn<float>, MatIn<float>, Cache&, MatIn<float> y_bar, MatOut<float> x_bar,
           VecOut<float>) const {
    look();
    if (x_bar.size() > 0) x_bar = y_bar;
  }
  void jvp(VecIn<float>, MatIn<float>, MatIn<float>, Cache&, MatIn<float> x_dot, MatOut<float> y_dot) const {
    look();
    y_dot = x_dot;
  }

 private:
  Index n_;
};

/// What `run` takes at most, from the second time on, when the working memory of this thread has grown.
template <class Run>
double measured(const Run& run) {
  run();
  const double before = bytes_in_use();
  most_in_use = before;
  run();
  return most_in_use - before;
}

void require_within(double used, Index said) {
  INFO("used " << used << ", said " << said);
  CHECK(used > 0.9 * static_cast<double>(said));
  CHECK(used < 1.1 * static_cast<double>(said));
}

template <Layer F>
void require_orbit(const F& net, Index columns, std::vector<Index> snapshots = {}) {
  set_num_threads(1);
  const Model<F> f(net, Vec<float>(0.01F * random_matrix<float>(net.param_size(), 1, 1)));
  const Mat<float> x0 = random_matrix<float>(net.in_size(), columns, 2);
  OrbitOptions options{.max_steps = 16, .snapshots = std::move(snapshots)};
  options.cancelled = [] {
    look();
    return false;
  };
  const double used = measured([&] { (void)orbit(f, x0, options); });
  require_within(used, orbit_memory(net, columns, options).total());
  set_num_threads(0);
}

template <Layer F>
void require_jacobian(const F& net, bool narrow) {
  set_num_threads(1);
  const Model<F> f(net, Vec<float>(0.1F * random_matrix<float>(net.param_size(), 1, 1)));
  const Vec<float> x = random_matrix<float>(net.in_size(), 1, 2);
  const JacobianMemory said = jacobian_memory(net);
  CHECK((said.factors > 0) == narrow);
  const double used = measured([&] {
    const Mat<float> J = jacobian(f, x);
    look();
  });
  require_within(used, said.total());
  set_num_threads(0);
}

}  // namespace

TEST_CASE("orbit_memory is what an orbit takes from the heap, within a tenth", "[allocation]") {
  require_orbit(fully_connected<float>(784, 128, 7), 200);
  require_orbit(fully_connected<float>(784, 128, 7), 300, {0, 10, 16});
  require_orbit(fully_connected<float>(20, 64, 3), 1000);
  require_orbit(Chain(Stack(Residual(Chain(Dense<float>(200, 200), Pointwise<float, Tanh>(200))), 4)), 100);
  const Shape image{4, 24, 24};
  const Conv2d<float> conv(image, {.out_channels = 4, .padding = Padding::all(1)});
  require_orbit(Chain(conv, Pointwise<float, Tanh>(image), conv), 70);
}

TEST_CASE("jacobian_memory is what a Jacobian takes from the heap, within a tenth", "[allocation]") {
  require_jacobian(
      Chain(Dense<float>(784, 128), Pointwise<float, Tanh>(128), Dense<float>(128, 784), Watched(784)), true);
  require_jacobian(Chain(fully_connected<float>(784, 128, 7), Watched(784)), false);  // not cut inside
  require_jacobian(
      Chain(Dense<float>(300, 200), Pointwise<float, Tanh>(200), Dense<float>(200, 300), Watched(300)),
      false);
  require_jacobian(
      Chain(Dense<float>(200, 900), Pointwise<float, Tanh>(900), Dense<float>(900, 150), Watched(150)),
      false);  // row by row
  require_jacobian(
      Chain(Stack(Residual(Chain(Dense<float>(400, 400), Pointwise<float, Tanh>(400))), 3), Watched(400)),
      false);
}

TEST_CASE("orbit_memory counts columns, snapshots and threads, and refuses nonsense", "[allocation]") {
  const Dense<double> net(10, 10);
  set_num_threads(1);
  const OrbitMemory one = orbit_memory(net, 640);
  CHECK(one.result == 640 * (10 * 8 + 8 + 1));
  CHECK(one.batches == 64 * (2 * 10 * 8 + 8));
  CHECK(orbit_memory(net, 640, {.max_steps = 9, .snapshots = {1, 2}}).result ==
        one.result + 2 * 640 * 10 * 8);
  CHECK(orbit_memory(net, 0).total() == 0);
  // The copy of J' that is transposed is more than the rows on their way.
  CHECK(jacobian_memory(Dense<double>(1000, 10)).batches == 1000 * 10 * 8);
  set_num_threads(3);
  CHECK(orbit_memory(net, 640).batches == 3 * one.batches);
  set_num_threads(0);
  CHECK(error_of([&] { (void)orbit_memory(net, -1); }) == "orbit_memory: columns must be >= 0, got -1");
  CHECK(error_of(
            [&] { (void)orbit_memory(net, Index(1) << 48, {.snapshots = std::vector<Index>(1 << 10)}); }) ==
        "orbit_memory: columns = 281474976710656 and 1024 snapshots are too many bytes, "
        "expected fewer than 2^62");
}
