// The operator of an affine network, in all its forms, against forward.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/layers/pad.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/linearize/linearize.hpp"
#include "linearize/random_geometry.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

template <Layer F>
Model<F> random_model(const F& f, int seed) {
  return {f, random_matrix<typename F::Scalar>(f.param_size(), 1, seed)};
}

/// |a - b| relative to |b|, in the largest entry.
template <class S>
double distance(const Mat<S>& a, const Mat<S>& b) {
  REQUIRE((a.rows() == b.rows() && a.cols() == b.cols()));
  return static_cast<double>((a - b).cwiseAbs().maxCoeff()) /
         (1 + static_cast<double>(b.cwiseAbs().maxCoeff()));
}

/// All forms of f's operator are forward, column by column of the identity, on a batch, and transposed.
template <Layer F>
void require_operator(const F& layer, int seed, double tolerance = 1e-12) {
  using S = typename F::Scalar;
  static_assert(AffineLayer<F>);
  const Model<F> f = random_model(layer, seed);
  const Index n = layer.in_size(), m = layer.out_size();
  const DenseMap<S> dense = linearize_dense(f);
  const SparseMap<S> sparse = linearize_sparse(f);
  const StoredMap<S> stored = linearize_stored(f);
  MatrixFree<F> free = linearize(f);
  REQUIRE((free.rows() == m && free.cols() == n && dense.A.rows() == m && dense.A.cols() == n));

  const Mat<S> identity = Mat<S>::Identity(n, n), columns = f(identity);
  INFO(layer_name(f) << ", " << m << " x " << n << ", seed " << seed);
  REQUIRE(distance<S>(dense(identity), columns) <= tolerance);
  REQUIRE(distance<S>(sparse(identity), columns) <= tolerance);
  REQUIRE(distance<S>(stored(identity), columns) <= tolerance);
  REQUIRE(distance<S>(free(identity), columns) <= tolerance);
  REQUIRE(distance<S>(dense.b, f(Mat<S>::Zero(n, 1))) == 0);
  REQUIRE(sparse.b == dense.b);
  REQUIRE(stored.b == dense.b);
  REQUIRE(distance<S>(free.offset(), dense.b) <= tolerance);
  REQUIRE(distance<S>(Mat<S>(sparse.A), dense.A) <= tolerance);
  REQUIRE(distance<S>(stored.A.dense(), dense.A) <= tolerance);

  const Mat<S> v = random_matrix<S>(n, 3, seed + 1), u = random_matrix<S>(m, 3, seed + 2);
  Mat<S> Av(m, 3), Atu(n, 3);
  const Mat<S> expected_Av = dense.A * v, expected_Atu = dense.A.transpose() * u;
  free.apply(v, Av);
  free.apply_adjoint(u, Atu);
  REQUIRE(distance<S>(Av, expected_Av) <= tolerance);
  REQUIRE(distance<S>(Atu, expected_Atu) <= tolerance);
  const S left = u.cwiseProduct(Av).sum(), right = Atu.cwiseProduct(v).sum();
  REQUIRE(std::abs(static_cast<double>(left - right)) <=
          tolerance * (1 + static_cast<double>(u.norm() * Av.norm())));
  stored.A.apply_adjoint(u, Atu);
  REQUIRE(distance<S>(Atu, expected_Atu) <= tolerance);
}

/// How often the drawn geometries are special: none of the kinds may be missing.
struct SpecialGeometries {
  Index one_pixel = 0, kernel_larger = 0, larger_both_ways = 0, asymmetric = 0, strided = 0, dilated = 0,
        grouped = 0, without_bias = 0;
  void count(const RandomGeometry& g) {
    const Padding& p = g.o.padding;
    const bool taller = g.o.kernel.height > g.in.height, wider = g.o.kernel.width > g.in.width;
    one_pixel += g.in.pixels() == 1;
    kernel_larger += taller || wider;
    larger_both_ways += taller && wider;
    asymmetric += p.top != p.bottom && p.left != p.right;
    strided += g.o.stride.height > 1 && g.o.stride.width > 1;
    dilated += g.o.dilation.height > 1 && g.o.dilation.width > 1;
    grouped += g.o.groups > 1;
    without_bias += !g.o.bias;
  }
  void require_all() const {
    INFO("of one pixel " << one_pixel << ", kernel larger " << kernel_larger << ", in both directions "
                         << larger_both_ways);
    CHECK(std::min(one_pixel, larger_both_ways) >= 3);
    CHECK(std::min({kernel_larger, asymmetric, strided, dilated, grouped, without_bias}) >= 20);
  }
};

template <class S>
Conv2d<S> same(const Shape& in, Index out_channels) {
  return {in, {.out_channels = out_channels, .padding = Padding::all(1)}};
}

/// y = (x_1 + x_2, a x_1, ..., a x_n) by a layer that says its entries out of order and one of them in two
/// parts, and does not broadcast.
struct OwnLayer {
  using Scalar = double;
  using Cache = NoCache;
  Index n;
  Index in_size() const { return n; }
  Index out_size() const { return n + 1; }
  Index param_size() const { return 1; }
  void forward(VecIn<double> theta, MatIn<double> x, MatOut<double> y, Cache&) const {
    y.row(0) = x.row(0) + x.row(1);
    y.bottomRows(n) = theta[0] * x;
  }
  void vjp(VecIn<double> theta, MatIn<double> x, MatIn<double>, Cache&, MatIn<double> y_bar,
           MatOut<double> x_bar, VecOut<double> theta_bar) const {
    if (theta_bar.size() > 0) theta_bar[0] += x.cwiseProduct(y_bar.bottomRows(n)).sum();
    if (x_bar.size() == 0) return;
    x_bar = theta[0] * y_bar.bottomRows(n);
    x_bar.topRows(2).rowwise() += y_bar.row(0);
  }
  void jvp(VecIn<double> theta, MatIn<double> x, MatIn<double>, Cache& cache, MatIn<double> x_dot,
           MatOut<double> y_dot) const {
    REQUIRE(x.cols() == x_dot.cols());
    forward(theta, x_dot, y_dot, cache);
  }
  template <class Visit>
  void for_entries(VecIn<double> theta, const Visit& visit) const {
    for (Index i = n; i >= 1; --i) {
      visit(i, i - 1, theta[0] / 2);
      visit(i, i - 1, theta[0] / 2);
    }
    visit(0, 0, 1.);
    visit(0, 1, 1.);
  }
};
static_assert(Layer<OwnLayer>);

struct AnotherLayer : OwnLayer {};
struct Opaque {
  using Scalar = double;
  using Cache = NoCache;
  Index in_size() const { return 1; }
  Index out_size() const { return 1; }
  Index param_size() const { return 0; }
  void forward(VecIn<double>, MatIn<double> x, MatOut<double> y, Cache&) const { y = x; }
  void vjp(VecIn<double>, MatIn<double>, MatIn<double>, Cache&, MatIn<double> y_bar, MatOut<double> x_bar,
           VecOut<double>) const {
    if (x_bar.size() > 0) x_bar = y_bar;
  }
  void jvp(VecIn<double>, MatIn<double>, MatIn<double>, Cache&, MatIn<double> x_dot,
           MatOut<double> y_dot) const {
    y_dot = x_dot;
  }
};
static_assert(Layer<Opaque>);

static_assert(AffineLayer<OwnLayer> && AffineLayer<AnotherLayer> && !AffineLayer<Opaque>);
static_assert(AffineLayer<Conv2d<float>> && AffineLayer<ConvTranspose2d<double>> &&
              AffineLayer<Pad2d<float>>);
static_assert(AffineLayer<UpsampleNearest<double>> && AffineLayer<AvgPool2d<float>>);
static_assert(AffineLayer<Dense<float>> && AffineLayer<Affine<double>>);
static_assert(AffineLayer<Pointwise<double, Identity>> && !AffineLayer<Pointwise<double, Relu>>);
static_assert(!AffineLayer<Pointwise<float, Tanh>> && !AffineLayer<MaxPool2d<float>>);
static_assert(AffineLayer<Stack<Residual<Concat<Chain<Dense<float>, Pad2d<float>>>>>>);
static_assert(!AffineLayer<Stack<Residual<Concat<Chain<Dense<float>, Pointwise<float, Tanh>>>>>>);

}  // namespace

TEST_CASE("the operator of Conv2d is forward on 300 random geometries", "[linearize]") {
  Random r(1);
  SpecialGeometries special;
  for (int k = 0; k < 300; ++k) {
    const RandomGeometry g = random_geometry(r);
    special.count(g);
    require_operator(Conv2d<double>(g.in, g.o), 10 * k);
    if (k % 10 == 0) require_operator(Conv2d<float>(g.in, g.o), 10 * k, 1e-5);
  }
  special.require_all();
}

TEST_CASE("the operator of Conv2d behind each kind of padding is forward", "[linearize]") {
  Random r(4);
  for (int k = 0; k < 100; ++k) {
    const RandomGeometry g = random_geometry(r);
    const std::array modes = {PadMode::zero, PadMode::reflect, PadMode::replicate, PadMode::circular};
    const PadMode mode = modes[static_cast<std::size_t>(k) % 4];
    const Index less = mode == PadMode::reflect ? 1 : 0;  // reflection leaves the border out
    const auto up_to = [&](Index side) { return r.below(std::min<Index>(side - less, 3) + 1); };
    const Padding p{up_to(g.in.height), up_to(g.in.height), up_to(g.in.width), up_to(g.in.width)};
    const Pad2d<double> pad(g.in, p, mode);
    require_operator(Chain(pad, Conv2d<double>(pad.out_shape(), g.o)), 10 * k);
  }
}

TEST_CASE("the operator of ConvTranspose2d is forward on 200 random geometries", "[linearize]") {
  Random r(2);
  SpecialGeometries special;
  for (int done = 0; done < 200;) {
    RandomGeometry g = random_geometry(r);
    if (done % 20 == 0) {  // one pixel, of which padding mostly leaves nothing
      g.in.height = g.in.width = 1;
      g.o.padding = {};
    }
    ConvTranspose2dOptions o{.out_channels = g.o.out_channels,
                             .kernel = g.o.kernel,
                             .stride = g.o.stride,
                             .padding = g.o.padding,
                             .dilation = g.o.dilation,
                             .groups = g.o.groups,
                             .bias = g.o.bias};
    o.output_padding = {r.below(std::max(o.stride.height, o.dilation.height)),
                        r.below(std::max(o.stride.width, o.dilation.width))};
    const Index height = (g.in.height - 1) * o.stride.height + o.dilation.height * (o.kernel.height - 1) +
                         o.output_padding.height + 1 - o.padding.top - o.padding.bottom;
    const Index width = (g.in.width - 1) * o.stride.width + o.dilation.width * (o.kernel.width - 1) +
                        o.output_padding.width + 1 - o.padding.left - o.padding.right;
    if (height < 1 || width < 1) continue;
    special.count(g);
    require_operator(ConvTranspose2d<double>(g.in, o), 10 * done++);
  }
  special.require_all();
}

TEST_CASE("the operators of padding, upsampling and pooling are forward on random geometries",
          "[linearize]") {
  Random r(3);
  for (int k = 0; k < 100; ++k) {
    const Shape in{1 + r.below(3), 1 + r.below(6), 1 + r.below(6)};
    const auto up_to = [&](Index most) { return r.below(most + 1); };
    const Index h = in.height, w = in.width;
    require_operator(Pad2d<double>(in, {up_to(3), up_to(3), up_to(3), up_to(3)}, PadMode::zero), k);
    require_operator(Pad2d<double>(in, {up_to(3), up_to(3), up_to(3), up_to(3)}, PadMode::replicate), k);
    require_operator(Pad2d<double>(in, {up_to(h), up_to(h), up_to(w), up_to(w)}, PadMode::circular), k);
    require_operator(
        Pad2d<double>(in, {up_to(h - 1), up_to(h - 1), up_to(w - 1), up_to(w - 1)}, PadMode::reflect), k);
    require_operator(UpsampleNearest<double>(in, {1 + r.below(3), 1 + r.below(3)}), k);
    PoolOptions o{.kernel = {1 + r.below(h), 1 + r.below(w)}, .stride = {1 + r.below(3), 1 + r.below(3)}};
    o.padding = {up_to(o.kernel.height / 2), up_to(o.kernel.height / 2), up_to(o.kernel.width / 2),
                 up_to(o.kernel.width / 2)};
    o.count_padding = r.below(2) == 1;
    require_operator(AvgPool2d<double>(in, o), k);
    o.ceil_mode = true;
    require_operator(AvgPool2d<double>(in, o), k + 1000);
  }
}

TEST_CASE("the operators of Dense, Affine and Identity are forward", "[linearize]") {
  for (int k = 0; k < 20; ++k) {
    Random r(static_cast<std::uint64_t>(k));
    const Index n = 1 + r.below(9), m = 1 + r.below(9);
    require_operator(Dense<double>(n, m, k % 2 == 0), k);
    require_operator(Dense<float>(n, m), k, 1e-5);
    Mat<double> A = random_matrix<double>(m, n, k);
    A(0, 0) = 0;
    require_operator(Affine<double>(A, random_matrix<double>(m, 1, k + 1)), k);
    require_operator(Pointwise<double, Identity>(n), k);
  }
}

TEST_CASE("the operators of compositions are forward", "[linearize]") {
  for (int k = 0; k < 40; ++k) {
    Random r(static_cast<std::uint64_t>(100 + k));
    const Shape in{1 + r.below(2), 3 + r.below(3), 3 + r.below(3)};
    const Shape wide{in.channels, in.height + 3, in.width + 1};
    const auto everything = [&]<class S>(S) {
      const Conv2d<S> strided(wide, {.out_channels = 2, .kernel = {3, 2}, .stride = {2, 1}});
      const Shape small = strided.out_shape(), two{4, small.height, small.width};
      const ConvTranspose2d<S> back(two, {.out_channels = 3, .kernel = {2, 3}, .stride = {2, 1}});
      const Shape large = back.out_shape(), larger{3, 2 * large.height, large.width};
      return Chain(Pad2d<S>(in, {1, 2, 0, 1}, PadMode::circular), strided,
                   Residual(Chain(same<S>(small, 3), Pointwise<S, Identity>(small.pixels() * 3),
                                  same<S>({3, small.height, small.width}, 2))),
                   Concat(same<S>(small, 2)), back, UpsampleNearest<S>(large, {2, 1}),
                   AvgPool2d<S>(larger, {.kernel = {2, 1}}), Dense<S>(large.size(), 7));
    };
    require_operator(everything(0.), k);
    require_operator(everything(0.f), k, 1e-4);
    const Shape image{1, in.height, in.width};
    require_operator(Stack(Residual(Stack(same<double>(image, 1), 3)), 1 + r.below(4)), k);
    require_operator(Concat(Concat(Dense<double>(4, 2))), k);
  }
}

TEST_CASE("a layer of your own takes part by its entries", "[linearize]") {
  require_operator(OwnLayer{2}, 1);
  require_operator(Chain(Dense<double>(3, 5), OwnLayer{5}, AnotherLayer{6}), 2);
  // Without broadcasts, products with batches of different sizes visit the point again.
  const auto f = random_model(OwnLayer{3}, 3);
  MatrixFree free = linearize(f);
  for (const Index columns : {1, 4, 2}) {
    const Mat<double> x = random_matrix<double>(3, columns, 4);
    CHECK(distance<double>(free(x), f(x)) <= 1e-14);
  }
}

TEST_CASE("sparse entries are what some parameters make nonzero, also where theirs are 0", "[linearize]") {
  const Conv2d<double> f({1, 4, 4}, {.padding = Padding::all(1)});
  const Model<Conv2d<double>> zero(f, Vec<double>::Zero(10));
  // Of 16 pixels 4 see 9 taps, 8 see 6 and 4 see 4.
  CHECK(linearize_sparse(zero).A.nonZeros() == 4 * 9 + 8 * 6 + 4 * 4);
  CHECK(linearize_sparse(zero).A.norm() == 0);
}

TEST_CASE("storage is sparse up to the fill limit and dense beyond", "[linearize]") {
  const Shape in{1, 16, 16};
  const auto one = random_model(same<double>(in, 1), 1);
  const StoredMap<double> one_map = linearize_stored(one);
  CHECK(one_map.A.is_sparse());
  CHECK(one_map.A.stored() == linearize_sparse(one).A.nonZeros());
  CHECK(one_map.A.fill() == Approx(46. * 46 / (256 * 256)));  // 3 s - 2 pairs of neighbours along each side
  const auto deep = random_model(Stack(same<double>(in, 1), 6), 2);
  const StoredMap<double> deep_map = linearize_stored(deep);
  CHECK(!deep_map.A.is_sparse());
  CHECK(deep_map.A.fill() == 1);
  CHECK(linearize_stored(deep, 1.).A.is_sparse());
  CHECK(!linearize_stored(one, 0.).A.is_sparse());
  CHECK(distance<double>(linearize_stored(one, 0.).A.dense(), linearize_dense(one).A) == 0);
  CHECK(distance<double>(Mat<double>(deep_map.A.sparse()), deep_map.A.dense()) == 0);
  // Skips and concatenations of sparse and dense parts.
  for (const double limit : {0., 0.05, 0.3, 1.}) {
    const auto f = random_model(Chain(Residual(same<double>(in, 1)), Concat(Stack(same<double>(in, 1), 4)),
                                      same<double>({2, 16, 16}, 1)),
                                3);
    CHECK(distance<double>(linearize_stored(f, limit).A.dense(), linearize_dense(f).A) <= 1e-12);
  }
  CHECK(contains(error_of([&] { (void)linearize_stored(one, 1.5); }),
                 "linearize_stored: fill_limit must be from 0 to 1, got 1.5"));
}

TEST_CASE("a sparse operator is never dense on the way", "[linearize]") {
  // 49152 x 49152: as a dense matrix it would take 19 GB.
  const auto f = random_model(Residual(same<float>({3, 128, 128}, 3)), 1);
  const SparseMap<float> map = linearize_sparse(f);
  const Index pairs = 3 * 128 - 2;  // of neighbours, or the same, along a side
  CHECK(map.A.nonZeros() == 9 * pairs * pairs);
  const Mat<float> x = random_matrix<float>(f.layer.in_size(), 1, 2);
  CHECK(distance<float>(map(x), f(x)) <= 1e-5);
}

TEST_CASE("matrix-free products allocate nothing after the first", "[linearize]") {
  const Shape in{2, 5, 5};
  const auto f = random_model(Chain(Residual(same<double>(in, 2)), Stack(same<double>(in, 2), 3)), 1);
  MatrixFree free = linearize(f);
  const Mat<double> x = random_matrix<double>(50, 4, 2);
  Mat<double> y(50, 4), z(50, 4);
  free.apply(x, y);
  free.apply_adjoint(y, z);
  Eigen::internal::set_is_malloc_allowed(false);
  free.apply(x, y);
  free.apply_adjoint(y, z);
  free.apply(x.leftCols(2), y.leftCols(2));
  Eigen::internal::set_is_malloc_allowed(true);
  const Mat<double> expected = f(x).colwise() - free.offset();
  CHECK(distance<double>(y, expected) <= 1e-13);
}

TEST_CASE("linearize_at is the tangent at a point", "[linearize]") {
  const auto f = random_model(
      Chain(Dense<double>(4, 6), Pointwise<double, Tanh>(6),
            Residual(Chain(Dense<double>(6, 6), Pointwise<double, Gelu>(6))), Dense<double>(6, 3)),
      1);
  const Vec<double> x = random_matrix<double>(4, 1, 2), d = random_matrix<double>(4, 1, 3);
  const DenseMap<double> map = linearize_at(f, x);
  CHECK(distance<double>(map.A, jacobian(f, x)) == 0);
  CHECK(distance<double>(map(x), f(x)) <= 1e-13);
  // The error falls like t^2.
  const auto error = [&](double t) { return (map(x + t * d) - f(x + t * d)).norm(); };
  CHECK(error(1e-2) > 1e-6);
  CHECK(error(1e-3) / error(1e-2) == Approx(0.01).epsilon(0.1));
  // Of an affine network it is the operator, at any point.
  const auto g = random_model(Chain(Dense<double>(4, 6), Dense<double>(6, 3)), 4);
  CHECK(distance<double>(linearize_at(g, x).A, linearize_dense(g).A) == 0);
  CHECK(distance<double>(linearize_at(g, x).b, linearize_dense(g).b) <= 1e-13);
  CHECK(contains(error_of([&] { (void)linearize_at(f, Vec<double>::Zero(5)); }),
                 "linearize_at: x has 5 rows, f expects 4"));
}

TEST_CASE("a theta of another size is an error that names the function", "[linearize]") {
  auto f = random_model(Dense<double>(3, 2), 1);
  f.theta.resize(5);
  const std::string rest = ": theta has 5 entries, Dense has 8 parameters";
  CHECK(contains(error_of([&] { (void)linearize_dense(f); }), "linearize_dense" + rest));
  CHECK(contains(error_of([&] { (void)linearize_sparse(f); }), "linearize_sparse" + rest));
  CHECK(contains(error_of([&] { (void)linearize_stored(f); }), "linearize_stored" + rest));
  CHECK(contains(error_of([&] { (void)linearize(f); }), "linearize" + rest));
}
