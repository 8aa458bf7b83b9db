// A batch without columns goes through everything that takes batches, and nothing in it is undefined: to be
// compiled with -fsanitize=undefined.
#include <exception>    // std::exception
#include <iostream>     // std::cout
#include <string>       // std::string
#include <type_traits>  // std::decay_t

#include "basin/compose/chain.hpp"            // Chain
#include "basin/compose/concat.hpp"           // Concat
#include "basin/compose/fully_connected.hpp"  // fully_connected
#include "basin/compose/residual.hpp"         // Residual
#include "basin/compose/stack.hpp"            // Stack
#include "basin/compose/sum.hpp"              // Sum
#include "basin/core/layer.hpp"               // infer, prepack, vjp_fresh
#include "basin/core/model.hpp"               // Model
#include "basin/core/product/gemm.hpp"        // gemm, gemm_add, gemm_affine
#include "basin/dynamics/basins.hpp"          // nearest, recovery, distances
#include "basin/dynamics/cycle.hpp"           // periods
#include "basin/dynamics/orbit.hpp"           // orbit
#include "basin/layers/affine.hpp"            // Affine
#include "basin/layers/channel_affine.hpp"    // ChannelAffine
#include "basin/layers/conv2d.hpp"            // Conv2d
#include "basin/layers/conv_transpose2d.hpp"  // ConvTranspose2d
#include "basin/layers/dense.hpp"             // Dense
#include "basin/layers/maps.hpp"              // LeakyRelu, Tanh
#include "basin/layers/normalization.hpp"     // GroupNorm, LayerNorm, RmsNorm
#include "basin/layers/pad.hpp"               // Crop2d, Pad2d
#include "basin/layers/pointwise.hpp"         // Pointwise
#include "basin/layers/pool.hpp"              // AvgPool2d, MaxPool2d
#include "basin/layers/prelu.hpp"             // PRelu
#include "basin/layers/rearrange.hpp"         // Rearrange
#include "basin/layers/softmax.hpp"           // LogSoftmax, Softmax
#include "basin/layers/upsample.hpp"          // UpsampleNearest
#include "basin/layers/upsample_linear.hpp"   // UpsampleLinear
#include "basin/train/fit.hpp"                // fit
#include "basin/train/gradient_descent.hpp"   // GradientDescent

namespace {

using namespace basin;
using S = double;
int failures = 0;

void check(const std::string& what, bool ok) {
  if (!ok) std::cout << what << " is wrong for a batch of 0 columns\n", ++failures;
}

/// All that a layer does, twice: the second time with what the first one, of 3 columns, left in the cache.
template <class F>
void go(const char* name, const F& f) {
  const Vec<S> theta = Vec<S>::Constant(f.param_size(), 0.25);
  typename F::Cache cache;
  for (const Index columns : {0, 3, 0}) {
    const Mat<S> x = Mat<S>::Ones(f.in_size(), columns), y_bar = Mat<S>::Ones(f.out_size(), columns);
    Mat<S> y(f.out_size(), columns), y_dot = y, x_bar(f.in_size(), columns), none;
    Vec<S> added = Vec<S>::Ones(f.param_size()), fresh = added, nothing;
    f.forward(theta, x, y, cache);
    f.jvp(theta, x, y, cache, x, y_dot);
    f.vjp(theta, x, y, cache, y_bar, x_bar, added);
    f.vjp(theta, x, y, cache, y_bar, x_bar, nothing);
    f.vjp(theta, x, y, cache, y_bar, none, added);
    vjp_fresh(f, theta, x, y, cache, y_bar, x_bar, fresh);
    typename F::Cache packed;
    infer(f, theta, x, y, packed);
    prepack(f, theta, packed);
    infer(f, theta, x, y, packed);
    if (columns == 0) {
      check(std::string(name) + ": vjp", (added.array() == 1).all());
      check(std::string(name) + ": vjp_fresh", (fresh.array() == 0).all());
    }
  }
  const Model<F> model(f, theta);
  check(name, model(Mat<S>(f.in_size(), 0)).rows() == f.out_size());
  if (f.in_size() == f.out_size())
    check(std::string(name) + ": orbit",
          orbit(model, Mat<S>(f.in_size(), 0), {.max_steps = 3}).x.rows() == f.in_size());
}

template <GemmOp OpA, GemmOp OpB>
void multiply(Index rows, Index depth) {
  const Mat<S> A = OpA == GemmOp::plain ? Mat<S>(rows, depth) : Mat<S>(depth, rows);
  const Mat<S> B = OpB == GemmOp::plain ? Mat<S>(depth, 0) : Mat<S>(0, depth);
  Mat<S> C(rows, 0);
  gemm<S, OpA, OpB>(A, B, C);
  gemm_add<S, OpA, OpB>(A, B, C);
}

void products() {
  for (const Index rows : {1, 5, 70, 300})
    for (const Index depth : {1, 3, 600}) {
      multiply<GemmOp::plain, GemmOp::plain>(rows, depth);
      multiply<GemmOp::transposed, GemmOp::plain>(rows, depth);
      multiply<GemmOp::plain, GemmOp::transposed>(rows, depth);
      Mat<S> C(rows, 0), D = Mat<S>::Ones(rows, depth), E = D;
      gemm_affine<S>(Mat<S>::Ones(rows, depth), Mat<S>(depth, 0), Vec<S>::Ones(rows), C);
      gemm<S, GemmOp::plain, GemmOp::transposed>(C, Mat<S>(depth, 0), D);  // a sum without terms
      check("gemm", (D.array() == 0).all());
      gemm_add<S, GemmOp::plain, GemmOp::transposed>(C, Mat<S>(depth, 0), E);
      check("gemm_add", (E.array() == 1).all());
      Mat<S> dots(0, rows), sums = Mat<S>::Ones(rows, depth);
      detail::thin_dots<S>(Mat<S>::Ones(depth, rows), Mat<S>(depth, 0), dots);
      detail::thin_sums<S, GemmOp::plain>(Mat<S>::Ones(rows, depth), Mat<S>(depth, 0), C);
      detail::thin_sums<S, GemmOp::transposed>(C, Mat<S>(depth, 0), sums);
      check("thin_sums", (sums.array() == 1).all());
    }
}

void layers() {
  go("Dense", Dense<S>(70, 70));
  go("Dense without bias", Dense<S>(3, 5, false));
  go("Affine", Affine<S>(Mat<S>::Ones(3, 3), Vec<S>::Ones(3)));
  go("LeakyRelu", Pointwise<S, LeakyRelu>(4));
  go("Tanh", Pointwise<S, Tanh>(4));
  const Padding one = Padding::all(1);
  go("Conv2d", Conv2d<S>({4, 6, 6}, {.out_channels = 4, .padding = one, .groups = 2}));
  go("Conv2d of few outputs", Conv2d<S>({8, 3, 3}, {.out_channels = 2, .stride = 2}));
  go("Conv2d on planes", Conv2d<S>({1, 6, 6}, {.padding = one}));
  go("Conv2d in tiles", Conv2d<S>({8, 12, 12}, {.out_channels = 8, .padding = one}));
  go("ConvTranspose2d", ConvTranspose2d<S>({4, 3, 3}, {.out_channels = 2, .stride = 2}));
  go("UpsampleNearest", UpsampleNearest<S>({2, 3, 3}));
  go("Pad2d", Pad2d<S>({2, 4, 4}, one, PadMode::reflect));
  go("AvgPool2d", AvgPool2d<S>({2, 4, 4}));
  go("MaxPool2d", MaxPool2d<S>({2, 4, 4}));
  go("Rearrange", Rearrange<S>({1, -1, 0, 1}, 4, 2));
  go("Crop2d", Crop2d<S>({2, 4, 4}, one));
  go("UpsampleLinear", UpsampleLinear<S>({2, 4, 4}, 7));
  go("ChannelAffine", ChannelAffine<S>({2, 4, 4}));
  go("GroupNorm", GroupNorm<S>({4, 2, 3}, 2));
  go("GroupNorm without parameters", GroupNorm<S>({4, 2, 3}, 2, 1e-5, false));
  go("LayerNorm", LayerNorm<S>(12, 4));
  go("RmsNorm", RmsNorm<S>(12, 4));
  go("PRelu", PRelu<S>({3, 2, 2}, 3));
  go("Softmax", Softmax<S>(2, 3, 4));
  go("LogSoftmax", LogSoftmax<S>(5));
}

void compositions() {
  const Padding one = Padding::all(1);
  const Conv2d<S> plane({1, 6, 6}, {.padding = one}), wide({8, 12, 12}, {.out_channels = 8, .padding = one});
  const Pointwise<S, LeakyRelu> act(Shape{1, 6, 6});
  go("fully_connected", fully_connected<S>(3, 70, 3));
  go("Stack on planes", Stack(Chain(plane, act), 4));
  go("Residual on planes", Residual(Chain(plane, act)));
  go("Residual", Residual(Dense<S>(4, 4)));
  go("Concat", Concat(Dense<S>(4, 3)));
  go("Concat of two", Concat(Dense<S>(4, 3), Dense<S>(4, 1)));
  go("Sum", Sum(Dense<S>(4, 4), Dense<S>(4, 4, false)));
  go("Stack in tiles", Stack(wide, 2));
  go("upsampling folded into a convolution", Chain(UpsampleNearest<S>({8, 6, 6}), wide));
}

void uses_of_networks() {
  const Dense<S> f(3, 3);
  const Model<Dense<S>> model(f, Vec<S>::Constant(f.param_size(), 0.125));
  const Mat<S> none(3, 0), two = Mat<S>::Ones(3, 2);
  check("periods", periods(model, none, 3, 1e-6).empty());
  check("nearest", nearest(none, two).index.empty());
  check("distances", distances(none, two).size() == 0 && distances(two, none).size() == 0);
  check("nearest_within", nearest_within(none, two, 0.1).empty());
  Model<Dense<S>> trained = model;
  GradientDescent<S> descent({.learning_rate = 0.1});
  try {
    (void)fit(trained, none, descent, {.max_epochs = 1});
    check("fit", false);
  } catch (const std::exception& e) {
    check(std::string("what fit says, '") + e.what() + "',",
          std::string(e.what()).find("column") != std::string::npos);
  }
}

}  // namespace

int main() {
  products();
  layers();
  compositions();
  uses_of_networks();
  return failures == 0 ? 0 : 1;
}
