#include "basin/io/png.hpp"

#include <zlib.h>

#include <limits>

#include "io/examples.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {
Rgb grey(int level) {
  const auto v = static_cast<unsigned char>(level);
  return {v, v, v};
}
}  // namespace

TEMPLATE_TEST_CASE("a grid shows every pixel of every image in its place, magnified", "[io]", float, double) {
  using S = TestType;
  const Shape shape{1, 2, 3};
  Mat<S> X(6, 5);
  for (Index i = 0; i < X.size(); ++i) X.reshaped()[i] = S(i) / S(29);
  const ImageGridOptions options{.cols = 2, .gap = 3, .magnify = 4, .background = {1, 2, 3}};
  const Picture p = image_grid<S>(X, shape, options);
  REQUIRE(p.width == 2 * 12 + 3);
  REQUIRE(p.height == 3 * 8 + 2 * 3);
  Index wrong = 0, background = 0;
  for (Index i = 0; i < p.height; ++i)
    for (Index j = 0; j < p.width; ++j) {
      const Index row = i / 11, y = i % 11, col = j / 15, x = j % 15, k = 2 * row + col;
      if (k >= 5 || y >= 8 || x >= 12) {
        ++background;
        wrong += p.at(i, j) != options.background;
      } else {
        const double v = double(X(shape.at(0, y / 4, x / 4), k));
        wrong += p.at(i, j) != grey(static_cast<int>(255 * v + 0.5));
      }
    }
  CHECK(wrong == 0);
  CHECK(background == 27 * 30 - 5 * 96);
}

TEST_CASE("values are clamped to the range, halves rounded up, and NaN is magenta", "[io]") {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  Mat<double> X(1, 9);
  X << -2, -2.0001, 2, 7, -inf, inf, nan, 0, -2 + 4 * 0.9999 / 510;
  const Picture p = image_grid<double>(X, {1, 1, 1}, {.cols = 9, .gap = 0, .lo = -2, .hi = 2});
  const int expected[] = {0, 0, 255, 255, 0, 255, -1, 128, 0};
  for (Index k = 0; k < 9; ++k) CHECK(p.at(0, k) == (k == 6 ? nan_colour : grey(expected[k])));
  CHECK(nan_colour == Rgb{255, 0, 255});
}

TEST_CASE("three channels are red, green and blue, and NaN in any of them is magenta", "[io]") {
  Mat<float> X(6, 1);
  X << 1, 0, 0, std::numeric_limits<float>::quiet_NaN(), 0.2f, 0.4f;  // R R G G B B of 1 x 2 pixels
  const Picture p = image_grid<float>(X, {3, 1, 2});
  CHECK(p.at(0, 0) == Rgb{255, 0, 51});
  CHECK(p.at(0, 1) == nan_colour);
}

TEST_CASE("without a number of columns a grid is about square", "[io]") {
  for (const auto& [n, cols, rows] :
       {std::array<Index, 3>{1, 1, 1}, {2, 2, 1}, {9, 3, 3}, {10, 4, 3}, {12, 4, 3}}) {
    const Picture p = image_grid<double>(Mat<double>::Zero(1, n), {1, 1, 1}, {.gap = 0});
    CHECK((p.width == cols && p.height == rows));
  }
}

TEST_CASE("a grid of nonsense is refused", "[io]") {
  const Mat<double> X = Mat<double>::Zero(4, 2);
  const auto error = [&](const Shape& shape, const ImageGridOptions& o) {
    return error_of([&] { (void)image_grid<double>(X, shape, o); });
  };
  CHECK(contains(error({2, 1, 2}, {}), "must have 1 or 3 channels"));
  CHECK(contains(error({1, 3, 3}, {}), "images is 4 x 2, expected 9 rows"));
  CHECK(contains(error({1, 2, 2}, {.cols = -1}), "cols must be in 0 .. 1000000, got -1"));
  CHECK(contains(error({1, 2, 2}, {.gap = -1}), "gap must be"));
  CHECK(contains(error({1, 2, 2}, {.magnify = 0}), "magnify must be"));
  CHECK(contains(error({1, 2, 2}, {.magnify = 600'000}), "at most 1000000 a side"));
  CHECK(contains(error({1, 2, 2}, {.lo = 1, .hi = 1}), "lo must be < hi, got 1 and 1"));
  CHECK(contains(error({1, 2, 2}, {.lo = -1e308, .hi = 1e308}), "lo must be < hi"));
  CHECK(contains(error_of([] {
                   (void)image_grid<double>(Mat<double>(4, 0), {1, 2, 2});
                 }),
                 "images is 4 x 0"));
}

TEST_CASE("a picture comes back from its PNG file pixel for pixel", "[io]") {
  const TempDir dir;
  Picture p(37, 11, {0, 0, 0});
  for (std::size_t i = 0; i < p.rgb.size(); ++i) p.rgb[i] = static_cast<unsigned char>(i * i * 31 + i);
  write_png(dir / "p.png", p);
  const Picture back = read_png(dir / "p.png");
  CHECK((back.width == 37 && back.height == 11));
  CHECK(back.rgb == p.rgb);
  CHECK(dir.count() == 1);
  CHECK(contains(error_of([&] { write_png(dir / "no/p.png", p); }), "no/p.png"));
  CHECK(contains(error_of([&] { write_png(dir / "q.png", Picture()); }),
                 "write_png: a picture of 0 x 0 pixels"));
  p.rgb.pop_back();
  CHECK(contains(error_of([&] { write_png(dir / "q.png", p); }), "37 x 11 pixels with 1220 bytes"));
  CHECK(dir.count() == 1);
}

TEST_CASE("pictures of 16 bits without a colour chunk have the values of their 8-bit twins", "[io]") {
  const TempDir dir;
  const Picture p = read_png(write_file(dir / "p.png", grey_of_16_bits()));
  REQUIRE((p.width == 4 && p.height == 1));
  for (const auto& [j, level] : {std::pair<Index, int>{0, 0}, {1, 64}, {2, 128}, {3, 255}})
    CHECK(p.at(0, j) == grey(level));
}

TEST_CASE("a small PNG file that claims a large picture is refused before memory is taken", "[io]") {
  const TempDir dir;
  write_png(dir / "p.png", Picture(5, 4, {7, 8, 9}));
  Bytes bytes = read_plain_bytes(dir / "p.png");
  bytes[18] = bytes[22] = 0x40;                                           // 16389 x 16388 pixels
  const auto sum = static_cast<std::uint32_t>(crc32(0, &bytes[12], 17));  // of the chunk IHDR
  for (std::size_t k = 0; k < 4; ++k) bytes[29 + k] = static_cast<unsigned char>(sum >> (24 - 8 * k));
  write_file(dir / "bomb.png", bytes);
  CHECK(contains(
      error_of([&] { (void)read_png(dir / "bomb.png"); }),
      text("bomb.png: not a sound PNG file: ", bytes.size(), " bytes cannot hold 16389 x 16388 pixels")));
  // all of one colour, the rows pack as well as deflate packs anything
  write_png(dir / "flat.png", Picture(3000, 2000, {0, 0, 0}));
  CHECK(read_png(dir / "flat.png").width == 3000);
}

TEST_CASE("a damaged PNG file is an error or the same picture", "[io]") {
  const TempDir dir;
  Picture p(5, 4, {7, 8, 9});
  p.set(2, 3, {200, 100, 0});
  write_png(dir / "p.png", p);
  const Bytes good = read_plain_bytes(dir / "p.png");
  const auto same = [&](const std::filesystem::path& file) { return read_png(file).rgb == p.rgb; };
  CHECK(refused_truncations(dir, good, same) >= good.size() - 12);  // all but in the end mark
  CHECK(refused_corruptions(dir, good, good.size(), [](const auto& file) {
          const Picture q = read_png(file);
          return static_cast<Index>(q.rgb.size()) == 3 * q.width * q.height;
        }) > 10 * (good.size() - 12));
  CHECK(contains(error_of([&] { (void)read_png(write_file(dir / "x", bytes_of("GIF89a"))); }),
                 "x: not a sound PNG file"));
  CHECK(contains(error_of([&] { (void)read_png(dir / "p.png", 59); }), "p.png: has"));
  write_png(dir / "large.png", Picture(1000, 1000, {0, 0, 0}));
  CHECK(contains(error_of([&] { (void)read_png(dir / "large.png", 1'000'000); }),
                 "1000 x 1000 pixels take more than the limit of 1000000 bytes"));
}
