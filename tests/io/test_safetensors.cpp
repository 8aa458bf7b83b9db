#include "basin/io/safetensors.hpp"

#include <cmath>
#include <limits>

#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

/// A file with this header and `data` bytes 0, 1, 2, ...
Bytes file_with(const std::string& header, std::size_t data) {
  Bytes bytes(8 + header.size());
  detail::store_le(bytes.data(), static_cast<std::uint64_t>(header.size()));
  std::copy(header.begin(), header.end(), bytes.begin() + 8);
  for (std::size_t k = 0; k < data; ++k) bytes.push_back(static_cast<unsigned char>(k));
  return bytes;
}

std::string f32(const std::string& name, const std::string& shape, const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

const auto read_sound = [](const std::filesystem::path& p) {
  for (const auto& [name, a] : read_safetensors<double>(p).tensors)
    if (detail::checked_product(a.shape) != std::uint64_t(a.values.size())) return false;
  return true;
};

}  // namespace

TEMPLATE_TEST_CASE("a file as the format describes it is read, tensors in the order of their data", "[io]",
                   float, double) {
  using S = TestType;
  const TempDir dir;
  // 1.0f = 00 00 80 3f; -2.5f = 00 00 20 c0; 0.1 = 9a 99 99 99 99 99 b9 3f
  Bytes bytes =
      file_with(R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F64","shape":[],"data_offsets":[8,16]},)" +
                    f32("a", "[2,1]", "[0,8]") + "," + f32("none", "[0,7]", "[8,8]") + "}   ",
                0);
  for (const int b : {0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0, 0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f})
    bytes.push_back(static_cast<unsigned char>(b));
  const SafeTensors<S> file = read_safetensors<S>(write_file(dir / "x", bytes));
  CHECK(file.metadata == std::map<std::string, std::string>{{"format", "pt"}});
  REQUIRE(file.tensors.size() == 3);
  CHECK(file.tensors[0].name == "a");
  CHECK(file.tensors[0].array.shape == std::vector<Index>{2, 1});
  CHECK(file.tensors[0].array.values == (Vec<S>(2) << S(1), S(-2.5)).finished());
  CHECK(file.tensors[1].name == "none");
  CHECK(file.tensors[1].array.shape == std::vector<Index>{0, 7});
  CHECK(file.tensors[2].name == "b");
  CHECK(file.tensors[2].array.shape.empty());
  CHECK(file.tensors[2].array.values == Vec<S>::Constant(1, S(0.1)));
}

TEMPLATE_TEST_CASE("what is written has aligned data and comes back bit for bit", "[io]", float, double) {
  using S = TestType;
  const TempDir dir;
  SafeTensors<S> out;
  out.metadata = {{"note", "quotes \" and \xc3\xa9"}};
  out.tensors = {{"z", {{2, 3}, Vec<S>::LinSpaced(6, S(-1), S(1))}},
                 {"a", {{3}, (Vec<S>(3) << S(0.1), -S(0), std::numeric_limits<S>::denorm_min()).finished()}},
                 {"", {{}, Vec<S>::Constant(1, S(7))}}};
  write_safetensors(dir / "x", out);
  const Bytes bytes = read_plain_bytes(dir / "x");
  const auto header = detail::load_le<std::uint64_t>(bytes.data());
  CHECK(header % 8 == 0);
  CHECK(bytes.size() == 8 + header + 10 * sizeof(S));
  CHECK(detail::load_le<S>(bytes.data() + 8 + header) == S(-1));
  const SafeTensors<S> in = read_safetensors<S>(dir / "x");
  CHECK(in.metadata == out.metadata);
  REQUIRE(in.tensors.size() == 3);
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(in.tensors[k].name == out.tensors[k].name);
    CHECK(in.tensors[k].array.shape == out.tensors[k].array.shape);
    CHECK(in.tensors[k].array.values == out.tensors[k].array.values);
  }
  CHECK(std::signbit(in.tensors[1].array.values[1]));
  write_safetensors(dir / "empty", SafeTensors<S>{});
  CHECK(read_safetensors<S>(dir / "empty").tensors.empty());
}

TEST_CASE("a header whose length begins with the bytes of gzip is still a safetensors file", "[io]") {
  const TempDir dir;
  const Bytes bytes = file_with("{}" + std::string(0x8b1f - 2, ' '), 0);
  REQUIRE(detail::is_gzip(bytes));
  CHECK(read_safetensors<float>(write_file(dir / "x", bytes)).tensors.empty());
}

TEST_CASE("every truncation of a safetensors file is refused and every wrong byte survived", "[io]") {
  const TempDir dir;
  const Bytes good =
      file_with("{" + f32("a", "[2,2]", "[0,16]") + "," + f32("b", "[1]", "[16,20]") + "}", 20);
  REQUIRE(read_sound(write_file(dir / "good", good)));
  CHECK(refused_truncations(dir, good, read_sound) == good.size());
  CHECK(refused_corruptions(dir, good, good.size() - 20, read_sound) > 10 * (good.size() - 20));
}

TEST_CASE("what is wrong in a safetensors file is named", "[io]") {
  const TempDir dir;
  const auto error = [&](const std::string& header, std::size_t data) {
    write_file(dir / "x", file_with(header, data));
    CHECK((error_of([&] { (void)read_safetensors<float>(dir / "x"); }).empty() ||
           refuses(dir / "x", read_sound) == 1));  // FileError and nothing else
    return error_of([&] { (void)read_safetensors<float>(dir / "x"); });
  };
  const std::string max = "18446744073709551615", half = "9223372036854775808";
  CHECK(error("{" + f32("a", "[2]", "[0,8]") + "}", 8).empty());
  CHECK(contains(error("{" + f32("a", "[2]", "[0,8]") + "," + f32("b", "[2]", "[4,12]") + "}", 12),
                 "tensor \"b\" begins at 4 of the data section, expected 8"));  // overlap
  CHECK(contains(error("{" + f32("a", "[2]", "[0,8]") + "," + f32("b", "[1]", "[12,16]") + "}", 16),
                 "begins at 12 of the data section, expected 8"));  // gap
  CHECK(contains(error("{" + f32("a", "[2]", "[0,8]") + "," + f32("b", "[2]", "[0,8]") + "}", 8),
                 "expected 8"));
  CHECK(contains(error("{" + f32("a", "[2]", "[0,8]") + "}", 9), "1 bytes that belong to no tensor"));
  CHECK(contains(error("{" + f32("a", "[2]", "[0,8]") + "}", 7), "ends at 8 of only 7 bytes"));
  CHECK(contains(error("{}", 1), "belong to no tensor"));
  CHECK(contains(error("{" + f32("a", "[3]", "[0,8]") + "}", 8), "do not fit shape [3]"));
  CHECK(contains(error("{" + f32("a", "[2]", "[8,0]") + "}", 8), "do not fit"));
  CHECK(contains(error("{" + f32("a", "[" + half + ",2]", "[0,0]") + "}", 0), "do not fit"));
  CHECK(contains(error("{" + f32("a", "[" + max + "]", "[0," + max + "]") + "}", 8), "do not fit"));
  CHECK(contains(error("{" + f32("a", "[2]", "[" + max + ",7]") + "}", 8), "do not fit"));
  CHECK(contains(error("{" + f32("a", "[-1]", "[0,8]") + "}", 8), "shape is [-1], expected a list of sizes"));
  CHECK(contains(error("{" + f32("a", "[2.0]", "[0,8]") + "}", 8), "shape is [2.0]"));
  CHECK(contains(error("{" + f32("a", "2", "[0,8]") + "}", 8), "shape is 2"));
  CHECK(contains(error("{" + f32("a", "[2]", "[0,8,8]") + "}", 8), "expected [begin, end]"));
  CHECK(contains(error("{" + f32("a", "[2]", "[0,1" + max + "]") + "}", 8), "expected [begin, end]"));
  CHECK(contains(error(R"({"a\nb":{"dtype":"F8\u0007","shape":[1],"data_offsets":[0,1]}})", 1),
                 R"(tensor "a\x0ab": dtype is "F8\\u0007", expected F64, F32, F16, BF16, I8 to I64)"));
  CHECK(contains(
      error("{\"a\":{\"dtype\":\"" + std::string(5000, 'x') + "\",\"shape\":[],\"data_offsets\":[0,4]}}", 4),
      "xxx..., expected F64"));
  CHECK(contains(error(R"({"a":{"dtype":["F32"],"shape":[1],"data_offsets":[0,8]}})", 8),
                 "dtype is [\"F32\"]"));
  CHECK(contains(error(R"({"a":{"dtype":"F32","shape":[2]}})", 8), "dtype, shape and data_offsets"));
  CHECK(contains(error(R"({"a":7})", 0), "tensor \"a\": expected an object"));
  CHECK(contains(error("{" + f32("a", "[2]", "[0,8]") + "," + f32("a", "[2]", "[0,8]") + "}", 8),
                 "the key \"a\" is given twice"));
  CHECK(
      contains(error(R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8), "twice"));
  CHECK(contains(error(R"({"__metadata__":{"a":1}})", 0), "__metadata__ \"a\" must be a string"));
  CHECK(contains(error(R"({"__metadata__":[]})", 0), "__metadata__ must be an object"));
  CHECK(contains(error(R"({"__metadata__":{"a":[[]]}})", 0), "nested deeper"));
  CHECK(contains(error("[]", 0), "offset 8: the header must begin with '{'"));
  CHECK(contains(error(" {}", 0), "must begin with '{'"));
  CHECK(contains(error("", 0), "must begin with '{'"));
  CHECK(contains(error("{} x", 0), "the header is not JSON"));
  CHECK(contains(error(std::string("{}\0", 3), 0), "the header is not JSON"));
  CHECK(contains(error("{\"\xff\":1}", 0), "the header is not JSON"));
  CHECK(contains(error("{" + std::string(100'000, '['), 0), "the header is not JSON"));
  CHECK(contains(error("{\"a\":" + std::string(100'000, '['), 0), "header: nested deeper than 3 levels"));
  CHECK(contains(error("{\"a\":[[", 0), "the header is not JSON"));
  Bytes bytes = file_with("{}", 0);
  bytes[5] = 1;
  CHECK(contains(error_of([&] { (void)read_safetensors<float>(write_file(dir / "x", bytes)); }),
                 "offset 0: header of 1099511627778 bytes"));
}

TEST_CASE("no header is deep enough to end a thread with a small stack", "[io]") {
  const TempDir dir;
  for (const char* before : {"{\"a\":{\"dtype\":", "{\"a\":", "{\"__metadata__\":"})
    for (const char* open : {"[", "{\"x\":"}) {
      std::string header = before, close(100'000, open[0] == '[' ? ']' : '}');
      for (int k = 0; k < 100'000; ++k) header += open;
      header += (open[0] == '[' ? "" : "1") + close + R"(,"shape":[],"data_offsets":[0,4]}})";
      const auto file = write_file(dir / "deep", file_with(header, 4));
      CHECK(refuses(file, read_sound) == 1);
      CHECK(contains(error_of([&] { (void)read_safetensors<float>(file); }), "nested deeper"));
    }
}

TEMPLATE_TEST_CASE("half and bfloat16 tensors are read exactly, integers on request", "[io]", float, double) {
  using S = TestType;
  const TempDir dir;
  Bytes bytes = file_with(R"({"__metadata__":null,"h":{"dtype":"F16","shape":[5],"data_offsets":[0,10]},)"
                          R"("b":{"dtype":"BF16","shape":[3],"data_offsets":[10,16]},)"
                          R"("1.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[16,24]},)"
                          R"("u":{"dtype":"U8","shape":[2],"data_offsets":[24,26]},)"
                          R"("t":{"dtype":"BOOL","shape":[2],"data_offsets":[26,28]}})",
                          0);
  // 1, -2.5, the largest half, the smallest, -0; 1, 3.140625, -2^-126 as bfloat16; -3; 7 and 200; true, false
  for (const int b : {0x00, 0x3c, 0x00, 0xc1, 0xff, 0x7b, 0x01, 0x00, 0x00, 0x80, 0x80, 0x3f, 0x49, 0x40,
                      0x80, 0x80, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 7,    200,  1,    0})
    bytes.push_back(static_cast<unsigned char>(b));
  write_file(dir / "x", bytes);
  const auto floating = read_safetensors<S>(dir / "x").tensors;
  REQUIRE(floating.size() == 2);
  CHECK(floating[0].array.values == (Vec<S>(5) << S(1), S(-2.5), S(65504), S(0x1p-24), S(0)).finished());
  CHECK(std::signbit(floating[0].array.values[4]));
  CHECK(floating[1].array.values == (Vec<S>(3) << S(1), S(3.140625), S(-0x1p-126)).finished());
  const auto all = read_safetensors<S>(dir / "x", default_max_bytes, IntegerTensors::read).tensors;
  REQUIRE(all.size() == 5);
  CHECK(all[2].name == "1.num_batches_tracked");
  CHECK(all[2].array.values == Vec<S>::Constant(1, S(-3)));
  CHECK(all[3].array.values == (Vec<S>(2) << S(7), S(200)).finished());
  CHECK(all[4].array.values == (Vec<S>(2) << S(1), S(0)).finished());
  CHECK(refused_truncations(dir, bytes, read_sound) == bytes.size());
  CHECK(refused_corruptions(dir, bytes, bytes.size() - 28, read_sound) > 10 * (bytes.size() - 28));
}

TEST_CASE("every half of 16 bits is its value", "[io]") {
  Index wrong = 0;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto value = static_cast<float>(detail::Half{static_cast<std::uint16_t>(bits)});
    const auto exponent = static_cast<int>(bits >> 10 & 31), fraction = static_cast<int>(bits & 1023);
    double expected = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    if (exponent == 31) expected = std::numeric_limits<double>::infinity();
    if (exponent == 31 && fraction != 0)
      wrong += !std::isnan(value);
    else
      wrong +=
          double(value) != (bits >> 15 ? -expected : expected) || std::signbit(value) != (bits >> 15 != 0);
  }
  CHECK(wrong == 0);
}

TEST_CASE("names that a safetensors file cannot hold are refused before anything is written", "[io]") {
  const TempDir dir;
  const NdArray<float> one{{1}, Vec<float>::Zero(1)};
  const auto error = [&](const std::string& name, const NdArray<float>& a) {
    SafeTensors<float> file;
    file.tensors = {{"a", one}, {name, a}};
    return error_of([&] { write_safetensors(dir / "x", file); });
  };
  CHECK(contains(error("a", one), "the names of tensors must differ"));
  CHECK(contains(error("__metadata__", one), "got \"__metadata__\""));
  CHECK(contains(error("\xff", one), "not UTF-8"));
  CHECK(contains(error("b", {{2}, Vec<float>::Zero(1)}), "shape (2,) does not fit 1 values"));
  CHECK(dir.count() == 0);
}
