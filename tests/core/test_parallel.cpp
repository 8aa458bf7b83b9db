// Pieces are done once each, whatever the number of threads, and their errors come out.
#include "basin/core/parallel.hpp"

#include <atomic>
#include <stdexcept>
#include <vector>

#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace basin;

TEST_CASE("parallel_for does every piece once, with any number of threads", "[core]") {
  for (const int threads : {1, 2, 5}) {
    set_num_threads(threads);
    std::vector<std::atomic<int>> done(37);
    parallel_for(37, [&](Index i) { ++done[static_cast<std::size_t>(i)]; });
    for (const auto& d : done) CHECK(d == 1);
    bool called = false;
    parallel_for(0, [&](Index) { called = true; });
    CHECK_FALSE(called);
  }
  set_num_threads(0);
}

TEST_CASE("of several errors the first piece's is thrown", "[core]") {
  for (const int threads : {1, 2}) {
    set_num_threads(threads);
    std::atomic<int> finished{0};
    CHECK(error_of([&] {
            parallel_for(20, [&](Index i) {
              if (i == 3 || i == 15) throw std::runtime_error("piece " + std::to_string(i));
              ++finished;
            });
          }) == "piece 3");
  }
  set_num_threads(0);
}

TEST_CASE("parallel_for inside a piece runs in that piece's thread", "[core]") {
  set_num_threads(2);
  std::atomic<int> sum{0};
  parallel_for(4, [&](Index) { parallel_for(5, [&](Index i) { sum += static_cast<int>(i); }); });
  set_num_threads(0);
  CHECK(sum == 40);
}

TEST_CASE("column ranges cover all columns in order", "[core]") {
  for (const Index columns : {0, 1, 5, 100})
    for (const Index pieces : {1, 2, 3, 7}) {
      Index next = 0;
      for (Index k = 0; k < pieces; ++k) {
        const ColumnRange r = column_range(columns, pieces, k);
        CHECK(r.begin == next);
        CHECK(r.size >= columns / pieces);
        CHECK(r.size <= columns / pieces + 1);
        next = r.begin + r.size;
      }
      CHECK(next == columns);
    }
}

TEST_CASE("set_num_threads refuses a negative number", "[core]") {
  CHECK(contains(error_of([] { set_num_threads(-1); }), "n must be >= 0, got -1"));
  CHECK(num_threads() >= 1);
}
