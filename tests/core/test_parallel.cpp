// Pieces are done once each, whatever the number of threads, and their errors come out.
#include "basin/core/parallel.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
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

TEST_CASE("a stall is a long wait for a short part, and doubles the time alone", "[core]") {
  detail::Crowding crowding;
  CHECK_FALSE(crowding.alone(0));
  crowding.saw(10, 1e-5, 9e-4);  // shorter than a time slice
  CHECK_FALSE(crowding.alone(10));
  crowding.saw(10, 3e-3, 5e-3);  // a part of the same length as the others
  CHECK_FALSE(crowding.alone(10));
  crowding.saw(10, 1e-5, 0.3);  // another's long part
  CHECK_FALSE(crowding.alone(10));

  crowding.saw(10, 1e-5, 4e-3);
  CHECK(crowding.alone(10.031));
  CHECK_FALSE(crowding.alone(10.033));
  crowding.saw(10.040, 1e-5, 4e-3);  // soon after: 2 x .032
  CHECK(crowding.alone(10.103));
  CHECK_FALSE(crowding.alone(10.105));
  for (int k = 0; k < 10; ++k) crowding.saw(10.105, 1e-5, 4e-3);
  CHECK(crowding.alone(11.104));  // never more than a second
  CHECK_FALSE(crowding.alone(11.106));
  crowding.saw(20, 1e-5, 2e-3);  // long after: from the start
  CHECK(crowding.alone(20.015));
  CHECK_FALSE(crowding.alone(20.017));
}

#ifdef _OPENMP
TEST_CASE("after a stall the caller works alone, and does every part", "[core]") {
  set_num_threads(2);
  int calls = 0;
  for (bool alone = false; !alone; ++calls) {
    REQUIRE(calls < 500);  // a busy machine may hide some of the stalls that are made here
    std::atomic<bool> begun{false};
    std::atomic<int> done{0};
    parallel_for(2, [&](Index) {
      if (!omp_in_parallel()) {
        alone = true;
      } else if (omp_get_thread_num() != 0) {
        begun = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      } else {
        for (int k = 0; k < 10000 && !begun; ++k) std::this_thread::yield();
      }
      ++done;
    });
    CHECK(done == 2);
  }
  set_num_threads(0);
  CHECK(calls >= 2);  // the first call is never alone
}
#endif
