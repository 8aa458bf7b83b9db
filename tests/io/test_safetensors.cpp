#include "basin/io/safetensors.hpp"

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

TEMPLATE_TEST_CASE("A file as the format describes it is read, tensors in the order of their data", "[io]",
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

TEMPLATE_TEST_CASE("What is written has aligned data and comes back bit for bit", "[io]", float, double) {
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

TEST_CASE("A header whose length begins with the bytes of gzip is still a safetensors file", "[io]") {
  const TempDir dir;
  const Bytes bytes = file_with("{}" + std::string(0x8b1f - 2, ' '), 0);
  REQUIRE(detail::is_gzip(bytes));
  CHECK(read_safetensors<float>(write_file(dir / "x", bytes)).tensors.empty());
}

TEST_CASE("Every truncation of a safetensors file is refused and every wrong byte survived", "[io]") {
  const TempDir dir;
  const Bytes good =
      file_with("{" + f32("a", "[2,2]", "[0,16]") + "," + f32("b", "[1]", "[16,20]") + "}", 20);
  REQUIRE(read_sound(write_file(dir / "good", good)));
  CHECK(refused_truncations(dir, good, read_sound) == good.size());
  CHECK(refused_corruptions(dir, good, good.size() - 20, read_sound) > 10 * (good.size() - 20));
}

TEST_CASE("What is wrong in a safetensors file is named", "[io]") {
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
  CHECK(contains(error(R"({"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", 8), "dtype is \"I64\""));
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
  CHECK(contains(error("[]", 0), "offset 8: the header must begin with '{'"));
  CHECK(contains(error(" {}", 0), "must begin with '{'"));
  CHECK(contains(error("", 0), "must begin with '{'"));
  CHECK(contains(error("{} x", 0), "the header is not JSON"));
  CHECK(contains(error(std::string("{}\0", 3), 0), "the header is not JSON"));
  CHECK(contains(error("{\"\xff\":1}", 0), "the header is not JSON"));
  CHECK(contains(error("{" + std::string(100'000, '['), 0), "the header is not JSON"));
  CHECK(contains(error("{\"a\":" + std::string(100'000, '['), 0), "the header is not JSON"));
  CHECK(!error("{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}", 0).empty());
  Bytes bytes = file_with("{}", 0);
  bytes[5] = 1;
  CHECK(contains(error_of([&] { (void)read_safetensors<float>(write_file(dir / "x", bytes)); }),
                 "offset 0: header of 1099511627778 bytes"));
}

TEST_CASE("Names that a safetensors file cannot hold are refused before anything is written", "[io]") {
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
