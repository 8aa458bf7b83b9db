#include "basin/io/npy.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

std::string numpy(const std::string& name) { return BASIN_TEST_DATA_DIR "/numpy/" + name; }

template <class S>
bool same_bits(const Vec<S>& a, const Vec<S>& b) {
  if (a.size() != b.size()) return false;
  for (Index i = 0; i < a.size(); ++i)
    if (std::bit_cast<detail::BitsOf<S>>(a[i]) != std::bit_cast<detail::BitsOf<S>>(b[i])) return false;
  return true;
}

/// Numbers whose bits are easily lost.
template <class S>
Vec<S> difficult(Index n) {
  using Limits = std::numeric_limits<S>;
  Vec<S> v(n);
  const S first[] = {S(0.1),       -S(0), Limits::infinity(), Limits::quiet_NaN(), Limits::denorm_min(),
                     Limits::max()};
  for (Index i = 0; i < n; ++i) v[i] = i < 6 ? first[i] : std::sqrt(S(i)) - S(3);
  return v;
}

/// A .npy file of version 1.0 with this dictionary.
Bytes npy(const std::string& dictionary, std::size_t data) {
  Bytes bytes = bytes_of("\x93NUMPY" + std::string("\1\0", 2));
  bytes.push_back(static_cast<unsigned char>(dictionary.size()));
  bytes.push_back(0);
  bytes.insert(bytes.end(), dictionary.begin(), dictionary.end());
  bytes.insert(bytes.end(), data, 0);
  return bytes;
}

}  // namespace

TEMPLATE_TEST_CASE("arrays that NumPy wrote are read in C order whatever their type and order", "[io]", float,
                   double) {
  using S = TestType;
  const Mat<S> f4 = to_matrix(read_npy<S>(numpy("f4_c_3x4.npy")));
  const Mat<S> f8 = to_matrix(read_npy<S>(numpy("f8_f_3x4.npy")));
  REQUIRE((f4.rows() == 3 && f4.cols() == 4 && f8.rows() == 3 && f8.cols() == 4));
  for (Index i = 0; i < 3; ++i)
    for (Index j = 0; j < 4; ++j) {
      CHECK(f4(i, j) == S(float(double(4 * i + j) / 7)));
      CHECK(f8(i, j) == S(double(4 * i + j) / 7));
    }
  const NdArray<S> u1 = read_npy<S>(numpy("u1_2x3x4.npy")), i4 = read_npy<S>(numpy("i4_f_2x3x4.npy"));
  CHECK(u1.shape == std::vector<Index>{2, 3, 4});
  CHECK(i4.shape == std::vector<Index>{2, 3, 4});
  REQUIRE((u1.values.size() == 24 && i4.values.size() == 24));
  for (Index k = 0; k < 24; ++k) {
    CHECK(u1.values[k] == S(10 * k));
    CHECK(i4.values[k] == S(1000 * k - 5));
  }
  const Mat<S> i8 = to_matrix(read_npy<S>(numpy("i8_5.npy")));
  CHECK(i8 == (Mat<S>(5, 1) << S(0), S(-1), S(0x1p40), S(-0x1p53), S(7)).finished());
  const NdArray<S> scalar = read_npy<S>(numpy("f8_0d.npy"));
  CHECK(scalar.shape.empty());
  CHECK(to_matrix(scalar) == Mat<S>::Constant(1, 1, S(2.5)));
  const Mat<S> empty = to_matrix(read_npy<S>(numpy("f8_empty_0x3.npy")));
  CHECK((empty.rows() == 0 && empty.cols() == 3));
  CHECK(read_npy<S>(numpy("f8_version_2.npy")).values == (Vec<S>(2) << S(0.5), S(-0.25)).finished());
}

TEMPLATE_TEST_CASE("every type of number that NumPy wrote is read, in both byte orders", "[io]", float,
                   double) {
  using S = TestType;
  // of each type its smallest and largest numbers, in Fortran order where big-endian
  const auto read = [](const std::string& name) { return to_matrix(read_npy<S>(numpy(name + ".npy"))); };
  for (const char* order : {"le", "be"}) {
    const auto check = [&](const std::string& type, double a, double b, double c, double d) {
      INFO(type << " " << order);
      CHECK(read(type + "_" + order) == (Mat<S>(2, 2) << S(a), S(b), S(c), S(d)).finished());
    };
    check("b1", 1, 0, 0, 1);
    check("i1", -128, 127, 0, 3);
    check("u1", 0, 255, 128, 3);
    check("i2", -32768, 32767, 0, 258);
    check("u2", 0, 65535, 32768, 258);
    check("i4", -0x1p31, 0x1p31 - 1, 0, 16909060);
    check("u4", 0, 0x1p32 - 1, 0x1p31, 16909060);
    check("i8", -0x1p63, 0x1p63, 0, 1108152157446.);
    check("u8", 0, 0x1p64, 0x1p63, 1108152157446.);
    check("f2", -65504, 0x1p-24, 1.5, 0.333251953125);
    check("f4", -0x1.fffffep127, 0x1p-149, 1.5, 0x1.555556p-2);
    check("f8", -0x1p100, 0x1p-100, 1.5, 1. / 3);
  }
}

TEST_CASE("integers beyond 2^53 are rounded to the nearest double, as NumPy does", "[io]") {
  // 2^53 + 1 (a tie, to even), 2^53 + 3, -(2^53 + 1), 2^63 - 1
  CHECK(read_npy<double>(numpy("i8_rounded.npy")).values ==
        (Vec<double>(4) << 0x1p53, 0x1p53 + 4, -0x1p53, 0x1p63).finished());
}

TEST_CASE("headers of version 3.0 and of Python 2 are read", "[io]") {
  const TempDir dir;
  CHECK(read_npy<double>(numpy("f8_version_3.npy")).values == (Vec<double>(2) << 0.5, -0.25).finished());
  const Bytes python2 = npy("{u'descr': u'<f8', u'fortran_order': False, u'shape': (2L,), }\n", 16);
  CHECK(read_npy<double>(write_file(dir / "x", python2)).values == Vec<double>::Zero(2));
}

TEST_CASE("what is written is what NumPy would write, byte for byte", "[io]") {
  const TempDir dir;
  Mat<double> X(3, 4);
  for (Index i = 0; i < 3; ++i)
    for (Index j = 0; j < 4; ++j) X(i, j) = double(4 * i + j) / 7;
  write_npy<double>(dir / "f8", X, ArrayOrder::fortran);
  CHECK(read_plain_bytes(dir / "f8") == read_plain_bytes(numpy("f8_f_3x4.npy")));
  write_npy<float>(dir / "f4", X.cast<float>());
  CHECK(read_plain_bytes(dir / "f4") == read_plain_bytes(numpy("f4_c_3x4.npy")));
  write_npy(dir / "0d", NdArray<double>{{}, Vec<double>::Constant(1, 2.5)});
  CHECK(read_plain_bytes(dir / "0d") == read_plain_bytes(numpy("f8_0d.npy")));
}

TEMPLATE_TEST_CASE("arrays come back bit for bit", "[io]", float, double) {
  using S = TestType;
  const TempDir dir;
  for (const std::vector<Index>& shape :
       std::vector<std::vector<Index>>{{24}, {4, 6}, {2, 3, 4}, {1, 24, 1, 1}}) {
    const NdArray<S> a{shape, difficult<S>(24)};
    write_npy(dir / "a", a);
    const NdArray<S> b = read_npy<S>(dir / "a");
    CHECK(b.shape == shape);
    CHECK(same_bits(a.values, b.values));
  }
  const Mat<S> X = difficult<S>(24).reshaped(4, 6);
  for (const ArrayOrder order : {ArrayOrder::c, ArrayOrder::fortran}) {
    write_npy<S>(dir / "X", X, order);
    const Mat<S> Y = to_matrix(read_npy<S>(dir / "X"));
    REQUIRE((Y.rows() == 4 && Y.cols() == 6));
    CHECK(same_bits<S>(X.reshaped(), Y.reshaped()));
  }
  write_npy<S>(dir / "block", X.block(1, 1, 2, 3));  // with gaps between its columns
  CHECK(to_matrix(read_npy<S>(dir / "block")) == X.block(1, 1, 2, 3));
  CHECK(contains(error_of([&] {
                   write_npy(dir / "a", NdArray<S>{{5, 5}, Vec<S>(24)});
                 }),
                 "write_npy: shape (5, 5) does not fit 24 values"));
  CHECK(contains(error_of([&] { write_npy(dir / "a", NdArray<S>{{-4, -6}, Vec<S>(24)}); }), "negative"));
  CHECK(contains(error_of([&] {
                   (void)to_matrix(NdArray<S>{{2, 3, 4}, Vec<S>(24)});
                 }),
                 "got shape (2, 3, 4)"));
}

TEST_CASE("every truncation of a .npy file is refused and every wrong byte of its header survived", "[io]") {
  const TempDir dir;
  const auto read = [](const std::filesystem::path& p) {
    const NdArray<double> a = read_npy<double>(p);
    const auto size = detail::checked_product(a.shape);
    return size && *size == std::uint64_t(a.values.size());
  };
  for (const char* name : {"f4_c_3x4.npy", "i4_f_2x3x4.npy", "f8_0d.npy", "f8_empty_0x3.npy",
                           "f8_version_2.npy", "f8_version_3.npy", "b1_le.npy", "f2_be.npy", "u8_be.npy"}) {
    INFO(name);
    const Bytes good = read_plain_bytes(numpy(name));
    CHECK(refused_truncations(dir, good, read) == good.size());
    CHECK(refused_corruptions(dir, good, 64, read) > 64 * 10);
  }
}

TEST_CASE("nonsense in a .npy file is an error that names the offset and what was expected", "[io]") {
  const TempDir dir;
  const auto error = [&](const Bytes& bytes) {
    write_file(dir / "x.npy", bytes);
    return error_of([&] { (void)read_npy<double>(dir / "x.npy"); });
  };
  const std::string d = "'descr': '<f8', 'fortran_order': False, ";
  CHECK(error(npy("{" + d + "'shape': (2,)}", 16)).empty());
  CHECK(error(npy("{ \"shape\":(2L , ) ,'fortran_order':True,\n'descr' : \"<f8\",}  \n", 16)).empty());

  CHECK(contains(error(bytes_of("PK\3\4 this is not an array")), "offset 0: not a .npy file"));
  CHECK(contains(error(bytes_of("\x93NUMPY")), "has 6 bytes"));
  CHECK(contains(error(npy("{" + d + "'shape': (2,)}", 15)),
                 text("x.npy: offset ", 10 + d.size() + 15, ": 15 bytes of data, expected (2,) x 8")));
  CHECK(contains(error(npy("{" + d + "'shape': (2,)}", 24)), "24 bytes of data"));
  CHECK(contains(error(npy("{" + d + "'shape': (4294967296, 4294967296)}", 0)),
                 "expected (4294967296, 4294967296)"));
  CHECK(contains(error(npy("{" + d + "'shape': (0, 4294967296, 4294967296)}", 0)), "0 bytes of data"));
  CHECK(contains(error(npy("{" + d + "'shape': (9223372036854775808,)}", 0)),
                 "side of the shape is too large"));
  CHECK(contains(error(npy("{" + d + "'shape': (-1,)}", 8)),
                 text("offset ", 10 + d.size() + 11, " in the .npy header: expected a number")));
  CHECK(contains(error(npy("{" + d + "'shape': (1)}", 8)), "expected ','"));
  CHECK(contains(error(npy("{" + d + "'shape': (1 2)}", 8)), "expected"));
  CHECK(contains(error(npy("{" + d + "'shape': (1,), }; import os", 8)),
                 "nothing but spaces after the dictionary"));
  CHECK(contains(error(npy("{" + d + "}", 8)), "is missing"));
  CHECK(contains(error(npy("{" + d + d + "'shape': ()}", 8)), "key 'descr'"));
  CHECK(contains(error(npy("{'extra': 1, " + d + "'shape': ()}", 8)), "key 'extra', expected descr"));
  CHECK(contains(error(npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': ()}", 8)),
                 "expected a string"));
  CHECK(
      contains(error(npy("{'descr': '<f8', 'fortran_order': 0, 'shape': ()}", 8)), "expected True or False"));
  CHECK(contains(error(npy("{'descr", 8)), "a string does not end"));
  Bytes version = npy("{" + d + "'shape': ()}", 8);
  version[6] = 4;
  CHECK(contains(error(version), "offset 6: .npy version 4.0, expected 1.0, 2.0 or 3.0"));
  version[6] = 1;
  version[9] = 1;
  CHECK(contains(error(version), "offset 8: .npy header of 309 bytes"));
  for (const char* type : {"<c8", "<f9", "<f0", "|f8", "<i3", "|b2", "<U1", "|O8", "f8", "=f8", "\x01\x80"}) {
    const std::string shown = type[0] == 1 ? "\\x01\\x80" : type;
    CHECK(contains(
        error(npy("{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': (1,)}", 8)),
        "numbers of type '" + shown + "', expected f2, f4, f8"));
  }
  CHECK(contains(error(npy("{'\x1b[2J': 1}", 0)), "key '\\x1b[2J'"));
  std::string sides;
  for (int k = 0; k < 65; ++k) sides += "1,";
  CHECK(contains(error(npy("{" + d + "'shape': (" + sides + ")}", 8)), "more than 64 dimensions"));
}
