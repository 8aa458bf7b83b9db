#include "basin/data/bytes.hpp"

#include "io/examples.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

Bytes noise(std::size_t size) {
  Bytes bytes(size);
  std::uint32_t state = 1;
  for (auto& b : bytes) b = static_cast<unsigned char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

}  // namespace

TEST_CASE("plain and gzip files give their bytes whatever their name", "[data]") {
  const TempDir dir;
  for (const std::size_t size : {0u, 1u, 1000u, 300'000u, 600'000u}) {
    const Bytes bytes = noise(size);
    CHECK(read_bytes(write_file(dir / "a.gz", bytes)) == bytes);
    CHECK(read_bytes(write_file(dir / "a.bin", gzipped(bytes))) == bytes);
    CHECK(read_plain_bytes(dir / "a.bin") == gzipped(bytes));
  }
}

TEST_CASE("a gzip file of several members with names, as Python writes it, is their contents in a row",
          "[data]") {
  Bytes expected(256);
  for (std::size_t i = 0; i < 256; ++i) expected[i] = static_cast<unsigned char>(i);
  for (const char c : std::string("second")) expected.push_back(static_cast<unsigned char>(c));
  CHECK(read_bytes(BASIN_TEST_DATA_DIR "/numpy/named.bin.gz") == expected);
}

TEST_CASE("a gzip file cut off anywhere is an error", "[data]") {
  const TempDir dir;
  const Bytes good = gzipped(noise(100));
  const auto plain_if_short = [](const std::filesystem::path& p) { return read_bytes(p).size() < 2; };
  CHECK(refused_truncations(dir, good, plain_if_short) ==
        good.size() - 2);  // no byte and one byte are plain files
  write_file(dir / "cut", ByteSpan(good).first(good.size() - 1));
  const std::string error = error_of([&] { (void)read_bytes(dir / "cut"); });
  CHECK(contains(error, "ends too early, after " + std::to_string(good.size() - 1) + " bytes"));
}

TEST_CASE("a damaged gzip file is never read as something else", "[data]") {
  const TempDir dir;
  const Bytes contents = noise(100), good = gzipped(contents);
  const auto same_or_error = [&](const std::filesystem::path& p) {
    const Bytes bytes = read_bytes(p);
    return bytes == (detail::is_gzip(read_plain_bytes(p)) ? contents : read_plain_bytes(p));
  };
  CHECK(refused_corruptions(dir, good, good.size(), same_or_error) > 10 * good.size());
  Bytes bad = good;
  bad[good.size() - 8] ^= 1;
  CHECK(contains(error_of([&] { (void)read_bytes(write_file(dir / "crc", bad)); }), "incorrect data check"));
}

TEST_CASE("bytes but zeros after the end of gzip data are an error that says where they begin", "[data]") {
  const TempDir dir;
  Bytes bytes = gzipped(noise(100));
  const std::size_t end = bytes.size();
  CHECK(read_bytes(write_file(dir / "tail", bytes)) == noise(100));
  bytes.insert(bytes.end(), 300, 0);  // what a tape or dd leaves behind, as gzip accepts it
  CHECK(read_bytes(write_file(dir / "tail", bytes)) == noise(100));
  for (const int c : {1, 0x1f}) {
    bytes.resize(end);
    bytes.insert(bytes.end(), 3, static_cast<unsigned char>(c));
    const std::string error = error_of([&] { (void)read_bytes(write_file(dir / "tail", bytes)); });
    CHECK(contains(error, "tail: offset " + std::to_string(end) + ": 3 bytes after the end"));
  }
}

TEST_CASE("the caller's limit holds for what a file unpacks to, to the byte", "[data]") {
  const TempDir dir;
  const Bytes zeros(5'000'000, 0);
  const auto bomb = write_file(dir / "bomb", gzipped(zeros));
  CHECK(std::filesystem::file_size(bomb) < 10'000);
  CHECK(read_bytes(bomb, 5'000'000).size() == 5'000'000);
  CHECK(contains(error_of([&] { (void)read_bytes(bomb, 4'999'999); }),
                 "bomb: unpacks to more than the limit of 4999999"));
  const auto plain = write_file(dir / "plain", ByteSpan(zeros).first(1000));
  CHECK(read_bytes(plain, 1000).size() == 1000);
  CHECK(contains(error_of([&] { (void)read_bytes(plain, 999); }),
                 "plain: has 1000 bytes, more than the limit of 999"));
}

TEST_CASE("a file that cannot be read is an error with the system's reason", "[data]") {
  const TempDir dir;
  const std::string missing = error_of([&] { (void)read_bytes(dir / "missing"); });
  CHECK(contains(missing, (dir / "missing").string()));
  CHECK(contains(missing, std::generic_category().message(ENOENT)));
  CHECK_THROWS_AS(read_bytes(dir / "missing"), FileError);
  CHECK_THROWS_AS(read_bytes(dir.path()), FileError);
}

#ifdef __linux__
TEST_CASE("a file whose size the system does not tell is read to its end", "[data]") {
  CHECK(read_bytes("/proc/self/stat").size() > 10);
  CHECK(contains(error_of([] { (void)read_bytes("/dev/zero", 100'000); }),
                 "more than the limit of 100000 bytes"));
}
#endif
