#include "basin/io/npz.hpp"

#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

std::vector<NamedArray<double>> arrays() {
  NamedArray<double> w{"a/W", {{2, 3}, Vec<double>::LinSpaced(6, -1, 1)}},
      b{"b", {{}, Vec<double>::Constant(1, 0.1)}}, zeros{"zeros", {{10, 10, 10}, Vec<double>::Zero(1000)}},
      none{"none", {{0, 4}, Vec<double>(0)}};
  return {w, b, zeros, none};
}

bool equal(const std::vector<NamedArray<double>>& a, const std::vector<NamedArray<double>>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.name == y.name && x.array.shape == y.array.shape && x.array.values == y.array.values;
  });
}

}  // namespace

TEMPLATE_TEST_CASE("archives that NumPy wrote are read, stored or deflated", "[io]", float, double) {
  using S = TestType;
  for (const char* name : {"stored.npz", "deflated.npz"}) {
    const auto found = read_npz<S>(BASIN_TEST_DATA_DIR "/numpy/" + std::string(name));
    REQUIRE(found.size() == 2);
    CHECK(found[0].name == "W");
    CHECK(found[0].array.shape == std::vector<Index>{2, 3});
    for (Index k = 0; k < 6; ++k) CHECK(found[0].array.values[k] == S(double(k) / 3));
    CHECK(found[1].name == "b");
    CHECK(found[1].array.values == (Vec<S>(2) << 0, 1).finished());
  }
}

TEST_CASE("arrays come back from an archive, and the same arrays give the same bytes", "[io]") {
  const TempDir dir;
  write_npz(dir / "a.npz", arrays());
  CHECK(equal(read_npz<double>(dir / "a.npz"), arrays()));
  write_npz(dir / "small.npz", arrays(), NpzCompression::deflate);
  CHECK(equal(read_npz<double>(dir / "small.npz"), arrays()));
  CHECK(std::filesystem::file_size(dir / "small.npz") + 7000 < std::filesystem::file_size(dir / "a.npz"));
  write_npz(dir / "again.npz", arrays());
  CHECK(read_plain_bytes(dir / "again.npz") == read_plain_bytes(dir / "a.npz"));
  write_npz(dir / "empty.npz", std::vector<NamedArray<double>>{});
  CHECK(read_npz<double>(dir / "empty.npz").empty());
  CHECK(dir.count() == 4);
}

TEST_CASE("names of arrays must be usable", "[io]") {
  const TempDir dir;
  for (const std::string& name : {std::string(), std::string("W"), std::string("a\0b", 3)}) {
    std::vector<NamedArray<float>> two(2);
    two[0] = {"W", {{1}, Vec<float>::Zero(1)}};
    two[1] = {name, {{1}, Vec<float>::Zero(1)}};
    CHECK(
        contains(error_of([&] { write_npz(dir / "a.npz", two); }), "write_npz: names of arrays must differ"));
  }
  std::vector<NamedArray<float>> wrong = {{"W", {{2}, Vec<float>::Zero(1)}}};
  CHECK(contains(error_of([&] { write_npz(dir / "a.npz", wrong); }), "shape (2,) does not fit 1 values"));
  CHECK(dir.count() == 0);
}

TEST_CASE("every truncation of an archive is refused and every wrong byte is found or harmless", "[io]") {
  const TempDir dir;
  for (const char* name : {"stored.npz", "deflated.npz"}) {
    INFO(name);
    const std::string file = BASIN_TEST_DATA_DIR "/numpy/" + std::string(name);
    const Bytes good = read_plain_bytes(file);
    const auto whole = read_npz<double>(file);
    const auto same_values = [&](const std::filesystem::path& p) {  // names are not under the checksum
      const auto found = read_npz<double>(p);
      return found.size() == 2 && found[0].array.values == whole[0].array.values &&
             found[1].array.values == whole[1].array.values;
    };
    CHECK(refused_truncations(dir, good, same_values) == good.size());
    CHECK(refused_corruptions(dir, good, good.size(), same_values) > good.size() * 10);
  }
}

TEST_CASE("what is wrong in an archive is named with its entry", "[io]") {
  const TempDir dir;
  write_npz(dir / "a.npz", arrays(), NpzCompression::deflate);
  CHECK(contains(error_of([&] { (void)read_npz<double>(dir / "a.npz", 4000); }),
                 "a.npz[zeros.npy]: unpacks to more than"));
  CHECK(contains(error_of([&] { (void)read_npz<double>(write_file(dir / "b", bytes_of("not a zip"))); }),
                 "b: not a zip archive that can be opened"));
  CHECK(contains(error_of([&] { (void)read_npz<double>(write_file(dir / "none", Bytes())); }),
                 "none: is empty"));

  Bytes bytes = read_plain_bytes(BASIN_TEST_DATA_DIR "/numpy/stored.npz");
  for (std::size_t i = 0; i + 4 < bytes.size(); ++i)
    if (std::string(bytes.begin() + std::ptrdiff_t(i), bytes.begin() + std::ptrdiff_t(i) + 5) == "W.npy")
      bytes[i] = 'b';
  CHECK(contains(error_of([&] { (void)read_npz<double>(write_file(dir / "twice", bytes)); }), "twice"));
  CHECK_THROWS_AS(read_npz<double>(dir / "twice"), FileError);
}
