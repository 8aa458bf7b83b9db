// folded: the same function with factors and offsets of channels inside the layers before them.
#include <string>

#include "basin/compose/chain.hpp"
#include "basin/compose/concat.hpp"
#include "basin/compose/residual.hpp"
#include "basin/compose/sum.hpp"
#include "basin/layers/channel_affine.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/conv_transpose2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/maps.hpp"
#include "basin/layers/pointwise.hpp"
#include "basin/network/erased.hpp"
#include "basin/network/fold.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

using S = double;
const Padding same = Padding::all(1);

/// The names of the layers of a row, with those of a Sequence, a Residual or branches in brackets.
std::string names(const AnyLayer<S>& f) {
  std::string all;
  if (const auto* row = f.as<Sequence<S>>()) {
    for (Index k = 0; k < row->size(); ++k) all += (k > 0 ? " " : "") + names(row->child(k));
    return all;
  }
  if (const auto* skip = f.as<Residual<AnyLayer<S>>>()) return "Residual(" + names(skip->child()) + ")";
  if (const auto* skip = f.as<Concat<AnyLayer<S>>>()) return "Concat(" + names(skip->child()) + ")";
  if (const auto* sum = f.as<BranchSum<S>>()) {
    for (Index k = 0; k < sum->size(); ++k) all += (k > 0 ? ", " : "") + names(sum->child(k));
    return "BranchSum(" + all + ")";
  }
  return f.name();
}

/// Folds the network with random parameters; the function stays, and what is left is `expected`.
Model<Sequence<S>> require_folded(const Sequence<S>& net, const std::string& expected) {
  const Model<Sequence<S>> f(net, random_matrix<S>(net.param_size(), 1, 1)), g = folded(f);
  CHECK(names(g.layer) == expected);
  CHECK(g.theta.size() == g.layer.param_size());
  const Mat<S> x = random_matrix<S>(net.in_size(), 3, 2), y = f(x);
  CHECK((g(x) - y).norm() <= 1e-14 * y.norm());
  return g;
}

}  // namespace

TEST_CASE("a ChannelAffine behind an affine layer is merged into it", "[network]") {
  const Shape in{4, 5, 3};
  for (const bool bias : {false, true}) {
    require_folded(Sequence<S>({Dense<S>(5, 12, bias), ChannelAffine<S>({12, 1, 1})}), "Dense");
    require_folded(Sequence<S>({Dense<S>(5, 12, bias), ChannelAffine<S>({3, 2, 2})}), "Dense");
    const Conv2d<S> conv(in,
                         {.out_channels = 6, .kernel = {3, 2}, .stride = {2, 1}, .groups = 2, .bias = bias});
    require_folded(Sequence<S>({conv, ChannelAffine<S>(conv.out_shape())}), "Conv2d");
    const ConvTranspose2d<S> up(in, {.out_channels = 6,
                                     .kernel = {3, 2},
                                     .stride = {2, 1},
                                     .output_padding = {1, 0},
                                     .groups = 2,
                                     .bias = bias});
    const auto g = require_folded(Sequence<S>({up, ChannelAffine<S>(up.out_shape())}), "ConvTranspose2d");
    CHECK(g.layer.out_shape() == up.out_shape());
    CHECK(g.theta.size() == up.param_size() + (bias ? 0 : 6));
  }
  require_folded(Sequence<S>({ChannelAffine<S>(in), ChannelAffine<S>(in)}), "ChannelAffine");
}

TEST_CASE("a ChannelAffine that nothing affine stands before stays", "[network]") {
  const Shape in{2, 3, 3};
  const Conv2d<S> conv(in, {.out_channels = 2, .padding = same});
  const ChannelAffine<S> scale(in);
  const Pointwise<S, Tanh> phi(18);
  require_folded(Sequence<S>({scale, conv, scale, phi, scale, conv}),
                 "ChannelAffine Conv2d Tanh ChannelAffine Conv2d");
  require_folded(Sequence<S>({phi}), "Tanh");
}

TEST_CASE("folding goes through what a network at run time consists of", "[network]") {
  const Shape in{2, 3, 3};
  const Conv2d<S> conv(in, {.out_channels = 2, .padding = same, .bias = false});
  const ChannelAffine<S> scale(in);
  const Pointwise<S, Tanh> phi(18);
  const Sequence<S> block({conv, scale, phi, conv, scale});
  // across the border of a Sequence within a Sequence
  require_folded(Sequence<S>({Sequence<S>({phi, conv}), Sequence<S>({scale, Sequence<S>({scale, phi})})}),
                 "Tanh Conv2d Tanh");
  require_folded(Sequence<S>({Residual<AnyLayer<S>>(AnyLayer<S>(block)), scale}),
                 "Residual(Conv2d Tanh Conv2d) ChannelAffine");
  require_folded(Sequence<S>({Concat<AnyLayer<S>>(AnyLayer<S>(block)), ChannelAffine<S>({4, 3, 3})}),
                 "Concat(Conv2d Tanh Conv2d) ChannelAffine");
  require_folded(Sequence<S>({BranchSum<S>({block, Sequence<S>({conv, scale}), scale}), phi}),
                 "BranchSum(Conv2d Tanh Conv2d, Conv2d, ChannelAffine) Tanh");
  const Chain typed(conv, scale, Sum(Chain(phi, conv, scale), Chain(conv, scale)),
                    Residual(Chain(conv, scale)));
  require_folded(Sequence<S>({erased(typed)}), "Conv2d BranchSum(Tanh Conv2d, Conv2d) Residual(Conv2d)");
  Model<Sequence<S>> wrong(block, Vec<S>::Zero(block.param_size()));
  wrong.theta.resize(3);
  CHECK(contains(error_of([&] { (void)folded(wrong); }), "folded: theta has 3 entries"));
}

TEST_CASE("a convolution with PyTorch's batch normalization folds into a convolution", "[network]") {
  const Golden all("trained_layers");
  const Vec<S> given = all["conv_batch_norm.theta"].col(0), weight = given.segment(54, 3),
               bias = given.tail(3), mean = all["mean"].col(0), variance = all["variance"].col(0);
  const Conv2d<S> conv({2, 4, 3}, {.out_channels = 3, .padding = same, .bias = false});
  Vec<S> theta(60);
  theta << given.head(54), fold_batch_norm<S>(weight, bias, mean, variance, 1e-3);
  const Model<Sequence<S>> f(Sequence<S>({conv, ChannelAffine<S>(conv.out_shape())}), theta), g = folded(f);
  CHECK(names(g.layer) == "Conv2d");
  CHECK(g.theta.size() == 57);
  const Mat<S>&x = all["conv_batch_norm.x"], &y = all["conv_batch_norm.y"];
  CHECK((f(x) - y).norm() <= 1e-14 * y.norm());
  CHECK((g(x) - y).norm() <= 1e-14 * y.norm());
}
