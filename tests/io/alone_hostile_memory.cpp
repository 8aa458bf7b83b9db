// What the readers take from the heap for files whose headers promise more than they hold: no more than a
// multiple of the file, or of the limit that the caller gives.
#include <functional>

#include "basin/certify/checker.hpp"
#include "basin/data/cifar10.hpp"
#include "basin/data/idx.hpp"
#include "basin/io/certificate.hpp"
#include "basin/io/checkpoint.hpp"
#include "basin/io/idx_array.hpp"
#include "basin/io/npy.hpp"
#include "basin/io/npz.hpp"
#include "basin/io/png.hpp"
#include "basin/io/safetensors.hpp"
#include "basin/io/samples.hpp"
#include "basin/tasks/task_folder.hpp"
#include "io/examples.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/heap.hpp"

using namespace basin;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t tables = 400'000;  // windows and buffers of zlib, libpng and libzip, whatever the file

/// The most that `read` held at once; it must give a FileError.
template <class Read>
std::size_t held_by(const Read& read) {
  bool refused = false;
  Heap::begin();
  try {
    (void)read();
  } catch (const FileError&) {
    refused = true;
  }
  const auto peak = static_cast<std::size_t>(Heap::peak);
  CHECK(refused);
  return peak;
}
Bytes little(std::uint64_t n) {
  Bytes bytes(8);
  detail::store_le(bytes.data(), n);
  return bytes;
}
Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}
/// Text that begins with `head` and goes on with `more` up to this size.
Bytes repeated(const std::string& head, const std::string& more, std::size_t size) {
  std::string text = head;
  while (text.size() < size) text += more;
  return bytes_of(text);
}

}  // namespace

TEST_CASE("the counter sees operator new, malloc and what is given back", "[io]") {
  Heap::begin();
  {
    const std::vector<char> a(100'000);
    const Vec<double> b = Vec<double>::Zero(10'000);
    CHECK(a.size() + static_cast<std::size_t>(b.size()) == 110'000);
  }
  CHECK(Heap::peak >= 180'000);
  CHECK(Heap::peak < 200'000);
  CHECK(Heap::largest >= 100'000);
  CHECK(Heap::held < 20'000);
}

TEST_CASE("headers that promise more than the file holds take no memory for it", "[io]") {
  const TempDir dir;
  const auto take = [&](const char* name, const Bytes& bytes, const auto& read) {
    const fs::path file = write_file(dir / name, bytes);
    INFO(name << ", " << bytes.size() << " bytes");
    CHECK(held_by([&] { return read(file); }) <= tables);
  };
  const Bytes idx{0, 0, 8, 3, 0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1, 1};
  take("idx", idx, [](const fs::path& f) { return read_idx_images(f); });
  take("idx", idx, [](const fs::path& f) { return read_idx_array<double>(f); });
  take("idx", idx, [](const fs::path& f) { return read_samples<double>(f); });
  take("idx", gzipped(idx), [](const fs::path& f) { return read_idx_images(f); });
  take("records", Bytes(3074, 0), [](const fs::path& f) { return read_cifar10(f); });
  take("records", Bytes(3, 0), [](const fs::path& f) {
    return read_image_records(f, {1, 1 << 19, 1 << 19});
  });
  for (const char* shape : {"(1000000000000,)", "(4294967296, 4294967296, 2)", "(1, 268435456)"}) {
    Bytes npy = detail::npy_header("<f8", false, {});
    std::string text(npy.begin(), npy.end());
    text.replace(text.find("()"), 2, shape);
    detail::store_le(reinterpret_cast<unsigned char*>(&text[8]),
                     static_cast<std::uint16_t>(text.size() - 10));
    take("npy", bytes_of(text), [](const fs::path& f) { return read_npy<double>(f); });
  }
  const std::string tensor = R"({"a":{"dtype":"F64","shape":[134217728],"data_offsets":[0,1073741824]}})";
  take("safetensors", joined({little(tensor.size()), bytes_of(tensor)}),
       [](const fs::path& f) { return read_safetensors<double>(f); });
  take("safetensors", joined({little(99'999'999), bytes_of("{}")}),
       [](const fs::path& f) { return read_safetensors<double>(f); });
  take("checkpoint.safetensors", joined({little(tensor.size()), bytes_of(tensor)}), [](const fs::path& f) {
    SafeTensors<double> content;
    return Checkpoint(f, "setting").load(content);
  });
}

TEST_CASE("a task that promises more than it holds takes no memory for it", "[io]") {
  for (const Bytes& bytes : {little(std::uint64_t(1) << 60), joined({little(1 << 28), Bytes(16, 1)})}) {
    Heap::begin();
    CHECK_THROWS_AS(unpacked<std::vector<double>>(bytes), std::invalid_argument);
    CHECK_THROWS_AS(unpacked<std::string>(bytes), std::invalid_argument);
    CHECK_THROWS_AS(unpacked<std::vector<std::string>>(bytes), std::invalid_argument);
    CHECK_THROWS_AS(unpacked<Mat<double>>(joined({bytes, bytes})), std::invalid_argument);
    CHECK(Heap::peak < 10'000);
  }
}

TEST_CASE("a small PNG file that promises a large picture takes no memory for it", "[io]") {
  const TempDir dir;
  write_png(dir / "good.png", Picture(1, 1, {1, 2, 3}));
  Bytes bytes = read_plain_bytes(dir / "good.png");
  const auto big = [&](std::size_t at, std::uint32_t n) {
    for (std::size_t k = 0; k < 4; ++k) bytes[at + k] = static_cast<unsigned char>(n >> (24 - 8 * k));
  };
  for (const std::uint32_t side : {17'000U, 999'999U, 0x7fffffffU}) {
    big(16, side);
    big(20, side);
    big(29, static_cast<std::uint32_t>(crc32(0, &bytes[12], 17)));
    const fs::path file = write_file(dir / "bad.png", bytes);
    CHECK(held_by([&] { return read_png(file); }) <= tables);
    CHECK(held_by([&] { return read_samples<float>(file); }) <= tables);
  }
}

TEST_CASE("what packed files unpack to is bounded by the caller", "[io]") {
  const TempDir dir;
  const Bytes zeros(20'000'000, 0);
  const fs::path gz = write_file(dir / "zeros.gz", gzipped(zeros));
  for (const std::size_t limit : {1'000U, 1'000'000U}) {
    INFO("limit " << limit);
    CHECK(held_by([&] { return read_bytes(gz, limit); }) <= tables + 3 * limit + fs::file_size(gz));
    CHECK(held_by([&] { return read_idx_images(gz, limit); }) <= tables + 3 * limit + fs::file_size(gz));
  }
  const fs::path npz = dir / "zeros.npz";
  write_npz<double>(npz, {{"a", {{2'000'000}, Vec<double>::Zero(2'000'000)}}}, NpzCompression::deflate);
  CHECK(fs::file_size(npz) < 50'000);
  CHECK(held_by([&] { return read_npz<double>(npz, 1'000'000); }) <= tables + 3'000'000);
  // Sizes in the archive's own directory are not believed: here they say 4 GB.
  Bytes bytes = read_plain_bytes(npz);
  const std::string text(bytes.begin(), bytes.end());
  const std::size_t central = text.find("PK\1\2");
  REQUIRE(central != std::string::npos);
  for (const std::size_t at : {central + 24, std::size_t{22}}) detail::store_le(&bytes[at], 0xfffffff0U);
  const fs::path lying = write_file(dir / "lying.npz", bytes);
  CHECK(held_by([&] { return read_npz<double>(lying, 1'000'000); }) <= tables + 3'000'000);
}

TEST_CASE("JSON takes a bounded multiple of its size", "[io]") {
  const TempDir dir;
  constexpr std::size_t size = 1'000'000, factor = 100;
  for (const char* more : {"[", "[],", "0,", "{\"\":", "{},"}) {
    INFO(more);
    const Bytes json = repeated("{\"a\":[", more, size);
    const fs::path tensors = write_file(dir / "a.safetensors", joined({little(json.size()), json}));
    CHECK(held_by([&] { return read_safetensors<float>(tensors); }) <= tables + factor * size);
    write_npz<double>(dir / "c.npz", {});
    write_file(dir / "c.json", json);
    CHECK(held_by([&] { return read_certificate(dir / "c"); }) <= tables + factor * size);
    CHECK(held_by([&] { return check_certificate(dir / "c"); }) <= tables + factor * size);
  }
}
