// The number of entries that is asked for, at the edge of what an Index holds.
#include "basin/core/checked_product.hpp"

#include "support/catch.hpp"

using namespace basin;

TEST_CASE("the product of sizes is given exactly or not at all", "[core]") {
  const std::uint64_t max = std::uint64_t(1) << 63;
  CHECK(detail::checked_product({}) == 1u);
  CHECK(detail::checked_product({6, 7}) == 42u);
  CHECK(detail::checked_product({max - 1, 1}) == max - 1);
  CHECK(detail::checked_product({7, (max - 1) / 7}) == max - 1);  // 7 divides 2^63 - 1
  CHECK(!detail::checked_product({max}));
  CHECK(!detail::checked_product({std::uint64_t(1) << 32, std::uint64_t(1) << 31}));
  CHECK(detail::checked_product({0, 5}) == 0u);
  CHECK(!detail::checked_product({0, max - 1, 2}));
}
