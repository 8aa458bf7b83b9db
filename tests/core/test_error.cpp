// Messages of errors.
#include "basin/core/error.hpp"

#include <locale>

#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

namespace {

/// Writes 1234567.5 as 1.234.567,5.
struct Grouping : std::numpunct<char> {
  char do_thousands_sep() const override { return '.'; }
  char do_decimal_point() const override { return ','; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("numbers in messages do not follow the program's locale", "[core]") {
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Grouping));
  const std::string error =
      error_of([] { require(false, "f: n must be <= ", 1000, ", got ", 1234567, " at ", 0.5); });
  std::locale::global(before);
  CHECK(error == "f: n must be <= 1000, got 1234567 at 0.5");
}
