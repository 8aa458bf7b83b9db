// Networks known at run time against the same networks as types: the same bits in everything that a network
// does.
#include <algorithm>
#include <string>
#include <vector>

#include "basin/check/check_layer.hpp"
#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/stack.hpp"
#include "basin/compose/sum.hpp"
#include "basin/core/parallel.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/layers/affine.hpp"
#include "basin/layers/channel_affine.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/normalization.hpp"
#include "basin/layers/pool.hpp"
#include "basin/layers/prelu.hpp"
#include "basin/layers/softmax.hpp"
#include "basin/layers/upsample.hpp"
#include "basin/linearize/linearize.hpp"
#include "basin/linearize/region.hpp"
#include "basin/linearize/structure.hpp"
#include "basin/network/branches.hpp"
#include "basin/network/erased.hpp"
#include "basin/network/sequence.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/memory.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

const Padding same = Padding::all(1);

template <class A, class B>
bool same_bits(const A& a, const B& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && a.allFinite() && (a.array() == b.array()).all();
}

/// Forward, infer, prepack, both vjps and jvp of f and g.
template <Layer F, Layer G>
void require_same_layer(const F& f, const G& g, const Vec<typename F::Scalar>& theta, Index batch) {
  using S = typename F::Scalar;
  const Mat<S> x = random_matrix<S>(f.in_size(), batch, 2), y_bar = random_matrix<S>(f.out_size(), batch, 3);
  Mat<S> y(f.out_size(), batch), y_g = y, x_bar(f.in_size(), batch), x_bar_g = x_bar;
  Vec<S> theta_bar = random_matrix<S>(theta.size(), 1, 4), theta_bar_g = theta_bar, none;
  typename F::Cache c, packed;
  typename G::Cache c_g, packed_g;
  infer(f, theta, x, y, c);
  infer(g, theta, x, y_g, c_g);
  CHECK(same_bits(y, y_g));
  prepack(f, theta, packed);
  prepack(g, theta, packed_g);
  infer(f, theta, x, y, packed);
  infer(g, theta, x, y_g, packed_g);
  CHECK(same_bits(y, y_g));
  f.forward(theta, x, y, c);
  g.forward(theta, x, y_g, c_g);
  CHECK(same_bits(y, y_g));
  f.vjp(theta, x, y, c, y_bar, x_bar, theta_bar);
  g.vjp(theta, x, y, c_g, y_bar, x_bar_g, theta_bar_g);
  CHECK(same_bits(x_bar, x_bar_g));
  CHECK(same_bits(theta_bar, theta_bar_g));
  f.vjp(theta, x, y, c, y_bar, x_bar, none);
  g.vjp(theta, x, y, c_g, y_bar, x_bar_g, none);
  CHECK(same_bits(x_bar, x_bar_g));
  vjp_fresh(f, theta, x, y, c, y_bar, x_bar, theta_bar);
  vjp_fresh(g, theta, x, y, c_g, y_bar, x_bar_g, theta_bar_g);
  CHECK(same_bits(theta_bar, theta_bar_g));
  Mat<S> y_dot = y, y_dot_g = y;
  f.jvp(theta, x, y, c, x, y_dot);
  g.jvp(theta, x, y, c_g, x, y_dot_g);
  CHECK(same_bits(y_dot, y_dot_g));
}

/// Everything that is asked of the network f, and of g, which is the same at run time.
template <Layer F, Layer G>
void require_same_network(const F& f, const G& g) {
  using S = typename F::Scalar;
  REQUIRE(f.in_size() == g.in_size());
  REQUIRE(f.out_size() == f.in_size());
  REQUIRE(f.out_size() == g.out_size());
  REQUIRE(f.param_size() == g.param_size());
  CHECK(broadcasts(f) == broadcasts(g));
  CHECK(in_shape(f) == in_shape(g));
  CHECK(out_shape(f, in_shape(f)) == out_shape(g, in_shape(g)));
  CHECK(multiply_adds(f) == multiply_adds(g));

  Model model(f, initial_values(f, initial::pytorch_default(), 5));
  Model erased(g, initial_values(g, initial::pytorch_default(), 5));
  REQUIRE(same_bits(model.theta, erased.theta));
  for (const Index batch : {1, 6}) require_same_layer(f, g, model.theta, batch);

  const Mat<S> x = random_matrix<S>(f.in_size(), 5, 6);
  Adam<S> adam, adam_erased;
  const FitOptions options{.max_epochs = 4, .batch_size = 2};
  const FitResult trained = fit(model, x, adam, options),
                  trained_erased = fit(erased, x, adam_erased, options);
  CHECK(trained.loss == trained_erased.loss);
  REQUIRE(same_bits(model.theta, erased.theta));
  for (const int threads : {1, 2}) {
    set_num_threads(threads);
    CHECK(same_bits(orbit(model, x, {.max_steps = 5}).x, orbit(erased, x, {.max_steps = 5}).x));
    CHECK(same_bits(jacobian(model, x.col(0)), jacobian(erased, x.col(0))));
  }
  set_num_threads(0);
  const auto map = linearize_at(model, x.col(0)), map_erased = linearize_at(erased, x.col(0));
  CHECK(same_bits(map.A, map_erased.A));
  CHECK(same_bits(map.b, map_erased.b));
}

/// d -> width -> ... -> d as fully_connected makes it.
template <class S>
Sequence<S> erased_fully_connected(Index d, Index width, Index hidden) {
  std::vector<AnyLayer<S>> layers;
  for (Index k = 0, last = d; k < hidden; ++k, last = width) {
    layers.push_back(Dense<S>(last, width));
    layers.push_back(Pointwise<S, LeakyRelu>(width));
  }
  layers.push_back(Dense<S>(width, d));
  return Sequence<S>(layers);
}

/// Convolutions with a stride, in tiles, behind upsampling (which is joined), pooling, a skip that is added
/// and one that is concatenated; `as` makes an AnyLayer of a layer, or leaves it.
template <class S>
auto image_layers(const auto& as, const auto& in_order) {
  const auto conv = [](Index in, Index out, Index side, Index stride) {
    return Conv2d<S>({in, side, side}, {.out_channels = out, .stride = stride, .padding = same});
  };
  return in_order(as(conv(2, 8, 12, 2)), as(Pointwise<S, Tanh>(8 * 36)), as(Residual(as(conv(8, 8, 6, 1)))),
                  as(AvgPool2d<S>({8, 6, 6})), as(Concat(as(conv(8, 4, 3, 1)))),
                  as(MaxPool2d<S>({12, 3, 3}, {.kernel = 3, .stride = 1, .padding = same})),
                  as(UpsampleNearest<S>({12, 3, 3})), as(conv(12, 8, 6, 1)),
                  as(UpsampleNearest<S>({8, 6, 6})), as(conv(8, 2, 12, 1)));
}
auto kept = [](const auto& f) { return f; };
auto any = [](const auto& f) { return AnyLayer<typename std::decay_t<decltype(f)>::Scalar>(f); };
auto chain = [](const auto&... f) { return Chain(f...); };
auto sequence = [](const auto& first, const auto&... f) {
  return Sequence<typename std::decay_t<decltype(first)>::Scalar>({first, f...});
};

}  // namespace

TEMPLATE_TEST_CASE("a fully connected network at run time is the typed one, bit for bit", "[network]", float,
                   double) {
  using S = TestType;
  const auto f = fully_connected<S>(40, 9, 4);
  require_same_network(f, erased_fully_connected<S>(40, 9, 4));
  require_same_network(f, AnyLayer<S>(f));  // the whole of it behind one call
  require_same_network(f, erased(f));
  CHECK(training_memory(f, 7).total() == training_memory(AnyLayer<S>(f), 7).total());
  REQUIRE(detail::Cuts<Sequence<S>>::narrowest(erased_fully_connected<S>(40, 9, 4))->rows == 9);
}

TEMPLATE_TEST_CASE("an image network at run time is the typed one, bit for bit", "[network]", float, double) {
  using S = TestType;
  const auto typed = image_layers<S>(kept, chain);
  const Sequence<S> erased = image_layers<S>(any, sequence);
  require_same_network(typed, erased);
  CHECK(training_memory(typed, 7).total() == training_memory(erased, 7).total());
}

TEMPLATE_TEST_CASE("single filters at run time run on planes", "[network]", float, double) {
  using S = TestType;
  const Conv2d<S> plain({1, 5, 4}, {.padding = same, .bias = false}), biased({1, 5, 4}, {.padding = same});
  const Pointwise<S, LeakyRelu> phi(20);
  const Chain f(plain, Stack(Residual(Chain(biased, phi)), 3), phi);
  const Residual<AnyLayer<S>> block{AnyLayer<S>(Sequence<S>({biased, phi}))};
  const Sequence<S> g({plain, block, block, block, phi});
  REQUIRE(detail::plane_program(f) != nullptr);
  REQUIRE(detail::plane_program(g) != nullptr);
  require_same_network(f, g);
  const Sequence<S> general({plain, Dense<S>(20, 20)});
  CHECK(detail::plane_program(general) == nullptr);
}

TEST_CASE("affine networks at run time linearize to the same matrices", "[network]") {
  using S = double;
  const Conv2d<S> f({2, 4, 4}, {.out_channels = 2, .padding = same});
  const Dense<S> last(64, 5);
  const Chain typed(f, Residual(f), Concat(f), AvgPool2d<S>({4, 4, 4}, {.kernel = 1}), last);
  const Sequence<S> erased(
      {f, Residual(AnyLayer<S>(f)), AnyLayer<S>(Concat(f)), AvgPool2d<S>({4, 4, 4}, {.kernel = 1}), last});
  const Vec<S> theta = random_matrix<S>(typed.param_size(), 1, 1);
  const Model m(typed, theta);
  const Model e(erased, theta);
  CHECK(AnyLayer<S>(erased).is_affine());
  CHECK(AnyLayer<S>(typed).is_affine());
  CHECK(same_bits(linearize_dense(m).A, linearize_dense(e).A));
  CHECK(same_bits(Mat<S>(linearize_sparse(m).A), Mat<S>(linearize_sparse(e).A)));
  CHECK(same_bits(linearize_stored(m).A.dense(), linearize_stored(e).A.dense()));
  CHECK(same_bits(linearize_sparse(m).b, linearize_sparse(e).b));
  CHECK(nonzero_pattern(typed) == nonzero_pattern(erased));
  const Conv2d<S> one({1, 4, 4}, {.padding = same});
  CHECK(forced_zeros(Sequence<S>({one, one})) == forced_zeros({1, 4, 4}, 3, 2));
  Mat<S> y(5, 2), y_e(5, 2);
  const Mat<S> x = random_matrix<S>(32, 2, 3);
  linearize(m).apply(x, y);
  linearize(e).apply(x, y_e);
  CHECK(same_bits(y, y_e));
}

TEST_CASE("a network at run time that is not affine is an error that names the layer", "[network]") {
  using S = double;
  const Sequence<S> net(
      {Dense<S>(3, 3), AnyLayer<S>(Stack(Chain(Dense<S>(3, 3), Pointwise<S, Tanh>(3)), 2))});
  const Model f(net, Vec<S>(Vec<S>::Ones(net.param_size())));
  CHECK_FALSE(AnyLayer<S>(net).is_affine());
  const auto names = [](const std::string& error, const char* who) {
    INFO(error);
    CHECK(error.find(who) == 0);
    CHECK(error.find("Tanh") != std::string::npos);
    CHECK(error.find("linearize_at") != std::string::npos);
  };
  names(error_of([&] { (void)linearize_dense(f); }), "linearize_dense: ");
  names(error_of([&] { (void)linearize_sparse(f); }), "linearize_sparse: ");
  names(error_of([&] { (void)linearize_stored(f); }), "linearize_stored: ");
  names(error_of([&] { (void)linearize(f); }), "linearize: ");
  names(error_of([&] { (void)forced_zeros(net); }), "linearize: ");
  names(error_of([&] { (void)active_region(f, Vec<S>::Zero(3)); }), "active_region: ");
}

TEST_CASE("a piecewise linear network at run time has the typed one's region", "[network]") {
  using S = double;
  const Conv2d<S> conv({2, 4, 4}, {.out_channels = 3, .padding = same});
  const Pointwise<S, Relu> phi(48);
  const MaxPool2d<S> pool({3, 4, 4});
  const Dense<S> last(12, 7);
  const Chain typed(conv, phi, pool, last);
  const Sequence<S> erased({AnyLayer<S>(Chain(conv, phi)), pool, last});
  const Vec<S> theta = random_matrix<S>(typed.param_size(), 1, 1), x = random_matrix<S>(32, 1, 2),
               direction = random_matrix<S>(32, 1, 3);
  const auto region = active_region(Model(typed, theta), x);
  const auto same_region = active_region(Model(erased, theta), x);
  CHECK(region.pieces() == same_region.pieces());
  CHECK(region.pieces().size() == 48 + 12);
  CHECK(region.exit(direction) == same_region.exit(direction));
  CHECK(same_bits(region.map().A, same_region.map().A));
}

TEST_CASE("layers side by side are sums and stacks of what they give", "[network]") {
  using S = double;
  const Dense<S> a(4, 3), b(4, 3, false);
  const Pointwise<S, Tanh> phi(3);
  const std::vector<AnyLayer<S>> layers{a, Sequence<S>({b, phi}), a};
  const BranchSum<S> sum(layers);
  const BranchConcat<S> stacked(layers);
  REQUIRE(sum.out_size() == 3);
  REQUIRE(stacked.out_size() == 9);
  const Vec<S> theta = random_matrix<S>(sum.param_size(), 1, 1);
  const Mat<S> x = random_matrix<S>(4, 2, 2);
  const Mat<S> one = Model(a, Vec<S>(theta.head(15)))(x);
  const Mat<S> two = Model(b, Vec<S>(theta.segment(15, 12)))(x).array().tanh();
  const Mat<S> three = Model(a, Vec<S>(theta.tail(15)))(x);
  CHECK((Model(sum, theta)(x) - (one + two + three)).norm() <= 1e-15 * one.norm());
  Mat<S> all(9, 2);
  all << one, two, three;
  CHECK((Model(stacked, theta)(x) - all).norm() <= 1e-15 * all.norm());
  for (const CheckReport& report : {check_layer(sum), check_layer(stacked)}) {
    INFO(report);
    CHECK(static_cast<bool>(report));
  }
  // A' A through the walk: y = (A_1 + A_2) x and [A_1; A_2] x
  const Vec<S> two_thetas = theta.head(27);
  const BranchSum<S> affine({a, b});
  const BranchConcat<S> affine_stack({a, b});
  Mat<S> A1 = linearize_dense(Model(a, Vec<S>(theta.head(15)))).A,
         A2 = linearize_dense(Model(b, Vec<S>(theta.segment(15, 12)))).A, both(6, 4);
  both << A1, A2;
  CHECK((Mat<S>(linearize_sparse(Model(affine, two_thetas)).A) - (A1 + A2)).norm() <= 1e-15 * A1.norm());
  CHECK((Mat<S>(linearize_sparse(Model(affine_stack, two_thetas)).A) - both).norm() <= 1e-15 * both.norm());
  CHECK(error_of([] {
          BranchSum<S>({Dense<S>(4, 3), Dense<S>(5, 3)});
        }) == "BranchSum: layer 1 takes 5 rows, layer 0 takes 4");
  CHECK(error_of([] {
          BranchSum<S>({Dense<S>(4, 3), Dense<S>(4, 2)});
        }) == "BranchSum: layer 1 gives 2 rows, layer 0 gives 3");
}

TEMPLATE_TEST_CASE("trained layers, sums and concatenations at run time are the typed ones, bit for bit",
                   "[network]", float, double) {
  using S = TestType;
  const Shape in{2, 4, 4}, inside{4, 4, 4};
  const Conv2d<S> into(in, {.out_channels = 4, .padding = same, .bias = false}),
      conv(inside, {.out_channels = 4, .padding = same}), half(inside, {.out_channels = 2, .kernel = 1}),
      back({6, 4, 4}, {.out_channels = 2, .padding = same});
  const Pointwise<S, Identity> pass(64);
  const Chain typed(into, ChannelAffine<S>(inside), PRelu<S>(inside, 4), GroupNorm<S>(inside, 2),
                    Sum(conv, Chain(conv, Pointwise<S, Tanh>(64)), pass), instance_norm<S>(inside),
                    Concat(half, pass), back, Softmax<S>(1, 2, 16), LayerNorm<S>(32, 16), RmsNorm<S>(32, 32),
                    PRelu<S>(in), LogSoftmax<S>(32));
  const Sequence<S> untyped({into, ChannelAffine<S>(inside), PRelu<S>(inside, 4), GroupNorm<S>(inside, 2),
                             BranchSum<S>({conv, Sequence<S>({conv, Pointwise<S, Tanh>(64)}), pass}),
                             instance_norm<S>(inside), BranchConcat<S>({half, pass}), back,
                             Softmax<S>(1, 2, 16), LayerNorm<S>(32, 16), RmsNorm<S>(32, 32), PRelu<S>(in),
                             LogSoftmax<S>(32)});
  require_same_network(typed, untyped);
  require_same_network(typed, erased(typed));
  CHECK(training_memory(typed, 7).total() == training_memory(untyped, 7).total());
  const auto blocks = param_blocks(typed), others = param_blocks(erased(typed));
  REQUIRE(blocks.size() == others.size());
  for (std::size_t k = 0; k < blocks.size(); ++k) CHECK(blocks[k].name == others[k].name);
  CHECK(blocks[8].name == "4.1.0.weight");  // the convolution in the Chain that is summand 1 of layer 4
  CHECK(typed.template child<4>().out_shape() == inside);
  CHECK(typed.template child<6>().out_shape() == Shape{6, 4, 4});

  CheckOptions<S> options;
  options.scales = {1.0};
  options.round_off *= 16;
  const CheckReport report = check_layer(untyped, options);
  INFO(report);
  CHECK(static_cast<bool>(report));
}

TEST_CASE("a branch that is not affine is found, whichever it is", "[network]") {
  using S = double;
  const Dense<S> dense(3, 3);
  const Pointwise<S, Tanh> phi(3);
  for (const AnyLayer<S>& f :
       {AnyLayer<S>(BranchSum<S>({dense, phi})), AnyLayer<S>(BranchSum<S>({phi, dense})),
        AnyLayer<S>(BranchConcat<S>({dense, phi})), AnyLayer<S>(BranchConcat<S>({phi, dense})),
        AnyLayer<S>(Sum(phi, dense)), AnyLayer<S>(Concat(phi, dense))}) {
    CHECK_FALSE(f.is_affine());
    const Model model(f, Vec<S>(Vec<S>::Ones(f.param_size())));
    CHECK(contains(error_of([&] { (void)linearize_dense(model); }), "Tanh"));
  }
  CHECK(AnyLayer<S>(Sum(dense, dense)).is_affine());
}

TEST_CASE("sums and concatenations linearize and have regions, typed and at run time", "[network]") {
  using S = double;
  const Dense<S> f(4, 3), g(4, 3, false), back(6, 4);
  const Pointwise<S, Relu> phi(3);
  const Chain affine(Concat(f, g), back, Sum(f, g));
  const Vec<S> theta = random_matrix<S>(affine.param_size(), 1, 1), x = random_matrix<S>(4, 1, 2);
  const Model typed(affine, theta);
  const Model run_time(erased(affine), theta);
  const Mat<S> A = linearize_dense(typed).A;
  CHECK(same_bits(A, linearize_dense(run_time).A));
  CHECK((Mat<S>(linearize_sparse(typed).A) - A).norm() <= 1e-14 * A.norm());
  CHECK(same_bits(Mat<S>(linearize_sparse(typed).A), Mat<S>(linearize_sparse(run_time).A)));
  CHECK(nonzero_pattern(affine) == nonzero_pattern(erased(affine)));

  const Chain net(Concat(Chain(f, phi), g), back, Sum(Chain(f, phi), Chain(g, phi)));
  const auto region = active_region(Model(net, theta), x);
  const auto same_region = active_region(Model(erased(net), theta), x);
  const Vec<S> direction = random_matrix<S>(4, 1, 3);
  CHECK(region.pieces().size() == 9);
  CHECK(region.pieces() == same_region.pieces());
  CHECK(region.exit(direction) == same_region.exit(direction));
  const S t = S(0.99) * std::min(region.exit(direction), S(1));
  const Vec<S> z = x + t * direction;
  CHECK(region.contains(z));
  CHECK((Model(net, theta)(z) - region.map()(z)).norm() <= 1e-14 * region.map()(z).norm());
}

TEST_CASE("layers whose type is forgotten keep the contract", "[network]") {
  for (const CheckReport& report :
       {check_layer(AnyLayer<double>(Dense<double>(3, 4))),
        check_layer(erased_fully_connected<double>(5, 4, 3)),
        check_layer(image_layers<double>(any, sequence)),
        check_layer(Residual(AnyLayer<double>(Chain(Dense<double>(3, 2), Dense<double>(2, 3)))))}) {
    INFO(report);
    CHECK(static_cast<bool>(report));
  }
}

TEST_CASE("AnyLayer is a value: copies share the layer, a cache serves whatever it is used with",
          "[network]") {
  using S = double;
  const AnyLayer<S> dense = Dense<S>(3, 4), copy = dense;
  CHECK(copy.as<Dense<S>>() == dense.as<Dense<S>>());
  CHECK(copy.as<Dense<float>>() == nullptr);
  REQUIRE(copy.as<Dense<S>>() != nullptr);
  CHECK(copy.as<Dense<S>>()->out_size() == 4);
  CHECK(std::string(dense.name()) == "Dense");
  // one cache, first with a prepacked weight, then with another layer
  const Index n = detail::panel_rows<S>;
  const AnyLayer<S> wide = Dense<S>(n, n), conv = Conv2d<S>({1, 1, n}, {.padding = same});
  const Vec<S> theta = random_matrix<S>(wide.param_size(), 1, 1),
               taps = random_matrix<S>(conv.param_size(), 1, 2);
  const Mat<S> x = random_matrix<S>(n, 3, 3);
  AnyLayer<S>::Cache cache;
  Mat<S> y(n, 3);
  wide.prepack(theta, cache);
  conv.infer(taps, x, y, cache);
  CHECK(same_bits(y, Model(conv, taps)(x)));
  // a copy of a cache is its own
  wide.prepack(theta, cache);
  AnyLayer<S>::Cache other = cache;
  conv.infer(taps, x, y, cache);
  wide.infer(Vec<S>::Zero(theta.size()), x, y, other);  // multiplies with what was packed
  CHECK(same_bits(y, Model(wide, theta)(x)));
}

TEST_CASE("a Sequence says what does not fit", "[network]") {
  using S = double;
  CHECK(error_of([] { Sequence<S>({}); }) == "Sequence: layers is empty, expected at least one");
  CHECK(error_of([] {
          Sequence<S>({Dense<S>(3, 4), Dense<S>(5, 4)});
        }) == "Dense: input has 4 rows, expected 5 (layer 1 of the Sequence, counted from 0)");
  CHECK(error_of([] {
          Sequence<S>({Conv2d<S>({1, 4, 4}, {.out_channels = 2, .padding = same}), Pointwise<S, Relu>(32),
                       Conv2d<S>({8, 2, 2}, {.padding = same})});
        }).find("Conv2d: input has 2 channels, weight expects 8 (layer 2") == 0);
}
