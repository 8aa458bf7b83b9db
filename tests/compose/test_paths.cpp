// Each special path of core/paths.hpp, seen to be taken: the result has the bits of the path's own function,
// and not those of the general one. (That the numbers are right is the matter of the paths' own tests.)
#include "basin/core/paths.hpp"

#include "basin/compose/chain.hpp"
#include "basin/compose/fully_connected.hpp"
#include "basin/compose/planes/form.hpp"
#include "basin/compose/stack.hpp"
#include "basin/core/parallel.hpp"
#include "basin/core/product/gemm.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/layers/dense.hpp"
#include "basin/layers/upsample.hpp"
#include "support/alone.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

/// The result is that of the special path, which differs from the general one somewhere.
template <class R, class A, class B>
void require_special(const char* what, const R& result, const A& special, const B& general) {
  INFO(what);
  REQUIRE(special.allFinite());
  CHECK((result.array() == special.array()).all());
  CHECK((special.array() != general.array()).any());
  CHECK((special - general).norm() <= 1e-3 * general.norm());  // though the two are the same but for rounding
}

const Padding same = Padding::all(1);

}  // namespace

TEMPLATE_TEST_CASE("a product with one column is Eigen's", "[paths]", float, double) {
  using S = TestType;
  const Mat<S> A = random_matrix<S>(37, 300, 1), b = random_matrix<S>(300, 1, 2),
               c = random_matrix<S>(37, 1, 3);
  REQUIRE(detail::product_path<S>(37, 300, true) == detail::ProductPath::column);
  REQUIRE(detail::product_path<S>(37, 300, false) == detail::ProductPath::panels);
  Vec<S> panel(detail::panel_rows<S> * detail::panel_depth);
  const auto by_panels = [&]<bool transposed>(const Mat<S>& x, Mat<S> y) {
    detail::multiply_by_panels<S, transposed>(y.rows(), 1, x.rows(), A.data(), A.rows(),
                                              {x.data(), 1, x.rows()}, {nullptr, 0}, y.data(), y.rows(),
                                              panel.data());
    return y;
  };
  Mat<S> y(37, 1), z(300, 1);
  gemm<S>(A, b, y);
  require_special("y", y, Mat<S>(A * b.col(0)), by_panels.template operator()<false>(b, y));
  gemm<S, GemmOp::transposed>(A, c, z);
  require_special("z", z, Mat<S>(A.transpose() * c.col(0)), by_panels.template operator()<true>(c, z));
}

TEMPLATE_TEST_CASE("a product with few terms packs all of its left factor first", "[paths]", float, double) {
  using S = TestType;
  const Index rows = 3 * detail::panel_rows<S>;
  Vec<S> panel(detail::panel_rows<S> * detail::panel_depth);
  const auto panels_left = [&](Index depth) {  // whether the first panel is still there behind the product
    const Mat<S> A = random_matrix<S>(rows, depth, 1), B = random_matrix<S>(depth, 7, 2);
    Mat<S> C(rows, 7);
    panel.setZero();
    detail::multiply_by_panels<S, false>(rows, 7, depth, A.data(), rows, {B.data(), 1, depth}, {nullptr, 0},
                                         C.data(), rows, panel.data());
    CHECK((C - A * B).norm() < 1e-5 * C.norm());
    return panel.head(detail::panel_rows<S>) == A.col(0).head(detail::panel_rows<S>);
  };
  for (const Index depth : {1, 2, 4, 5, 20}) {
    const bool shallow = detail::product_path<S>(rows, depth, false) == detail::ProductPath::shallow;
    CHECK(shallow == (depth <= 4));
    CHECK(panels_left(depth) == shallow);
  }
}

TEMPLATE_TEST_CASE("prepack keeps the weight from a panel's rows on, and infer multiplies with it", "[paths]",
                   float, double) {
  using S = TestType;
  const Index most = detail::panel_rows<S>;
  for (const Index rows : {most - 1, most, most + 3}) {
    const Dense<S> f(20, rows);
    const Vec<S> theta = random_matrix<S>(f.param_size(), 1, 1), other = 2 * theta;
    const Mat<S> x = random_matrix<S>(20, 5, 2);
    Mat<S> y(rows, 5), y_packed = y;
    typename Dense<S>::Cache c, packed;
    f.forward(theta, x, y, c);
    prepack(f, theta, packed);
    infer(f, other, x, y_packed, packed);  // theta is in the cache, if it was packed
    CHECK(detail::packing_pays<S>(rows) == (rows >= most));
    CHECK((y_packed == y) == (rows >= most));
  }
}

TEMPLATE_TEST_CASE("a convolution with few outputs multiplies where its factors lie", "[paths]", float,
                   double) {
  using S = TestType;
  // 1 x 1 on one pixel: the unrolled taps are x itself
  const Conv2d<S> f({70, 1, 1}, {.out_channels = 9, .kernel = 1, .bias = false});
  const Index columns = 24;
  REQUIRE(detail::conv_path(detail::geometry_of(f), columns) == detail::ConvPath::thin);
  REQUIRE(detail::conv_path(detail::geometry_of(f), 49) == detail::ConvPath::unrolled);
  const Vec<S> theta = random_matrix<S>(f.param_size(), 1, 1);
  const Eigen::Map<const Mat<S>> W(theta.data(), 70, 9);
  const Mat<S> x = random_matrix<S>(70, columns, 2), y_bar = random_matrix<S>(9, columns, 3),
               x_across = x.transpose(), y_bar_across = y_bar.transpose();
  Mat<S> y(9, columns), x_bar(70, columns), thin(columns, 9), general = thin;
  Vec<S> theta_bar = Vec<S>::Zero(theta.size());
  typename Conv2d<S>::Cache c;

  f.forward(theta, x, y, c);
  detail::thin_dots<S>(W, x, thin);
  gemm<S>(x_across, W, general);
  require_special("y", y, Mat<S>(thin.transpose()), Mat<S>(general.transpose()));

  f.vjp(theta, x, y, c, y_bar, x_bar, theta_bar);
  Mat<S> thin_x = Mat<S>::Zero(70, columns), general_x(columns, 70);
  detail::thin_sums<S, GemmOp::transposed>(W, y_bar_across, thin_x);
  CHECK((x_bar.array() == thin_x.array()).all());  // by sums of 9 terms in one order both ways
  Mat<S> thin_W = Mat<S>::Zero(70, 9);
  detail::thin_sums<S, GemmOp::plain>(x, y_bar_across, thin_W);
  CHECK((Eigen::Map<const Mat<S>>(theta_bar.data(), 70, 9).array() == thin_W.array()).all());
}

TEMPLATE_TEST_CASE("a convolution of many channels runs in tiles", "[paths]", float, double) {
  using S = TestType;
  const Conv2d<S> f({9, 12, 11}, {.out_channels = 10, .padding = same, .bias = false});
  REQUIRE(detail::conv_path(detail::geometry_of(f), 1) == detail::ConvPath::tiles);
  const Vec<S> theta = random_matrix<S>(f.param_size(), 1, 1);
  const Mat<S> x = random_matrix<S>(f.in_size(), 1, 2), y_bar = random_matrix<S>(f.out_size(), 1, 3);
  Mat<S> y(f.out_size(), 1), y_tiles = y, y_general = y, x_bar(f.in_size(), 1), x_bar_tiles = x_bar,
                             x_bar_general = x_bar;
  Vec<S> theta_bar = Vec<S>::Zero(theta.size()), theta_bar_tiles = theta_bar, theta_bar_general = theta_bar;
  typename Conv2d<S>::Cache c;
  const detail::TiledConv<S, detail::Winograd> tiles(f.in_shape(), f.out_shape(), 1, 1);
  f.forward(theta, x, y, c);
  tiles.apply(theta.data(), nullptr, x, y_tiles);
  detail::geometry_of(f).template apply<S>(theta.data(), x, y_general, c);
  require_special("y", y, y_tiles, y_general);
  f.jvp(theta, x, y, c, x, y);
  CHECK((y.array() == y_tiles.array()).all());
  f.vjp(theta, x, y, c, y_bar, x_bar, theta_bar);
  tiles.apply_adjoint(theta.data(), x, y_bar, x_bar_tiles, theta_bar_tiles.data());
  detail::geometry_of(f).template apply_adjoint<S>(theta.data(), y_bar, x_bar_general, c);
  detail::geometry_of(f).template add_weight_gradient<S>(x, y_bar, theta_bar_general.data(), c);
  require_special("x_bar", x_bar, x_bar_tiles, x_bar_general);
  require_special("theta_bar", theta_bar, theta_bar_tiles, theta_bar_general);
}

TEMPLATE_TEST_CASE("a Chain runs upsampling and the convolution behind it as one", "[paths]", float, double) {
  using S = TestType;
  const UpsampleNearest<S> up(Shape{9, 5, 6});
  const Conv2d<S> conv(up.out_shape(), {.out_channels = 10, .padding = same});
  const auto both = joined(up, conv);
  REQUIRE(both);
  const Chain net(up, conv);
  const Chain apart(Alone<UpsampleNearest<S>>{up}, conv);
  const Vec<S> theta = random_matrix<S>(net.param_size(), 1, 1);
  const Mat<S> x = random_matrix<S>(net.in_size(), 2, 2), y_bar = random_matrix<S>(net.out_size(), 2, 3);
  Mat<S> y(net.out_size(), 2), y_both = y, y_apart = y, x_bar(net.in_size(), 2), x_bar_both = x_bar,
                               x_bar_apart = x_bar;
  Vec<S> theta_bar = Vec<S>::Zero(theta.size()), theta_bar_both = theta_bar, theta_bar_apart = theta_bar;
  typename decltype(net)::Cache c;
  typename decltype(apart)::Cache c_apart;
  typename decltype(both)::value_type::Cache c_both;
  net.forward(theta, x, y, c);
  both->forward(theta, x, y_both, c_both);
  apart.forward(theta, x, y_apart, c_apart);
  require_special("y", y, y_both, y_apart);
  net.vjp(theta, x, y, c, y_bar, x_bar, theta_bar);
  both->vjp(theta, x, y_both, c_both, y_bar, x_bar_both, theta_bar_both);
  apart.vjp(theta, x, y_apart, c_apart, y_bar, x_bar_apart, theta_bar_apart);
  require_special("x_bar", x_bar, x_bar_both, x_bar_apart);
  // The gradient of the weight is a sum of the same products in tiles of the large image, but for factors of
  // 2 and 1/2.
  CHECK((theta_bar.array() == theta_bar_both.array()).all());
  CHECK((theta_bar.array() == theta_bar_apart.array()).all());
  net.jvp(theta, x, y, c, x, y);
  both->jvp(theta, x, y_both, c_both, x, y_both);
  apart.jvp(theta, x, y_apart, c_apart, x, y_apart);
  require_special("y_dot", y, y_both, y_apart);
  infer(net, theta, x, y, c);
  both->forward(theta, x, y_both, c_both);
  CHECK((y.array() == y_both.array()).all());
}

TEMPLATE_TEST_CASE("a Stack of single filters runs on planes, a Chain of them too", "[paths]", float,
                   double) {
  using S = TestType;
  const Conv2d<S> f({1, 7, 6}, {.padding = same});
  const auto compare = [&](const auto& net, const auto& general) {
    const auto planes = detail::plane_program(net);
    REQUIRE(planes);
    const Vec<S> theta = random_matrix<S>(net.param_size(), 1, 1) / S(2);
    const Mat<S> x = random_matrix<S>(42, 3, 2), y_bar = random_matrix<S>(42, 3, 3);
    Mat<S> y(42, 3), y_planes = y, y_general = y, x_bar = y, x_bar_planes = y, x_bar_general = y;
    Vec<S> theta_bar = Vec<S>::Zero(theta.size()), theta_bar_planes = theta_bar,
           theta_bar_general = theta_bar;
    typename std::decay_t<decltype(net)>::Cache c;
    typename std::decay_t<decltype(general)>::Cache c_general;
    detail::PlaneMemory<S> memory;
    net.forward(theta, x, y, c);
    planes->forward(theta, x, y_planes, memory);
    general.forward(theta, x, y_general, c_general);
    require_special("y", y, y_planes, y_general);
    net.vjp(theta, x, y, c, y_bar, x_bar, theta_bar);
    planes->vjp(theta, y_bar, x_bar_planes, theta_bar_planes, memory);
    general.vjp(theta, x, y_general, c_general, y_bar, x_bar_general, theta_bar_general);
    require_special("x_bar", x_bar, x_bar_planes, x_bar_general);
    require_special("theta_bar", theta_bar, theta_bar_planes, theta_bar_general);
    vjp_fresh(net, theta, x, y, c, y_bar, x_bar, theta_bar);
    CHECK((theta_bar.array() == theta_bar_planes.array()).all());
    net.jvp(theta, x, y, c, y_bar, x_bar);
    planes->jvp(theta, y_bar, x_bar_planes, memory);
    general.jvp(theta, x, y_general, c_general, y_bar, x_bar_general);
    require_special("x_bar", x_bar, x_bar_planes, x_bar_general);
    infer(net, theta, x, y, c);
    planes->infer(theta, x, y_planes, memory);
    require_special("y", y, y_planes, y_general);
  };
  compare(Stack(f, 5), Stack(Alone<Conv2d<S>>{f}, 5));
  compare(Chain(f, f, f), Chain(Alone<Conv2d<S>>{f}, f, f));
}

TEMPLATE_TEST_CASE("the Jacobian through a narrow place is a product of two", "[paths]", float, double) {
  using S = TestType;
  const auto net = fully_connected<S>(40, 9, 4);
  const Model f(net, Vec<S>(random_matrix<S>(net.param_size(), 1, 1) / S(4)));
  const Vec<S> x = random_matrix<S>(40, 1, 2);
  using Net = std::decay_t<decltype(net)>;
  const auto cut = detail::Cuts<Net>::narrowest(net);
  REQUIRE(cut);
  REQUIRE(detail::jacobian_is_product(cut->rows, 40, 40));
  typename Net::Cache c;
  Mat<S> y(40, 1), D(40, cut->rows), Et = D, J(40, 40), general = J;
  net.forward(f.theta, x, y, c);
  const Mat<S> unit = Mat<S>::Identity(cut->rows, cut->rows);
  detail::Cuts<Net>::jvp_behind(*cut, net, f.theta, x, y, c, unit, D);
  detail::Cuts<Net>::vjp_before(*cut, net, f.theta, x, y, c, unit, Et);
  gemm<S, GemmOp::plain, GemmOp::transposed>(D, Et, J);
  net.jvp(f.theta, x, y, c, Mat<S>::Identity(40, 40), general);
  require_special("jacobian", jacobian(f, x), J, general);
  CHECK_FALSE(detail::jacobian_is_product(21, 40, 40));
}
