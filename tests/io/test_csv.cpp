#include "basin/io/csv.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>

#include "basin/core/random.hpp"
#include "basin/core/types.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

TEST_CASE("a table is its names and rows", "[io]") {
  const TempDir dir;
  const CsvTable table = CsvTable()
                             .add("t", std::vector<int>{1, 2})
                             .add("loss, mean", (Vec<double>(2) << 0.1, 1e-300).finished())
                             .add("who", std::vector<std::string>{"a \"b\"", "plain"});
  const std::string expected = "t,\"loss, mean\",who\n1,0.1,\"a \"\"b\"\"\"\n2,1e-300,plain\n";
  CHECK(table.str() == expected);
  table.write(dir / "t.csv");
  CHECK(read_plain_bytes(dir / "t.csv") == bytes_of(expected));
  CHECK(CsvTable().add("empty", std::vector<double>{}).str() == "empty\n");
  CHECK(contains(error_of([] {
                   CsvTable().add("a", std::vector<int>{1, 2}).add("b", std::vector<int>{1});
                 }),
                 "CsvTable: column b has 1 values, expected 2"));
  CHECK(contains(error_of([&] { table.write(dir / "no/t.csv"); }), "no/t.csv"));
}

TEMPLATE_TEST_CASE("numbers read back bit for bit", "[io]", float, double, std::int64_t) {
  using T = TestType;
  Random random(5);
  std::vector<T> values = {std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest(), T(0)};
  for (int k = 0; k < 2000; ++k) {
    if constexpr (std::is_integral_v<T>)
      values.push_back(static_cast<T>(random()));
    else
      values.push_back(
          static_cast<T>(std::ldexp(random.uniform(-1, 1), static_cast<int>(random.below(120)) - 100)));
  }
  if constexpr (!std::is_integral_v<T>)
    values.insert(values.end(),
                  {-T(0), std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::infinity()});
  std::istringstream lines(CsvTable().add("x", values).str());
  std::string line;
  std::getline(lines, line);
  for (const T value : values) {
    REQUIRE(std::getline(lines, line));
    T back;
    const auto [end, status] = std::from_chars(line.data(), line.data() + line.size(), back);
    CHECK((status == std::errc() && end == line.data() + line.size()));
    CHECK(back == value);
    if constexpr (!std::is_integral_v<T>) CHECK(std::signbit(back) == std::signbit(value));
  }
  CHECK(!std::getline(lines, line));
}

TEST_CASE("NaN is written as nan", "[io]") {
  CHECK(CsvTable().add("x", std::vector<double>{std::nan("")}).str() == "x\nnan\n");
}
