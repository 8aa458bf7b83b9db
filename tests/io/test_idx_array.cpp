#include "basin/io/idx_array.hpp"

#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

/// An IDX file of this type, of sizes below 256 each.
Bytes idx(unsigned char type, const Bytes& sizes, const Bytes& data) {
  Bytes bytes = {0, 0, type, static_cast<unsigned char>(sizes.size())};
  for (const unsigned char size : sizes) bytes.insert(bytes.end(), {0, 0, 0, size});
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

const auto read_sound = [](const std::filesystem::path& p) {
  const NdArray<double> a = read_idx_array<double>(p);
  return detail::checked_product(a.shape) == std::uint64_t(a.values.size());
};

}  // namespace

TEMPLATE_TEST_CASE("IDX arrays of every type are read", "[io]", float, double) {
  using S = TestType;
  const TempDir dir;
  const auto check = [&](unsigned char type, const Bytes& data, S a, S b) {
    INFO("type " << int(type));
    const NdArray<S> array = read_idx_array<S>(write_file(dir / "x", idx(type, {2}, data)));
    CHECK(array.shape == std::vector<Index>{2});
    CHECK(array.values == (Vec<S>(2) << a, b).finished());
  };
  check(8, {0, 255}, 0, 255);
  check(9, {0x80, 0x7f}, -128, 127);
  check(11, {1, 2, 0xff, 0xfe}, 258, -2);
  check(12, {0, 1, 0, 2, 0xff, 0xff, 0xff, 0xfd}, 65538, -3);
  check(13, {0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0}, 1, S(-2.5));
  check(14, {0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a, 0xc0, 4, 0, 0, 0, 0, 0, 0}, S(0.1), S(-2.5));
}

TEST_CASE("IDX arrays have any number of dimensions, the last index fastest", "[io]") {
  const TempDir dir;
  Bytes data(24);
  for (std::size_t k = 0; k < 24; ++k) data[k] = static_cast<unsigned char>(k);
  const NdArray<double> a = read_idx_array<double>(write_file(dir / "x", idx(8, {2, 3, 1, 4}, data)));
  CHECK(a.shape == std::vector<Index>{2, 3, 1, 4});
  CHECK(a.values == Vec<double>::LinSpaced(24, 0, 23));
  const NdArray<double> many = read_idx_array<double>(write_file(dir / "x", idx(9, Bytes(255, 1), {7})));
  CHECK(many.shape.size() == 255);
  CHECK(many.values == Vec<double>::Constant(1, 7));
  const NdArray<double> none = read_idx_array<double>(write_file(dir / "x", idx(14, {3, 0, 2}, {})));
  CHECK((none.shape == std::vector<Index>{3, 0, 2} && none.values.size() == 0));
}

TEST_CASE("every truncation of an IDX array is refused and every wrong byte of its header survived", "[io]") {
  const TempDir dir;
  const Bytes good = idx(11, {2, 3}, Bytes(12, 1));
  REQUIRE(read_sound(write_file(dir / "good", good)));
  CHECK(refused_truncations(dir, good, read_sound) == good.size());
  CHECK(refused_corruptions(dir, good, 12, read_sound) > 12 * 14);
}

TEST_CASE("what is wrong in an IDX array is named", "[io]") {
  const TempDir dir;
  const auto error = [&](const Bytes& bytes) {
    write_file(dir / "x", bytes);
    return error_of([&] { (void)read_idx_array<float>(dir / "x"); });
  };
  CHECK(contains(error({0, 0, 8}), "x: has 3 bytes, expected an IDX header"));
  CHECK(contains(error({0, 0, 10, 1, 0, 0, 0, 0}), "magic number is 0x00000a01, expected 0x0000TTNN"));
  CHECK(contains(error({0, 0, 8, 0, 1}), "magic number is 0x00000800"));
  CHECK(contains(error({0, 1, 8, 1, 0, 0, 0, 0}), "magic number is 0x00010801"));
  CHECK(contains(error({0, 0, 8, 2, 0, 0, 0, 0}), "expected an IDX header of 12 bytes"));
  CHECK(contains(error(idx(12, {2, 3}, Bytes(23))),
                 "offset 12: 23 bytes of data, expected 2 x 3 numbers of 4 bytes as the header says"));
  CHECK(contains(error(idx(13, {2}, Bytes(12))), "12 bytes of data, expected 2 numbers of 4 bytes"));
}
