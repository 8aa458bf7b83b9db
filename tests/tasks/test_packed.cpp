// Values come back from their bytes bit for bit; bytes that are not those of a value are refused.
#include <array>
#include <complex>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "basin/tasks/packed.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/random_matrix.hpp"

using namespace basin;

namespace {

enum class Ending { stays, leaves };
struct Inner {
  Ending fate = Ending::leaves;
  std::vector<bool> flags{true, false, true};
  double x = -0.;
};
struct Single {
  float x = 3;
};
struct Whole {
  Mat<double> X;
  Vec<float> v;
  std::string words;
  Inner inner;
  std::vector<Inner> more;
  std::map<std::string, std::pair<int, double>> by_name;
  std::optional<double> none, some = 2.5;
  std::array<Single, 2> two;
  std::vector<std::vector<Mat<float>>> deep;
  std::tuple<int, char, bool> three{1, 'c', true};
  Eigen::VectorXcd spectrum;
  Eigen::Array<float, 3, 1> fixed;
  std::complex<float> z{1, -2};
  Index n = Index(1) << 40;
};

Whole example() {
  Whole w;
  w.X = Vec<double>::LinSpaced(6, -1, 1).reshaped(3, 2);
  w.X(0, 0) = std::numeric_limits<double>::quiet_NaN();
  w.X(1, 1) = std::numeric_limits<double>::infinity();
  w.v = Vec<float>::LinSpaced(4, 0, 1);
  w.words = std::string("a\0b", 3);
  w.more.resize(2);
  w.by_name = {{"a", {1, 0.1}}, {"b", {-2, 1e300}}};
  w.deep = {{}, {Mat<float>::Ones(2, 0), Mat<float>::Constant(1, 1, 7)}};
  w.spectrum = Eigen::VectorXcd::Constant(2, {0.25, -4});
  w.fixed << 1, 2, 3;
  return w;
}

/// A class that says itself how it is packed.
class Own {
 public:
  explicit Own(int n = 0) : n_(n) {}
  int n() const { return n_; }

 private:
  int n_;
};

}  // namespace

template <>
struct basin::Packing<Own> {
  static void pack(Packer& to, const Own& o) { to(o.n()); }
  static void unpack(Unpacker& from, Own& o) { o = Own(from.get<int>()); }
};

TEST_CASE("a value of many types comes back bit for bit", "[tasks]") {
  const Whole w = example();
  const Bytes bytes = packed(w);
  const Whole back = unpacked<Whole>(bytes);
  CHECK(packed(back) == bytes);
  CHECK(back.words == w.words);
  CHECK(std::isnan(back.X(0, 0)));
  CHECK(back.X.rightCols(1) == w.X.rightCols(1));
  CHECK(back.v == w.v);
  CHECK(back.inner.fate == Ending::leaves);
  CHECK(back.inner.flags == w.inner.flags);
  CHECK(std::signbit(back.inner.x));
  CHECK(back.by_name == w.by_name);
  CHECK_FALSE(back.none.has_value());
  CHECK(back.some == 2.5);
  CHECK(back.deep[1][0].rows() == 2);
  CHECK(back.deep[1][1](0, 0) == 7);
  CHECK(back.three == w.three);
  CHECK(back.spectrum == w.spectrum);
  CHECK(back.z == w.z);
  CHECK(back.n == w.n);
  CHECK(unpacked<std::vector<Own>>(packed(std::vector<Own>{Own(4), Own(-1)}))[1].n() == -1);
}

TEST_CASE("the bytes of a value are those that are documented", "[tasks]") {
  CHECK(packed(std::uint16_t{0x1234}) == Bytes{0x34, 0x12});
  CHECK(packed(true) == Bytes{1});
  CHECK(packed(1.) == Bytes{0, 0, 0, 0, 0, 0, 0xf0, 0x3f});
  CHECK(packed(std::string("ab")) == Bytes{2, 0, 0, 0, 0, 0, 0, 0, 'a', 'b'});
  CHECK(packed(Single{}) == packed(3.f));
}

TEST_CASE("members of an aggregate are counted, aggregates within it once", "[tasks]") {
  STATIC_REQUIRE(detail::member_count<Single>() == 1);
  STATIC_REQUIRE(detail::member_count<Inner>() == 3);
  STATIC_REQUIRE(detail::member_count<Whole>() == 15);
}

TEST_CASE("bytes that end early, go on or make no sense are refused", "[tasks]") {
  const Bytes bytes = packed(example());
  for (std::size_t n = 0; n < bytes.size(); ++n)
    CHECK(contains(error_of([&] { (void)unpacked<Whole>(ByteSpan(bytes).first(n)); }), "unpack: "));
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK(error_of([&] { (void)unpacked<Whole>(longer); }) == "unpack: 1 bytes are left behind the value");
  CHECK(contains(error_of([] { (void)unpacked<bool>(Bytes{2}); }), "0 or 1, got 2 at byte 0"));
  // Sizes that no memory has must not be asked for.
  const Bytes huge(16, 0x7f);
  CHECK(contains(error_of([&] { (void)unpacked<std::vector<double>>(huge); }), "got the last 8 bytes"));
  CHECK(contains(error_of([&] { (void)unpacked<Mat<double>>(huge); }), "unpack: a matrix of"));
  CHECK(contains(error_of([] { (void)unpacked<Eigen::Matrix2d>(packed(Mat<double>::Ones(1, 4).eval())); }),
                 "2 x 2 expected"));
}
