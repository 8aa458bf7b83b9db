#include "basin/io/samples.hpp"

#include "io/examples.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

/// A .npy file of unsigned bytes 0, 1, 2, ... in this shape.
Bytes byte_npy(const std::vector<Index>& shape, bool fortran = false) {
  Bytes bytes = detail::npy_header("|u1", fortran, shape);
  const auto size = *detail::checked_product(shape);
  for (std::uint64_t k = 0; k < size; ++k) bytes.push_back(static_cast<unsigned char>(k));
  return bytes;
}

/// Two images of 2 x 3 bytes, 0 to 11, as IDX.
Bytes small_idx() {
  Bytes bytes = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3};
  for (unsigned char b = 0; b < 12; ++b) bytes.push_back(b);
  return bytes;
}

/// 0, 1, ..., 11 in two columns, over 255.
template <class S>
Mat<S> two_columns() {
  Mat<S> X(6, 2);
  for (Index k = 0; k < 12; ++k) X(k % 6, k / 6) = S(double(k) * (1.0 / 255));
  return X;
}

const auto read_sound = [](const std::filesystem::path& p) {
  const Samples<double> samples = read_samples<double>(p);
  return samples.columns.rows() == samples.shape.size() && samples.columns.cols() >= 1;
};

}  // namespace

TEMPLATE_TEST_CASE(
    "bytes are read from every kind of file, whatever its name, and scaled to the unit interval", "[io]",
    float, double) {
  using S = TestType;
  const TempDir dir;
  const auto check = [&](const std::filesystem::path& p, const ReadSamplesOptions& o = {}) {
    INFO(p.filename());
    const Samples<S> samples = read_samples<S>(p, o);
    CHECK(samples.shape == Shape{1, 2, 3});
    CHECK(samples.columns == two_columns<S>());
    ReadSamplesOptions one = o;
    one.max_samples = 1;
    CHECK(read_samples<S>(p, one).columns == two_columns<S>().leftCols(1));
    one.max_samples = 2;
    one.byte_scale = 2;
    CHECK(read_samples<S>(p, one).columns(5, 1) == S(22));
  };
  check(write_file(dir / "a", byte_npy({2, 2, 3})));
  check(write_file(dir / "b", gzipped(byte_npy({2, 2, 3}))));
  check(write_file(dir / "c", small_idx()));
  check(write_file(dir / "d", gzipped(small_idx())));
  const std::string header = R"({"x":{"dtype":"U8","shape":[2,2,3],"data_offsets":[0,12]}})";
  Bytes safetensors(8);
  detail::store_le(safetensors.data(), std::uint64_t(header.size()));
  safetensors.insert(safetensors.end(), header.begin(), header.end());
  for (unsigned char b = 0; b < 12; ++b) safetensors.push_back(b);
  check(write_file(dir / "e", safetensors));
  check(write_file(dir / "e.safetensors", safetensors), {.array = "x"});
}

TEST_CASE("numbers other than unsigned bytes are as the file has them", "[io]") {
  const TempDir dir;
  write_npy(dir / "a.npy", counted({5, 4}));
  const Samples<double> flat = read_samples<double>(dir / "a.npy", {.max_samples = 3});
  CHECK(flat.shape == Shape{1, 1, 4});
  CHECK(flat.columns == counted({12}).values.reshaped(4, 3));
  write_npy<double>(dir / "f.npy", to_matrix(counted({5, 4})), ArrayOrder::fortran);
  CHECK(read_samples<double>(dir / "f.npy", {.max_samples = 3}).columns == flat.columns);
  write_npy(dir / "i.npy", counted({2, 4, 5, 3}));
  CHECK(read_samples<float>(dir / "i.npy").shape == Shape{4, 5, 3});
  const Samples<double> last = read_samples<double>(dir / "i.npy", {.layout = SampleLayout::channels_last});
  CHECK(last.shape == Shape{3, 4, 5});
  CHECK(last.columns(last.shape.at(2, 0, 1), 0) == 5);
}

TEST_CASE("an archive of several arrays is asked for one of them by name", "[io]") {
  const TempDir dir;
  const std::vector<NamedArray<double>> arrays = {{"x", counted({3, 2})}, {"labels", counted({3})}};
  write_npz(dir / "a.npz", arrays);
  write_safetensors<double>(dir / "a.safetensors", {arrays, {}});
  write_npz<double>(dir / "one.npz", {{"only", counted({3, 2})}});
  CHECK(read_samples<double>(dir / "one.npz").columns == counted({6}).values.reshaped(2, 3));
  for (const char* name : {"a.npz", "a.safetensors"}) {
    CHECK(read_samples<double>(dir / name, {.array = "x"}).columns == counted({6}).values.reshaped(2, 3));
    CHECK(contains(error_of([&] { (void)read_samples<double>(dir / name); }),
                   std::string(name) + ": holds 2 arrays, say which: \"x\", \"labels\""));
    CHECK(contains(error_of([&] { (void)read_samples<double>(dir / name, {.array = "y"}); }),
                   "holds no array \"y\", only \"x\", \"labels\""));
    CHECK(contains(error_of([&] {
                     (void)read_samples<double>(dir / name, {.array = "x", .layout = SampleLayout::grey});
                   }),
                   std::string(name) + "[x]: array of shape (3, 2), expected (n, h, w)"));
  }
  write_npz<double>(dir / "none.npz", {});
  CHECK(contains(error_of([&] { (void)read_samples<double>(dir / "none.npz"); }), "holds no array"));
}

TEST_CASE("batches of CIFAR-10 are recognized, also where they begin as an IDX file does", "[io]") {
  const TempDir dir;
  Bytes bytes(2 * 3073, 0);
  bytes[0] = 9;
  bytes[1] = 255;
  bytes[3073 + 3072] = 51;
  write_file(dir / "batch", bytes);
  const Samples<double> samples = read_samples<double>(dir / "batch");
  CHECK(samples.shape == Shape{3, 32, 32});
  REQUIRE(samples.columns.cols() == 2);
  CHECK(samples.columns(0, 0) == 1);
  CHECK(samples.columns(3071, 1) == 51 * (1. / 255));
  CHECK(read_samples<float>(dir / "batch", {.max_samples = 1}).columns.cols() == 1);
  bytes[0] = bytes[1] = 0;
  bytes[2] = 8;
  bytes[3] = 2;
  CHECK(read_samples<double>(write_file(dir / "batch", bytes)).shape == Shape{3, 32, 32});
  bytes[3073] = 10;
  CHECK(contains(error_of([&] { (void)read_samples<double>(write_file(dir / "batch", bytes)); }),
                 "expected 0 x 0 as the header says"));
  bytes[0] = 5;
  CHECK(contains(
      error_of([&] { (void)read_samples<double>(write_file(dir / "batch", bytes)); }),
      "batch: is none of .npy, .npz, .safetensors, IDX, CIFAR-10 (binary), PNG or a folder of PNG files"));
  // an IDX file of the length of two batches is one
  Bytes idx(2 * 3073, 1);
  const Bytes head = {0, 0, 8, 1, 0, 0, 0x17, 0xfa};  // 6138 numbers
  std::copy(head.begin(), head.end(), idx.begin());
  CHECK(read_samples<double>(write_file(dir / "idx", idx)).columns.cols() == 6138);
}

TEST_CASE("a folder of pictures is a sample a file, in the order in which a person counts", "[io]") {
  const TempDir dir;
  for (const int k : {10, 2, 1}) {
    Picture p(3, 2, {0, 0, 0});
    for (Index i = 0; i < 2; ++i)
      for (Index j = 0; j < 3; ++j)
        p.set(i, j,
              {static_cast<unsigned char>(k), static_cast<unsigned char>(20 * k + i),
               static_cast<unsigned char>(j)});
    write_png(dir / ("image_" + std::to_string(k) + ".png"), p);
  }
  write_file(dir / "readme.txt", bytes_of("not a picture"));
  const Samples<double> samples = read_samples<double>(dir.path());
  CHECK(samples.shape == Shape{3, 2, 3});
  REQUIRE(samples.columns.cols() == 3);
  CHECK(samples.columns.row(0) == (Mat<double>(1, 3) << 1, 2, 10).finished() * (1. / 255));
  CHECK(samples.columns(samples.shape.at(1, 1, 2), 2) == 201 * (1. / 255));
  CHECK(samples.columns(samples.shape.at(2, 0, 2), 0) == 2 * (1. / 255));
  CHECK(read_samples<double>(dir.path(), {.max_samples = 2}).columns == samples.columns.leftCols(2));
  CHECK(read_samples<double>(dir / "image_2.png").columns == samples.columns.col(1));
  std::filesystem::create_directory(dir / "large");
  for (const char* name : {"a.png", "b.png"}) write_png(dir / "large" / name, Picture(100, 100, {0, 0, 0}));
  CHECK(read_samples<float>(dir / "large", {.max_bytes = 60'000}).columns.cols() == 2);
  CHECK(contains(error_of([&] { (void)read_samples<float>(dir / "large", {.max_bytes = 59'999}); }),
                 "b.png: 100 x 100 pixels take more than the limit of 29999 bytes"));
  write_png(dir / "image_3.png", Picture(2, 2, {1, 2, 3}));
  CHECK(contains(error_of([&] { (void)read_samples<double>(dir.path()); }),
                 "image_3.png: 2 x 2 pixels, expected 3 x 2 as image_1.png has"));
}

TEST_CASE("pictures of greys have one channel", "[io]") {
  const TempDir dir;
  std::filesystem::create_directory(dir / "greys");
  write_file(dir / "greys" / "1.PNG", grey_of_16_bits());
  const Samples<double> samples = read_samples<double>(dir / "greys");
  CHECK(samples.shape == Shape{1, 1, 4});
  CHECK(samples.columns == (Mat<double>(4, 1) << 0, 64, 128, 255).finished() * (1. / 255));
  write_png(dir / "greys" / "2.png", Picture(4, 1, {10, 20, 30}));
  const Samples<double> mixed = read_samples<double>(dir / "greys");
  CHECK(mixed.shape == Shape{3, 1, 4});
  CHECK(mixed.columns(mixed.shape.at(2, 0, 3), 0) == 1);
}

TEST_CASE("the example data are read by their files", "[io]") {
  const std::string folder = BASIN_EXAMPLE_DATA_DIR;
  const Samples<float> images = read_samples<float>(folder + "/fashion-mnist-100-images-idx3-ubyte.gz");
  CHECK(images.shape == Shape{1, 28, 28});
  const ImageSet same = read_idx(folder, "fashion-mnist-100");
  CHECK(images.columns == to_matrix<float>(same, same.all()));
}

TEST_CASE("what gives no samples is an error that names the file", "[io]") {
  const TempDir dir;
  const auto error = [&](const std::filesystem::path& p, const ReadSamplesOptions& o = {}) {
    try {
      (void)read_samples<double>(p, o);
    } catch (const FileError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(contains(error(dir / "nothing"), "nothing: cannot open"));
  CHECK(contains(error(write_file(dir / "empty", {})), "empty: is none of .npy"));
  CHECK(contains(error(dir.path()), "is a folder without a .png file"));
  CHECK(contains(error(write_file(dir / "x.safetensors", bytes_of("{}"))),
                 "has 2 bytes, expected a safetensors header"));
  CHECK(contains(error(write_file(dir / "a.npy", byte_npy({0, 3}))), "a.npy: holds an array of 0 samples"));
  CHECK(contains(error(write_file(dir / "a.npy", byte_npy({3, 0}))), "array of shape (3, 0)"));
  CHECK(contains(error(write_file(dir / "a.npy", byte_npy({}))), "array of shape (), expected (n,), (n, f)"));
  CHECK(contains(error(write_file(dir / "a.npy", byte_npy({1, 1, 1, 1, 2}))),
                 "array of shape (1, 1, 1, 1, 2), expected"));
  CHECK(read_samples<double>(dir / "a.npy", {.layout = SampleLayout::flat}).columns.rows() == 2);
  CHECK(contains(error(dir / "a.npy", {.array = "x"}), "has no arrays with names"));
  CHECK(contains(error(write_file(dir / "bomb", gzipped(byte_npy({100, 1000}))), {.max_bytes = 50'000}),
                 "unpacks to more than the limit"));
  CHECK(contains(error_of([&] { (void)read_samples<double>(dir / "a.npy", {.max_samples = 0}); }),
                 "max_samples must be >= 1, got 0"));
}

TEST_CASE("every truncation of a file of samples is refused and every wrong byte survived", "[io]") {
  const TempDir dir;
  write_npz<double>(dir / "good.npz", {{"x", counted({2, 3})}});
  write_safetensors<double>(dir / "good.safetensors", {{{"x", counted({2, 3})}}, {}});
  for (const Bytes& good : {byte_npy({2, 2, 3}), small_idx(), gzipped(small_idx()),
                            read_plain_bytes(dir / "good.npz"), read_plain_bytes(dir / "good.safetensors")}) {
    REQUIRE(read_sound(write_file(dir / "good", good)));
    CHECK(refused_truncations(dir, good, read_sound) == good.size());
    CHECK(refused_corruptions(dir, good, std::min<std::size_t>(good.size(), 60), read_sound) > 16 * 10);
  }
}
