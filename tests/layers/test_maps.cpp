// The pointwise maps: values, derivatives, ranges and minimum norm inverses.
#include <algorithm>    // std::max, std::min
#include <array>        // std::array
#include <cmath>        // std::abs, std::cbrt, ...
#include <iomanip>      // std::setprecision
#include <limits>       // std::numeric_limits
#include <stdexcept>    // std::domain_error
#include <string>       // std::string
#include <type_traits>  // std::is_same_v
#include <vector>       // std::vector

#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/maps.hpp"

using namespace basin;

namespace {

template <class S>
constexpr S eps = std::numeric_limits<S>::epsilon();
template <class S>
constexpr S smallest = std::numeric_limits<S>::denorm_min();
template <class S>
constexpr S largest = std::numeric_limits<S>::max();
constexpr double inf = std::numeric_limits<double>::infinity();

/// Whether phi(x), or 10 x in Ripple, overflows.
template <class Phi, class S>
bool too_large(S x) {
  if (std::is_same_v<Phi, ExpNeg>) return x < (std::is_same_v<S, float> ? S(-80) : S(-700));
  if (std::is_same_v<Phi, LeakyRelu>) return x < -largest<S> / 4;
  if (std::is_same_v<Phi, Selu>) return x > largest<S> / 4;
  return std::is_same_v<Phi, Ripple> && std::abs(x) > largest<S> / 16;
}

/// -20, ..., 20 in steps of 1/32, half a step away from every kink of the maps above (but that at -0.1).
template <class S>
std::vector<S> grid() {
  std::vector<S> x;
  for (int k = -640; k < 640; ++k) x.push_back((static_cast<S>(k) + S(0.5)) / S(32));
  return x;
}

/// From denormals to the largest number, both signs.
template <class S>
std::vector<S> extremes() {
  std::vector<S> x;
  for (const S s : {S(-1), S(1)})
    for (const S a :
         {smallest<S>, S(8) * smallest<S>, std::numeric_limits<S>::min(), eps<S>, S(30), S(80), S(88), S(104),
          S(700), S(745), S(1e4), S(1e8), S(1e16), std::sqrt(largest<S>), largest<S>})
      x.push_back(s * a);
  return x;
}

template <class Phi>
std::string label(const Phi& phi) {
  return text(Phi::name, " on ", phi.range());
}

}  // namespace

static_assert(PointwiseMap<Tanh> && PointwiseMap<Tanh, float> && InvertibleMap<Silu> &&
              InvertibleMap<Silu, float>);
static_assert(!PointwiseMap<int> && !PointwiseMap<MapRange>);

namespace {

constexpr std::array<double, 13> pin_x = {-30,       -8,    -3.25, -1,  -0.625, -0.0078125, 0,
                                          0.0078125, 0.375, 1,     2.5, 8,      30};

template <class Phi>
void check_pins(const Phi& phi, const std::array<double, 13>& values, const std::array<double, 13>& slopes) {
  INFO(label(phi));
  for (std::size_t i = 0; i < pin_x.size(); ++i) {
    const double x = pin_x[i], y = phi(x), slope = phi.derivative(x, y);
    INFO("x = " << x << ", y = " << y << ", slope = " << slope);
    CHECK(std::abs(y - values[i]) <= 1e-14 * (1 + std::abs(values[i])));
    CHECK(std::abs(y - values[i]) <= 4 * eps<double> * (1 + x * x) * std::abs(values[i]) + smallest<double>);
    CHECK(std::abs(slope - slopes[i]) <= 1e-14 * (1 + std::abs(slopes[i])));
  }
}

}  // namespace

// PyTorch's formulas in 50 digits. PyTorch 1.13 itself differs from these numbers by at most 2e-15 (1 +
// |number|), but for its softplus beyond beta x = 20, where it returns x.
TEST_CASE("values and derivatives are those of PyTorch", "[layers]") {
  check_pins(Elu{},
             {-0.9999999999999064, -0.9996645373720975, -0.961225792168278, -0.6321205588285577,
              -0.4647385714810098, -0.007782061739756488, 0., 0.0078125, 0.375, 1., 2.5, 8., 30.},
             {9.357622968840175e-14, 0.00033546262790251185, 0.03877420783172201, 0.36787944117144233,
              0.5352614285189903, 0.9922179382602435, 1., 1., 1., 1., 1., 1., 1.});
  check_pins(Elu{.alpha = 1.5},
             {-1.4999999999998597, -1.4994968060581462, -1.441838688252417, -0.9481808382428365,
              -0.6971078572215146, -0.011673092609634731, 0., 0.0078125, 0.375, 1., 2.5, 8., 30.},
             {1.4036434453260263e-13, 0.0005031939418537678, 0.05816131174758302, 0.5518191617571635,
              0.8028921427784854, 1.4883269073903653, 1.5, 1., 1., 1., 1., 1., 1.});
  check_pins(
      Selu{},
      {-1.7580993408472123, -1.7575095642223826, -1.689930431616547, -1.1113307378125628, -0.8170565761871148,
       -0.013681637615099471, 0., 0.008208601463714691, 0.39401287025830517, 1.0507009873554805,
       2.6267524683887014, 8.405607898843844, 31.521029620664414},
      {1.6451630773416185e-13, 0.0005897766249943349, 0.06816890923082966, 0.6467686030348141,
       0.941042764660262, 1.7444177032322774, 1.7580993408473768, 1.0507009873554805, 1.0507009873554805,
       1.0507009873554805, 1.0507009873554805, 1.0507009873554805, 1.0507009873554805});
  check_pins(Sigmoid{},
             {9.357622968839299e-14, 0.0003353501304664781, 0.03732688734412946, 0.2689414213699951,
              0.34864513533394575, 0.4980468849340468, 0.5, 0.5019531150659532, 0.5926665999540698,
              0.7310585786300049, 0.9241418199787564, 0.9996646498695335, 0.9999999999999064},
             {9.357622968838423e-14, 0.00033523767075647424, 0.03593359082532813, 0.19661193324148185,
              0.2270917049419204, 0.24999618534153914, 0.25, 0.24999618534153914, 0.2414129012529524,
              0.19661193324148185, 0.07010371654510816, 0.00033523767075647424, 9.357622968838423e-14});
  check_pins(Tanh{},
             {-1., -0.9999997749296758, -0.996997635486526, -0.7615941559557649, -0.5545997223493823,
              -0.007812341058161014, 0., 0.007812341058161014, 0.35835739835078595, 0.7615941559557649,
              0.9866142981514303, 0.9999997749296758, 1.},
             {3.502604305078608e-26, 4.5014059756372915e-7, 0.0059957148342761986, 0.4199743416140261,
              0.692419147969988, 0.999938967327191, 1., 0.999938967327191, 0.8715799750472562,
              0.4199743416140261, 0.02659222668316062, 4.5014059756372915e-7, 3.502604305078608e-26});
  check_pins(
      Softplus{},
      {9.357622968839737e-14, 0.00033540637289576885, 0.038041371687783126, 0.3132616875182228,
       0.42870067827651864, 0.6892485599350741, 0.6931471805599453, 0.6970610599350741, 0.89812326413984,
       1.3132616875182228, 2.5788897342925496, 8.000335406372896, 30.000000000000092},
      {9.357622968839299e-14, 0.0003353501304664781, 0.03732688734412946, 0.2689414213699951,
       0.34864513533394575, 0.4980468849340468, 0.5, 0.5019531150659532, 0.5926665999540698,
       0.7310585786300049, 0.9241418199787564, 0.9996646498695335, 0.9999999999999064});
  check_pins(Softplus{.beta = 3},
             {2.731337541330172e-40, 1.2583781814026132e-11, 1.94309882209966e-5, 0.01619578385791402,
              0.04755835253520051, 0.22716569784639243, 0.23104906018664845, 0.23497819784639243,
              0.4687167120827716, 1.016195783857914, 2.500184310491787, 8.000000000012584, 30.},
             {8.194012623990515e-40, 3.7751345441365816e-11, 5.8291265661138644e-5, 0.04742587317756678,
              0.13296424019782926, 0.4941408932061685, 0.5, 0.5058591067938315, 0.7549149868676283,
              0.9525741268224333, 0.9994472213630764, 0.9999999999622486, 1.});
  check_pins(Gelu{},
             {-1.472014178144456e-196, -4.976768459417427e-15, -0.0018753313877699928, -0.15865525393145705,
              -0.16624095565543784, -0.0038819007432746673, 0., 0.003930599256725333, 0.24231366250227143,
              0.8413447460685429, 2.4844758366855597, 7.999999999999995, 30.},
             {-4.416031690708495e-195, -3.979607261086796e-14, -0.006017381143833479, -0.0833154705876863,
              0.06088492370471613, 0.49376665368732153, 0.5, 0.5062333463126785, 0.7856154268738872,
              1.0833154705876864, 1.037611085908145, 1.0000000000000397, 1.});
  check_pins(GeluTanh{},
             {0., -3.107782937501117e-21, -0.001568627144747469, -0.1588080093917233, -0.16627885004239948,
              -0.0038819007445005977, 0., 0.003930599255499402, 0.2423077668915116, 0.8411919906082767,
              2.484915733910001, 8., 30.},
             {0., -4.71478450410685e-20, -0.005564345644144169, -0.08296408384578255, 0.06109196261329477,
              0.4937666543149846, 0.5, 0.5062333456850153, 0.7855556920479994, 1.0829640838457826,
              1.037951576212666, 1., 1.});
  check_pins(Silu{},
             {-2.8072868906517896e-12, -0.002682801043731825, -0.12131238386842075, -0.2689414213699951,
              -0.2179032095837161, -0.0038909912885472407, 0., 0.003921508711452759, 0.22224997498277616,
              0.7310585786300049, 2.310354549946891, 7.997317198956268, 29.999999999997193},
             {-2.713710660963134e-12, -0.0023465512355853157, -0.07945728283818695, 0.07232948812851327,
              0.2067128197452455, 0.49609378973606605, 0.5, 0.5039062102639339, 0.6831964379239269,
              0.9276705118714867, 1.0994011113415267, 1.0023465512355854, 1.0000000000027136});
  check_pins(Silu{.beta = 2.5},
             {-8.035910885424234e-32, -1.648922894552163e-8, -0.0009618606189175002, -0.07585818002124355,
              -0.10830512870582912, -0.003868104239957095, 0., 0.003944395760042905, 0.2694728972140711,
              0.9241418199787564, 2.4951831633416814, 7.999999983510771, 30.},
             {-1.9821913517379776e-31, -3.9161918660646786e-8, -0.0021079827600497315, -0.09940111134152683,
              -0.05055461221930137, 0.4902349958461911, 0.5, 0.5097650041538089, 0.9081723533863985,
              1.0994011113415267, 1.0100921550670763, 1.0000000391619186, 1.});
  check_pins(Mish{},
             {-2.807286890651921e-12, -0.0026832508825465375, -0.12357485345218235, -0.3034014613741089,
              -0.25264679684765073, -0.0046679612914594755, 0., 0.004707023449729735, 0.2682685597143539,
              0.8650983882673103, 2.471392304557881, 7.999998200644843, 30.},
             {-2.713710660963392e-12, -0.0023473943816052943, -0.08311396454279738, 0.05921675587739495,
              0.22193832109434988, 0.5949971577879062, 0.6, 0.6049969828231888, 0.8238913560968064,
              1.0490362200997922, 1.0411295301313532, 1.000003372583688, 1.});
  check_pins(Softsign{},
             {-0.967741935483871, -0.8888888888888888, -0.7647058823529411, -0.5, -0.38461538461538464,
              -0.007751937984496124, 0., 0.007751937984496124, 0.2727272727272727, 0.5, 0.7142857142857143,
              0.8888888888888888, 0.967741935483871},
             {0.001040582726326743, 0.012345679012345678, 0.05536332179930796, 0.25, 0.378698224852071,
              0.9845562165735232, 1., 0.9845562165735232, 0.5289256198347108, 0.25, 0.08163265306122448,
              0.012345679012345678, 0.001040582726326743});
  check_pins(Sin{},
             {0.9880316240928618, -0.9893582466233818, 0.10819513453010837, -0.8414709848078965,
              -0.5850972729404622, -0.0078124205273828315, 0., 0.0078124205273828315, 0.36627252908604757,
              0.8414709848078965, 0.5984721441039565, 0.9893582466233818, -0.9880316240928618},
             {0.15425144988758405, -0.14550003380861354, -0.9941296760805463, 0.5403023058681398,
              0.8109631195052179, 0.9999694825770951, 1., 0.9999694825770951, 0.9305076219123143,
              0.5403023058681398, -0.8011436155469337, -0.14550003380861354, 0.15425144988758405});
  check_pins(Cosid{},
             {30.154251449887585, 7.854499966191386, 2.2558703239194537, 1.5403023058681398,
              1.4359631195052178, 1.007781982577095, 1., 0.9921569825770951, 0.5555076219123143,
              -0.4596976941318603, -3.3011436155469336, -8.145500033808613, -29.845748550112415},
             {-1.9880316240928617, -0.010641753376618223, -1.1081951345301084, -0.1585290151921035,
              -0.41490272705953785, -0.9921875794726172, -1., -1.0078124205273828, -1.3662725290860476,
              -1.8414709848078965, -1.5984721441039564, -1.9893582466233817, -0.01196837590713821});
  check_pins(Ripple{},
             {-29.80004883201977, -7.801222269215325, -3.4267740847091663, -0.891195777822126,
              -0.6183641566904886, -0.02342161027799346, 0., 0.02342161027799346, 0.26068773625153124,
              0.891195777822126, 2.4735296499804456, 7.801222269215325, 29.80004883201977},
             {0.9558067614426321, 0.7792255123219048, 1.9354636804941472, -0.6781430581529049,
              2.998898836448999, 2.993899588152057, 3., 2.993899588152057, -0.6411187146791214,
              -0.6781430581529049, 2.9824056237269474, 0.7792255123219048, 0.9558067614426321});
  check_pins(ExpNeg{},
             {10686474581524.463, 2980.9579870417283, 25.790339917193062, 2.718281828459045,
              1.8682459574322223, 1.007843097206448, 1., 0.9922179382602435, 0.6872892787909722,
              0.36787944117144233, 0.0820849986238988, 0.00033546262790251185, 9.357622968840175e-14},
             {-10686474581524.463, -2980.9579870417283, -25.790339917193062, -2.718281828459045,
              -1.8682459574322223, -1.007843097206448, -1., -0.9922179382602435, -0.6872892787909722,
              -0.36787944117144233, -0.0820849986238988, -0.00033546262790251185, -9.357622968840175e-14});
}

TEST_CASE("piecewise linear maps have the values and PyTorch's derivatives at their kinks", "[layers]") {
  const double x[] = {-2, -1, -0.25, 0, 0.5, 1, 2, 3};
  for (const double v : x) {
    CHECK(Identity{}(v) == v);
    CHECK(Relu{}(v) == std::max(v, 0.));
    CHECK(LeakyRelu{}(v) == (v > 0 ? v : 0.01 * v));
    CHECK(LeakyRelu{.slope = 3}(v) == (v > 0 ? v : 3 * v));
    CHECK(Hardtanh{}(v) == std::min(std::max(v, -1.), 1.));
    CHECK(Hardtanh{.lo = -0.25, .hi = 2}(v) == std::min(std::max(v, -0.25), 2.));
    CHECK(Identity{}.derivative(v, v) == 1);
    CHECK(Relu{}.derivative(v, Relu{}(v)) == (v > 0 ? 1 : 0));
    CHECK(LeakyRelu{.slope = 0.2}.derivative(v, 0.) == (v > 0 ? 1 : 0.2));
    CHECK(Hardtanh{}.derivative(v, 0.) == (v > -1 && v < 1 ? 1 : 0));
    CHECK(Hardtanh{.lo = -0.25, .hi = 2}.derivative(v, 0.) == (v > -0.25 && v < 2 ? 1 : 0));
  }
  CHECK(LeakyRelu{}.derivative(0., 0.) == 0.01);
  CHECK(Hardtanh{}.derivative(1.f, 1.f) == 0.f);
  CHECK(Hardtanh{.lo = -0.1}.derivative(-0.1f, -0.1f) == 0.f);  // the end as a float
  CHECK(Elu{.alpha = 1.5}.derivative(0., 0.) == 1.5);
  CHECK(Selu{}.derivative(0., 0.) == Selu::scale * Selu::alpha);
}

TEST_CASE("derivatives agree with central differences", "[layers]") {
  const double h = std::cbrt(eps<double>);
  std::vector<double> x = grid<double>();
  for (const double far : {50., 300., 700., 1e4}) x.insert(x.end(), {-far, far});
  double largest_slope = 0;
  for_each_map([&](const auto& phi) {
    INFO(label(phi));
    for (const double v : x) {
      if (too_large<std::decay_t<decltype(phi)>>(v - h)) continue;
      INFO("x = " << v);
      const double y = phi(v), slope = phi.derivative(v, y);
      const double difference = (phi(v + h) - phi(v - h)) / ((v + h) - (v - h));
      // h^2 |phi'''| / 6 and the rounding of phi
      const double tol =
          50 * h * h * (1 + std::abs(slope)) + 4 * eps<double> * (std::abs(y) + std::abs(v)) / h;
      if (!(std::abs(slope - difference) <= tol))
        FAIL_CHECK("derivative " << slope << ", difference " << difference);
      largest_slope = std::max(largest_slope, std::abs(slope));
    }
  });
  CHECK(largest_slope > 1e8);  // exp(-x): the comparison saw more than zeros
}

TEST_CASE("float agrees with double", "[layers]") {
  for_each_map([&](const auto& phi) {
    INFO(label(phi));
    int compared = 0;
    for (const float x : grid<float>()) {
      INFO("x = " << x);
      const double v = x, y = phi(v), slope = phi.derivative(v, y), h = 1e-4;
      const double curvature =
          std::abs(phi.derivative(v + h, phi(v + h)) - phi.derivative(v - h, phi(v - h))) / (2 * h);
      const float y_float = phi(x);
      const double value_tol = 4 * eps<float> * (std::abs(y) + std::abs(v * slope)) + 32 * smallest<float>;
      const double slope_tol = 4 * eps<float> * (1 + std::abs(slope) + std::abs(v) * curvature);
      if (!(std::abs(y_float - y) <= value_tol)) FAIL_CHECK("float " << y_float << ", double " << y);
      const float slope_float = phi.derivative(x, y_float);
      if (!(std::abs(slope_float - slope) <= slope_tol))
        FAIL_CHECK("slope " << slope_float << ", double " << slope);
      ++compared;
    }
    CHECK(compared == 1280);
  });
}

TEMPLATE_TEST_CASE("values lie in the range and come near its ends", "[layers]", float, double) {
  using S = TestType;
  for_each_map([](const auto& phi) {
    INFO(label(phi));
    const MapRange range = phi.range();
    const S lo = static_cast<S>(range.lo), hi = static_cast<S>(range.hi);
    S least = phi(S(0)), most = least;
    const auto visit = [&](S x) {
      if (too_large<std::decay_t<decltype(phi)>>(x)) return;
      const S y = phi(x);
      if (!(y >= lo && y <= hi)) FAIL_CHECK("phi(" << x << ") = " << y);
      // farther out, y may round to an open end
      if (std::abs(x) <= 8 && !range.contains(y)) FAIL_CHECK("phi(" << x << ") = " << y);
      least = std::min(least, y);
      most = std::max(most, y);
    };
    for (int k = -80000; k <= 80000; ++k) visit(static_cast<S>(k) / S(10007));
    for (const S x : extremes<S>()) visit(x);
    const auto reached = [](S y, double end) {
      return std::isinf(end) ? std::abs(y) > S(1e15) : std::abs(y - end) < 1e-6;
    };
    CHECK(reached(least, range.lo));
    CHECK(reached(most, range.hi));
    if (range.lo_attained) CHECK(std::abs(least - lo) <= S(1e-8));
    if (range.hi_attained) CHECK(std::abs(most - hi) <= S(1e-8));
  });
}

TEST_CASE("a range knows which ends it has", "[layers]") {
  CHECK(Relu{}.range().contains(0.));
  CHECK(!Relu{}.range().contains(-smallest<double>));
  CHECK(Sin{}.range().contains(-1.f));
  CHECK(!Sin{}.range().contains(std::nextafter(1.f, 2.f)));
  CHECK(!Tanh{}.range().contains(1.));
  CHECK(Tanh{}.range().contains(std::nextafter(1., 0.)));
  CHECK(!Identity{}.range().contains(inf));
  CHECK(!Identity{}.range().contains(std::nan("")));
  CHECK(!LeakyRelu{.slope = 0}.range().contains(-1.));
  CHECK(LeakyRelu{.slope = 1e-9}.range().contains(-1.));
  CHECK(text(Relu{}.range(), Tanh{}.range(), Hardtanh{.hi = 2}.range()) == "[0, inf)(-1, 1)[-1, 2]");
}

namespace {

/// Whether phi(x) = y up to the rounding of x and of phi.
template <class Phi, class S>
bool solves(const Phi& phi, S x, S y) {
  const S found = phi(x);
  S slope = phi.derivative(x, found);
  if constexpr (std::is_same_v<Phi, HardSigmoid>)
    slope = static_cast<S>(phi.slope);  // next to its kinks, too
  return std::abs(found - y) <= 4 * eps<S> * (std::abs(y) + std::abs(x * slope)) + 4 * smallest<S>;
}

/// Whether no t with |t| < 0.98 |x| has phi(t) = y: phi - y keeps one sign there, seen at many t. (Nearer to
/// x, the rounding of a flat phi decides.)
template <class Phi, class S>
bool is_nearest(const Phi& phi, S x, S y) {
  constexpr int steps = 500;
  const S at_zero = phi(S(0)) - y;
  for (int k = 1; k < steps * 98 / 100; ++k) {
    const S t = x * static_cast<S>(k) / steps;
    if ((phi(t) - y) * at_zero <= 0 || (phi(-t) - y) * at_zero <= 0) return false;
  }
  return true;
}

}  // namespace

TEMPLATE_TEST_CASE("the inverse is the pre-image of minimum absolute value", "[layers]", float, double) {
  using S = TestType;
  for_each_map([](const auto& phi) {
    INFO(label(phi));
    int scanned = 0;
    for (int k = -400; k <= 400; ++k) {
      const S from = static_cast<S>(k) * S(0.0173);
      const S y = phi(from);
      if (!phi.range().contains(y)) continue;
      INFO("from = " << from << ", y = " << y);
      const S x = phi.inverse(y);
      if (!solves(phi, x, y)) FAIL_CHECK("phi(" << x << ") = " << phi(x));
      // from is a pre-image too, within the rounding of y, which matters where phi is flat
      const S slope = std::abs(phi.derivative(from, y));
      const S slack = 8 * eps<S> * (std::abs(y) + std::abs(from)) / slope;
      if (slope > S(0.01) && std::abs(x) > std::abs(from) + slack) FAIL_CHECK("found " << x);
      if (std::abs(x) > S(1e-3)) {
        ++scanned;
        if (!is_nearest(phi, x, y)) FAIL_CHECK("a pre-image is nearer than " << x);
      }
    }
    CHECK(scanned > (std::is_same_v<std::decay_t<decltype(phi)>, Hardtanh> ? 50 : 350));
  });
}

TEMPLATE_TEST_CASE("the inverse holds at every scale and at the ends of the range", "[layers]", float,
                   double) {
  using S = TestType;
  for_each_map([](const auto& phi) {
    using Phi = std::decay_t<decltype(phi)>;
    INFO(label(phi));
    const MapRange range = phi.range();
    std::vector<S> ys = extremes<S>();
    for (const S end : {static_cast<S>(range.lo), static_cast<S>(range.hi)})
      for (const S other : {S(0), S(1)}) {
        ys.push_back(end);
        ys.push_back(std::nextafter(end, other));
        ys.push_back(end + (other - end) * S(1e-4));
      }
    int solved = 0;
    for (const S y : ys) {
      if (!range.contains(y)) continue;
      INFO("y = " << y);
      const S x = phi.inverse(y);
      if (!std::isfinite(x)) {  // y / slope is too large for S
        CHECK((std::is_same_v<Phi, LeakyRelu> && std::abs(y) > S(0.001) * largest<S>));
        continue;
      }
      if (too_large<Phi>(x)) continue;
      if (!solves(phi, x, y)) FAIL_CHECK("phi(" << x << ") = " << phi(x));
      ++solved;
    }
    CHECK(solved >= 6);
  });
}

TEST_CASE("known inverses", "[layers]") {
  const double pi = std::acos(-1.);
  CHECK(Relu{}.inverse(0.) == 0);
  CHECK(LeakyRelu{.slope = 0.25}.inverse(-1.) == -4);
  CHECK(Hardtanh{}.inverse(-1.) == -1);
  CHECK(Hardtanh{}.inverse(1.) == 1);
  CHECK(Hardtanh{.lo = 0.5, .hi = 2}.inverse(0.5) == 0);  // all of (-inf, 1/2] is mapped to 1/2
  CHECK(Hardtanh{.lo = -3, .hi = -1}.inverse(-1.) == 0);
  CHECK(Sin{}.inverse(1.) == std::asin(1.));
  CHECK(std::abs(Gelu{}.inverse(Gelu::minimum.y) + 0.7517915246935645) < 1e-15);
  CHECK(std::abs(Silu{.beta = 2}.inverse(-0.2784645427610738 / 2) + 1.2784645427610738 / 2) < 1e-15);
  CHECK(std::abs(Cosid{}.inverse(0.) - 0.7390851332151607) < 2e-16);  // cos x = x
  CHECK(std::abs(Cosid{}.inverse(pi / 2) + pi / 2) < 2e-5);           // where phi' = 0
  CHECK(std::abs(Sigmoid{}.inverse(0.25) + std::log(3.)) < 4e-16);
  CHECK(Softplus{}.inverse(1e4) == 1e4);
  CHECK(std::abs(Softplus{.beta = 2}.inverse(std::log(2.) / 2)) < 1e-15);
}

TEST_CASE("the inverse of x + sin(10 x) / 5 changes branch at each local maximum", "[layers]") {
  const Ripple phi;
  const double pi = std::acos(-1.);
  for (const int k : {0, 1, 2, 7, 1000}) {
    INFO("k = " << k);
    const double top = (2 * pi / 3 + 2 * pi * k) / 10, height = top + std::sqrt(3.) / 10;
    const double below = phi.inverse(height - 1e-9), above = phi.inverse(height + 1e-9);
    CHECK(below < top);
    CHECK(top - below < 1e-3);
    CHECK(above > top + 0.2);  // over the valley that follows
    CHECK(above < top + 2 * pi / 10);
    CHECK(phi.inverse(-height - 1e-9) == -above);
    if (k < 10) CHECK(is_nearest(phi, above, height + 1e-9));
  }
}

TEMPLATE_TEST_CASE("extreme inputs give finite values and derivatives with the right limits", "[layers]",
                   float, double) {
  using S = TestType;
  for_each_map([](const auto& phi) {
    using Phi = std::decay_t<decltype(phi)>;
    INFO(label(phi));
    const S at_zero = phi(S(0));
    for (const S x : extremes<S>()) {
      if (too_large<Phi>(x)) continue;
      INFO("x = " << x);
      const S y = phi(x), slope = phi.derivative(x, y);
      CHECK(std::isfinite(y));
      CHECK(std::isfinite(slope));
      if (std::abs(x) > S(1e-30)) continue;
      const S near = std::copysign(eps<S>, x);
      CHECK(std::abs(y - at_zero) <= 3 * std::abs(x));
      CHECK(std::abs(slope - phi.derivative(near, phi(near))) <= 8 * eps<S>);
    }
    const S nan = std::numeric_limits<S>::quiet_NaN();
    CHECK(std::isnan(phi(nan)));
  });
  for (const S far : {S(200), S(700), S(1e4), std::sqrt(largest<S>), largest<S>}) {
    INFO("|x| = " << far);
    const auto check = [&](const auto& phi, S left, S left_slope, S right, S right_slope) {
      if (too_large<std::decay_t<decltype(phi)>>(far)) return;
      INFO(label(phi));
      const S y[] = {phi(-far), phi(far)};
      CHECK(std::abs(y[0] - left) <= S(1e-30));
      CHECK(std::abs(phi.derivative(-far, y[0]) - left_slope) <= S(1e-30));
      CHECK(y[1] == right);
      CHECK(std::abs(phi.derivative(far, y[1]) - right_slope) <= S(1e-30));
    };
    check(Sigmoid{}, 0, 0, 1, 0);
    check(Tanh{}, -1, 0, 1, 0);
    check(Softplus{}, 0, 0, far, 1);
    check(Elu{.alpha = 2}, -2, 0, far, 1);
    check(Selu{}, -static_cast<S>(Selu::scale * Selu::alpha), 0, static_cast<S>(Selu::scale) * far,
          static_cast<S>(Selu::scale));
    check(Gelu{}, 0, 0, far, 1);
    check(GeluTanh{}, 0, 0, far, 1);
    check(Silu{}, 0, 0, far, 1);
    check(Silu{.beta = 2.5}, 0, 0, far, 1);
    check(Mish{}, 0, 0, far, 1);
  }
}

TEST_CASE("small values far left keep their relative accuracy", "[layers]") {
  const auto check = [](double found, double expected) { CHECK(std::abs(found / expected - 1) < 1e-12); };
  check(Sigmoid{}(-700.), std::exp(-700.));
  check(Softplus{}(-700.), std::exp(-700.));
  check(Softplus{}.derivative(-700., std::exp(-700.)), std::exp(-700.));
  check(Silu{}(-700.), -700 * std::exp(-700.));
  check(Silu{}.derivative(-700., 0.), -699 * std::exp(-700.));
  check(Mish{}(-700.), -700 * std::exp(-700.));
  check(Mish{}.derivative(-700., 0.), -699 * std::exp(-700.));
  check(Gelu{}(-30.), -1.4720141781444562e-196);
}

TEST_CASE("a value outside the range is an error that names map, value and range", "[layers]") {
  const auto check = [](const auto& phi, double y, const std::string& value) {
    CHECK_THROWS_AS(phi.inverse(y), std::domain_error);
    const std::string message = error_of([&] { (void)phi.inverse(y); });
    INFO(message);
    CHECK(contains(message, std::string(phi.name) + ":"));
    CHECK(contains(message, value));
    CHECK(contains(message, text("outside its range ", std::setprecision(17), phi.range())));
  };
  check(Relu{}, -0.5, "-0.5");
  check(LeakyRelu{.slope = 0}, -0.5, "-0.5");
  check(Hardtanh{}, std::nextafter(1., 2.), "1.0000000000000002");
  check(Softsign{}, 1, "y = 1,");
  check(Sigmoid{}, 0, "y = 0,");
  check(Sigmoid{}, 1, "y = 1,");
  check(Tanh{}, -1, "y = -1,");
  check(Softplus{}, 0, "y = 0,");
  check(Elu{.alpha = 0.5}, -0.5, "-0.5");
  check(Selu{}, -1.76, "-1.76");
  check(ExpNeg{}, 0, "y = 0,");
  check(Gelu{}, -0.17, "-0.17");
  check(GeluTanh{}, -0.18, "-0.17");
  check(Silu{.beta = 10}, -0.03, "-0.029");
  check(Mish{}, -0.31, "-0.31");
  check(Sin{}, 1.5, "1.5");
  for_each_map([](const auto& phi) { CHECK_THROWS_AS(phi.inverse(std::nan("")), std::domain_error); });
  for_each_map([](const auto& phi) { CHECK_THROWS_AS(phi.inverse(inf), std::domain_error); });
}

TEST_CASE("solve_monotone finds roots at any scale, rising or falling, flat or steep", "[layers]") {
  const auto solve = [](const auto& f, double y, double lo, double hi) {
    return detail::solve_monotone(f, y, lo, hi);
  };
  CHECK(std::abs(solve([](double x) { return x * x * x; }, 0, -1, 2)) < 1e-107);  // whose cube is 0
  CHECK(solve([](double x) { return 2 * x; }, -6e-310, -1, 1) == -3e-310);
  CHECK(solve([](double x) { return -x; }, 5, 0, -largest<double>) == -5);
  CHECK(solve([](double x) { return x < 0.3 ? 0. : 1.; }, 0.7, -1, 1) == 0.3);
  CHECK(solve([](double x) { return x; }, 2, -1, 1) == 1);  // nothing nearer in between
  for (const double x :
       {-largest<double>, -1., -smallest<double>, 0., smallest<double>, 1e-300, 0.1, largest<double>}) {
    CHECK(detail::at_order(detail::order_of(x)) == x);
    if (x < largest<double>) CHECK(detail::at_order(detail::order_of(x) + 1) == std::nextafter(x, inf));
  }
}
